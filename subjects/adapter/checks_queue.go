package adapter

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var queuesSuite = suiteOf(contracts.Queues, nil, queueChecks(putter.isFIFO, func(item []byte) any { return item })...)

// putter turns an item into the value that puts it into a queue of some kind.
type putter func(item []byte) any

// queueChecks returns the checks of a queue of some kind. normal checks the queue without competing
// takers.
func queueChecks(normal func(p putter, t *trial, a, b *object), p putter) []check {
	return []check{
		{"normal", onTwo(func(t *trial, a, b *object) { normal(p, t, a, b) })},
		{"items", onTwo(p.passesItems)},
		{"wait", onTwo(p.waitsForItem)},
		{"cancel", onTwo(p.cancelsTake)},
		{"cancel-at-once", onObject(cancelsTakeAtOnce)},
		{"share", onTwo(p.sharesItems)},
		{"marks", onObject(p.marksItems)},
	}
}

func (p putter) put(t *trial, o *object, item []byte) {
	t.soon("enqueue", func(ctx context.Context) error { return o.Call(ctx, models.FEnqueue, p(item), nil) })
}

// takes takes an item and compares it.
func (t *trial) takes(o *object, want []byte) {
	var got []byte
	t.soon("dequeue", func(ctx context.Context) error { return o.Call(ctx, models.FDequeue, nil, &got) })
	if !bytes.Equal(got, want) {
		t.failf("dequeued %s, enqueued was %s", brief(got), brief(want))
	}
}

func (p putter) isFIFO(t *trial, a, b *object) {
	var about struct{ Capacity int }
	t.must(a.About(&about))
	items := 12
	if a.Offers(contracts.OfferBounded) {
		if items = min(items, about.Capacity); items < 1 {
			t.failf("it offers %q, and says no capacity of 1 or more", contracts.OfferBounded)
		}
	}
	for i := range items {
		p.put(t, a, fmt.Append(nil, i))
	}
	for i := range items {
		t.takes(b, fmt.Append(nil, i))
	}
}

// passesItems checks that items may be any bytes.
func (p putter) passesItems(t *trial, a, b *object) {
	var every []byte
	for i := range 256 {
		every = append(every, byte(i))
	}
	for _, item := range [][]byte{[]byte("käse 锁 🔒"), []byte("two\nlines\r\n"), every, bytes.Repeat(every, 400)} {
		p.put(t, a, item)
		t.takes(b, item)
	}
}

// waitsForItem checks that a take from an empty queue waits.
func (p putter) waitsForItem(t *trial, a, b *object) {
	var got []byte
	take := t.begin("dequeue", func(ctx context.Context) error {
		return a.Call(ctx, models.FDequeue, nil, &got)
	})
	t.waits(take, "the queue is empty")
	p.put(t, b, []byte("awaited"))
	t.mustf(t.await(take), "dequeue, after an enqueue")
	if string(got) != "awaited" {
		t.failf("dequeued %s, enqueued was %q", brief(got), "awaited")
	}
}

// cancelsTake checks that a client that gives up a take loses no item.
func (p putter) cancelsTake(t *trial, a, b *object) {
	take := t.begin("dequeue", func(ctx context.Context) error {
		return a.Call(ctx, models.FDequeue, nil, nil)
	})
	t.waits(take, "the queue is empty")
	t.cancelled(take)
	p.put(t, b, []byte("kept"))
	time.Sleep(aWhile) // for a take that continues after it was cancelled
	t.takes(b, []byte("kept"))
}

func cancelsTakeAtOnce(t *trial, o *object) {
	t.atOnce(o, models.FDequeue)
}

// sharesItems checks that each item goes to one of two takers.
func (p putter) sharesItems(t *trial, a, b *object) {
	const each = 10
	var want, got []string
	for i := range 2 * each {
		item := fmt.Sprintf("item %02d", i)
		want = append(want, item)
		p.put(t, a, []byte(item))
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
		t.mustf(t.await(c), "dequeue by two at once")
	}
	got = slices.Sorted(slices.Values(slices.Concat(taken[0], taken[1])))
	if !slices.Equal(got, want) {
		t.failf("two clients dequeued %q; enqueued were %q", got, want)
	}
}

// marked returns the children of a queue's znode. n is how many of them, and of their children,
// have the text in their names.
func (t *trial) marked(text string) (names []string, n int) {
	names = t.children(t.path())
	in := slices.Clone(names)
	for _, name := range names {
		if !strings.Contains(name, text) {
			in = append(in, t.children(t.path()+"/"+name)...)
		}
	}
	for _, name := range in {
		if strings.Contains(name, text) {
			n++
		}
	}
	return names, n
}

// marksItems checks that the harness finds the items in the queue's znode.
func (p putter) marksItems(t *trial, o *object) {
	var about struct{ Items string }
	t.must(o.About(&about))
	const items = 3
	for left := range items + 1 {
		names, n := t.marked(about.Items)
		if n != left {
			t.failf("%d items are in the queue, and %d children of its znode have %q in their names: %q", left, n, about.Items, names)
		}
		if left < items {
			p.put(t, o, []byte("item"))
		}
	}
}
