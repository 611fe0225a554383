package adapter

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Queues, nil, queueChecks(putter.isFIFO, func(item []byte) any { return item })...)

// putter turns an item into the value that puts it into a queue of some kind.
type putter func(item []byte) any

// queueChecks are the checks of a queue of some kind; normal checks it without competing
// takers.
func queueChecks(normal func(p putter, t *trial, a, b *object) error, p putter) []check {
	return []check{
		{"normal", onTwo(func(t *trial, a, b *object) error { return normal(p, t, a, b) })},
		{"items", onTwo(p.passesItems)},
		{"wait", onTwo(p.waitsForItem)},
		{"cancel", onTwo(p.cancelsTake)},
		{"cancel-at-once", onObject(cancelsTakeAtOnce)},
		{"share", onTwo(p.sharesItems)},
		{"marks", onObject(p.marksItems)},
	}
}

func (p putter) put(t *trial, o *object, item []byte) error {
	return t.soon("enqueue", func(ctx context.Context) error { return o.Call(ctx, models.FEnqueue, p(item), nil) })
}

func (t *trial) take(o *object) (item []byte, err error) {
	err = t.soon("dequeue", func(ctx context.Context) error {
		return o.Call(ctx, models.FDequeue, nil, &item)
	})
	return item, err
}

// takes takes an item and compares it.
func (t *trial) takes(o *object, want []byte) error {
	got, err := t.take(o)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("dequeued %s, enqueued was %s", brief(got), brief(want))
	}
	return err
}

func (p putter) isFIFO(t *trial, a, b *object) error {
	var about struct{ Capacity int }
	if err := a.About(&about); err != nil {
		return err
	}
	items := 12
	if a.Offers(subjects.OfferBounded) {
		if items = min(items, about.Capacity); items < 1 {
			return fmt.Errorf("it offers %q, and says no capacity of 1 or more", subjects.OfferBounded)
		}
	}
	for i := range items {
		if err := p.put(t, a, fmt.Append(nil, i)); err != nil {
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
func (p putter) passesItems(t *trial, a, b *object) error {
	var every []byte
	for i := range 256 {
		every = append(every, byte(i))
	}
	for _, item := range [][]byte{[]byte("käse 锁 🔒"), []byte("two\nlines\r\n"), every, bytes.Repeat(every, 400)} {
		if err := p.put(t, a, item); err != nil {
			return err
		}
		if err := t.takes(b, item); err != nil {
			return err
		}
	}
	return nil
}

// waitsForItem: take of an empty queue.
func (p putter) waitsForItem(t *trial, a, b *object) error {
	var got []byte
	take := t.begin("dequeue", func(ctx context.Context) error {
		return a.Call(ctx, models.FDequeue, nil, &got)
	})
	if err := t.waits(take, "the queue is empty"); err != nil {
		return err
	}
	if err := p.put(t, b, []byte("awaited")); err != nil {
		return err
	}
	if err := t.await(take); err != nil {
		return fmt.Errorf("dequeue, after an enqueue: %w", err)
	}
	if string(got) != "awaited" {
		return fmt.Errorf("dequeued %s, enqueued was %q", brief(got), "awaited")
	}
	return nil
}

// cancelsTake: a client that gives up loses no item.
func (p putter) cancelsTake(t *trial, a, b *object) error {
	take := t.begin("dequeue", func(ctx context.Context) error {
		return a.Call(ctx, models.FDequeue, nil, nil)
	})
	if err := t.waits(take, "the queue is empty"); err != nil {
		return err
	}
	if err := t.cancelled(take); err != nil {
		return err
	}
	if err := p.put(t, b, []byte("kept")); err != nil {
		return err
	}
	time.Sleep(aWhile) // for a take that continues after it was cancelled
	return t.takes(b, []byte("kept"))
}

func cancelsTakeAtOnce(t *trial, o *object) error {
	return t.atOnce(o, models.FDequeue)
}

// sharesItems: each item goes to one of two takers.
func (p putter) sharesItems(t *trial, a, b *object) error {
	const each = 10
	var want, got []string
	for i := range 2 * each {
		item := fmt.Sprintf("item %02d", i)
		want = append(want, item)
		if err := p.put(t, a, []byte(item)); err != nil {
			return err
		}
	}
	var taken [2][]string
	var takers []*attempt
	for i, o := range []*object{a, b} {
		takers = append(takers, t.begin("dequeue", func(ctx context.Context) error {
			for range each {
				var item []byte
				if err := o.Call(ctx, models.FDequeue, nil, &item); err != nil {
					return err
				}
				taken[i] = append(taken[i], string(item))
			}
			return nil
		}))
	}
	for _, c := range takers {
		if err := t.await(c); err != nil {
			return fmt.Errorf("dequeue by two at once: %w", err)
		}
	}
	got = slices.Sorted(slices.Values(slices.Concat(taken[0], taken[1])))
	if !slices.Equal(got, want) {
		return fmt.Errorf("two clients dequeued %q; enqueued were %q", got, want)
	}
	return nil
}

// marked returns the children of a queue's znode. n is how many of them, and of their
// children, have a text in their names.
func (t *trial) marked(text string) (names []string, n int, err error) {
	names, err = t.children(t.path())
	if err != nil {
		return nil, 0, err
	}
	in := slices.Clone(names)
	for _, name := range names {
		if !strings.Contains(name, text) {
			more, err := t.children(t.path() + "/" + name)
			if err != nil {
				return nil, 0, err
			}
			in = append(in, more...)
		}
	}
	for _, name := range in {
		if strings.Contains(name, text) {
			n++
		}
	}
	return names, n, nil
}

// marksItems: the harness finds the items in the queue's znode.
func (p putter) marksItems(t *trial, o *object) error {
	var about struct{ Items string }
	if err := o.About(&about); err != nil {
		return err
	}
	const items = 3
	for left := range items + 1 {
		names, n, err := t.marked(about.Items)
		if err != nil {
			return err
		}
		if n != left {
			return fmt.Errorf("%d items are in the queue, and %d children of its znode have %q in their names: %q", left, n, about.Items, names)
		}
		if left < items {
			if err := p.put(t, o, []byte("item")); err != nil {
				return err
			}
		}
	}
	return nil
}
