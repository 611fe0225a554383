package adapter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

var queueChecks = []check{
	{"normal", isFIFO},
	{"items", passesItems},
	{"wait", waitsForItem},
	{"cancel", cancelsTake},
	{"cancel-at-once", cancelsTakeAtOnce},
	{"share", sharesItems},
	{"marks", marksItems},
}

var barrierChecks = []check{
	{"normal", holdsBack},
	{"cancel", cancelsAwait},
	{"cancel-at-once", cancelsAwaitAtOnce},
}

var doubleBarrierChecks = []check{
	{"normal", entersAndLeaves},
	{"cancel", cancelsEnter},
	{"cancel-at-once", cancelsEnterAtOnce},
}

func (t *trial) put(o *object, item []byte) error {
	return t.soon("put", func(ctx context.Context) error { return queue{o}.Put(ctx, item) })
}

func (t *trial) take(o *object) (item []byte, err error) {
	err = t.soon("take", func(ctx context.Context) (err error) {
		item, err = queue{o}.Take(ctx)
		return err
	})
	return item, err
}

// takes takes an item, which must be that one.
func (t *trial) takes(o *object, want []byte) error {
	got, err := t.take(o)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("took %s, put was %s", brief(got), brief(want))
	}
	return err
}

func isFIFO(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	const items = 12
	for i := range items {
		if err := t.put(a, fmt.Append(nil, i)); err != nil {
			return err
		}
	}
	for i := range items {
		if err := t.takes(b, fmt.Append(nil, i)); err != nil {
			return err
		}
	}
	return nil
}

// passesItems: items are bytes.
func passesItems(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	var every []byte
	for i := range 256 {
		every = append(every, byte(i))
	}
	for _, item := range [][]byte{[]byte("käse 锁 🔒"), []byte("two\nlines\r\n"), every, bytes.Repeat(every, 400)} {
		if err := t.put(a, item); err != nil {
			return err
		}
		if err := t.takes(b, item); err != nil {
			return err
		}
	}
	return nil
}

// waitsForItem: take of an empty queue.
func waitsForItem(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	var got []byte
	take := t.begin("take", func(ctx context.Context) (err error) {
		got, err = queue{a}.Take(ctx)
		return err
	})
	if err := t.waits(take, "the queue is empty"); err != nil {
		return err
	}
	if err := t.put(b, []byte("awaited")); err != nil {
		return err
	}
	if err := t.await(take); err != nil {
		return fmt.Errorf("take, after a put: %w", err)
	}
	if string(got) != "awaited" {
		return fmt.Errorf("took %s, put was %q", brief(got), "awaited")
	}
	return nil
}

// cancelsTake: who gives up swallows no item.
func cancelsTake(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	take := t.begin("take", func(ctx context.Context) error {
		_, err := queue{a}.Take(ctx)
		return err
	})
	if err := t.waits(take, "the queue is empty"); err != nil {
		return err
	}
	if err := t.cancelled(take); err != nil {
		return err
	}
	if err := t.put(b, []byte("kept")); err != nil {
		return err
	}
	time.Sleep(aWhile) // for a take that goes on in secret
	return t.takes(b, []byte("kept"))
}

func cancelsTakeAtOnce(t *trial) error {
	o, err := t.object(t.path())
	if err != nil {
		return err
	}
	return t.atOnce(o, opTake)
}

// sharesItems: each item goes to one of two takers.
func sharesItems(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	const each = 10
	var want, got []string
	for i := range 2 * each {
		item := fmt.Sprintf("item %02d", i)
		want = append(want, item)
		if err := t.put(a, []byte(item)); err != nil {
			return err
		}
	}
	var taken [2][]string
	var takers []*attempt
	for i, o := range []*object{a, b} {
		takers = append(takers, t.begin("take", func(ctx context.Context) error {
			for range each {
				item, err := queue{o}.Take(ctx)
				if err != nil {
					return err
				}
				taken[i] = append(taken[i], string(item))
			}
			return nil
		}))
	}
	for _, c := range takers {
		if err := t.await(c); err != nil {
			return fmt.Errorf("take by two at once: %w", err)
		}
	}
	got = slices.Sorted(slices.Values(slices.Concat(taken[0], taken[1])))
	if !slices.Equal(got, want) {
		return fmt.Errorf("two clients took %q; put were %q", got, want)
	}
	return nil
}

// marksItems: the harness finds the items in the queue's znode.
func marksItems(t *trial) error {
	o, err := t.object(t.path())
	if err != nil {
		return err
	}
	const items = 3
	for left := range items + 1 {
		names, err := t.children(t.path())
		if err != nil {
			return err
		}
		n := 0
		for _, name := range names {
			if strings.Contains(name, o.made.Items) {
				n++
			}
		}
		if n != left {
			return fmt.Errorf("%d items are in the queue, and %d children of its znode have %q in their names: %q", left, n, o.made.Items, names)
		}
		if left < items {
			if err := t.put(o, []byte("item")); err != nil {
				return err
			}
		}
	}
	return nil
}

func cancelsEnterAtOnce(t *trial) error {
	o, err := t.object(t.path())
	if err != nil {
		return err
	}
	return t.atOnce(o, opEnter)
}

func (t *trial) simply(o *object, op string) error {
	return t.soon(op, func(ctx context.Context) error { return o.simply(ctx, op) })
}

func (t *trial) beginSimply(o *object, op string) *attempt {
	return t.begin(op, func(ctx context.Context) error { return o.simply(ctx, op) })
}

// holdsBack: while it is raised, and only then.
func holdsBack(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	if err := t.simply(b, opAwait); err != nil {
		return fmt.Errorf("nobody raised the barrier: %w", err)
	}
	for range 2 {
		if err := t.simply(a, opRaise); err != nil {
			return err
		}
		if err := t.caughtUp(b); err != nil {
			return err
		}
		await := t.beginSimply(b, opAwait)
		if err := t.waits(await, "the barrier is raised"); err != nil {
			return err
		}
		if err := t.simply(a, opLift); err != nil {
			return err
		}
		if err := t.await(await); err != nil {
			return fmt.Errorf("await, after the lift: %w", err)
		}
	}
	return nil
}

// caughtUp sees to it that what a client reads is not older than now, if it can.
func (t *trial) caughtUp(o *object) error {
	err := t.soon("touch", func(ctx context.Context) error { return o.p.Touch(ctx, t.root) })
	if isNotOffered(err) {
		return nil // with luck
	}
	return err
}

func cancelsAwait(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	if err := t.simply(a, opRaise); err != nil {
		return err
	}
	if err := t.caughtUp(b); err != nil {
		return err
	}
	await := t.beginSimply(b, opAwait)
	if err := t.waits(await, "the barrier is raised"); err != nil {
		return err
	}
	if err := t.cancelled(await); err != nil {
		return err
	}
	return t.simply(a, opLift)
}

func cancelsAwaitAtOnce(t *trial) error {
	o, err := t.object(t.path())
	if err != nil {
		return err
	}
	if err := t.simply(o, opRaise); err != nil {
		return err
	}
	return t.atOnce(o, opAwait)
}

// entersAndLeaves: both together.
func entersAndLeaves(t *trial) error {
	a, b, err := t.pair()
	if err != nil {
		return err
	}
	for _, op := range []string{opEnter, opLeave} {
		first := t.beginSimply(a, op)
		if err := t.waits(first, "the other party has not come"); err != nil {
			return err
		}
		if err := t.simply(b, op); err != nil {
			return err
		}
		if err := t.await(first); err != nil {
			return fmt.Errorf("%s, when both have come: %w", op, err)
		}
	}
	return nil
}

func cancelsEnter(t *trial) error {
	o, err := t.object(t.path())
	if err != nil {
		return err
	}
	enter := t.beginSimply(o, opEnter)
	if err := t.waits(enter, "the other party has not come"); err != nil {
		return err
	}
	return t.cancelled(enter)
}

// zxid is that of a write that the stand does, after which it sees everything.
func (t *trial) zxid() (int64, error) {
	stat, err := t.conn.Set(t.root, nil, -1)
	if err != nil {
		return 0, err
	}
	return stat.Mzxid, nil
}

// children lists a znode as it is now; one that there is not has none.
func (t *trial) children(path string) ([]string, error) {
	if _, err := t.zxid(); err != nil {
		return nil, err
	}
	names, _, err := t.conn.Children(path)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return names, err
}
