package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/entry"
	"github.com/zklab/zklab/stats/samples"
)

// costOf returns the cost of the operations of the load, which follow each other in ops. It returns nil
// if the record does not have the cost, because it is from another tool or an older zklab, or because a
// client used connections of its own.
func costOf(m *models.Model, ops, load operations, all []*holds.Hold) *samples.Cost {
	c := &samples.Cost{Operations: map[string]*samples.OperationCost{}}
	requests := map[int]int{} // of each client with an operation that succeeded
	watched := map[string][]time.Duration{}
	woken := 0
	first, last := -1, -1
	for op := range load {
		if first < 0 {
			first = op.Invoke.Index
		}
		last = op.Invoke.Index
	}
	known := eachTraffic(m, ops, func(op caller, t history.Traffic) {
		if op.index < first || op.index > last {
			return
		}
		if !m.Releases(op.f) {
			woken += t.WatchEvents()
			if m.Held() {
				watched[op.key] = append(watched[op.key], t.Events...)
			}
		}
		if op.ok {
			o := entry.Of(&c.Operations, op.f)
			o.OK++
			o.Requests += t.Requests
			o.Sent += t.Sent
			o.Received += t.Received
			o.Events += t.WatchEvents()
			requests[op.client] += t.Requests
		}
	})
	if !known {
		return nil
	}
	for _, n := range requests {
		if n == 0 {
			return nil
		}
	}
	if c.Herd = herdOf(m, watched, ops, load, all); c.Herd != nil {
		c.Herd.Events = woken
	}
	return c
}

// caller is an operation that messages belong to.
type caller struct {
	f, key        string
	client, index int
	ok            bool
}

// eachTraffic calls visit with each operation that messages belong to, and with what passed in it and
// after it. It leaves out unknown operations and those that never ended. It returns false, and may
// have left out more, if the record does not say what passed.
func eachTraffic(m *models.Model, ops operations, visit func(caller, history.Traffic)) bool {
	type passed struct {
		op    caller
		known bool
		history.Traffic
	}
	last := map[int]*passed{} // of each client
	any := false
	for op := range ops {
		if m.Operation(op.F).Local || !m.Knows(op.F) {
			continue
		}
		p := last[op.Client]
		if p == nil {
			p = &passed{}
			last[op.Client] = p
		}
		if p.known {
			if op.Invoke.Traffic != nil {
				p.Traffic = sum(p.Traffic, *op.Invoke.Traffic)
			}
			visit(p.op, p.Traffic)
			p.known = false
		}
		if op.Return == nil {
			continue
		}
		if op.Return.Traffic == nil {
			return false
		}
		*p = passed{caller{op.F, op.Key, op.Client, op.Invoke.Index, op.Outcome() == history.OK}, true, *op.Return.Traffic}
		any = true
	}
	for _, p := range last {
		if p.known {
			visit(p.op, p.Traffic)
		}
	}
	return any
}

func sum(a, b history.Traffic) history.Traffic {
	return history.Traffic{
		Requests: a.Requests + b.Requests, Sent: a.Sent + b.Sent, Received: a.Received + b.Received,
		Events: slices.Concat(a.Events, b.Events), More: a.More + b.More,
	}
}

// herdOf counts the releases or the writes of keys, and the watch events that followed; the caller adds the
// number of all events. watched has the times of the events by key. herdOf returns nil if there is neither a
// release nor a write.
func herdOf(m *models.Model, watched map[string][]time.Duration, ops, load operations, all []*holds.Hold) *samples.Herd {
	h := &samples.Herd{Of: samples.Writes}
	wakes := m.NeedsQuorum
	if m.Held() {
		h.Of = samples.Releases
		wakes = func(op *history.Operation) bool { return m.Releases(op.F) }
	}
	released := map[string][]time.Duration{} // by key: when each began, rising
	for op := range load {
		if op.Outcome() == history.OK && wakes(op) {
			h.OK++
			if m.Held() {
				released[op.Key] = append(released[op.Key], op.Began())
			}
		}
	}
	if h.OK == 0 {
		return nil
	}
	if m.Held() {
		contenders := contendersOf(m, ops, all)
		for key, at := range released {
			h.ByContenders = append(h.ByContenders, pointsOf(at, watched[key], contenders[key])...)
		}
		h.ByContenders = samples.SumPoints(h.ByContenders)
	}
	return h
}

// pointsOf returns a point for each release of a key.
func pointsOf(released, events []time.Duration, c *contenders) []samples.HerdPoint {
	points := make([]samples.HerdPoint, len(released))
	for i, at := range released {
		points[i] = samples.HerdPoint{Contenders: c.at(at), OK: 1}
	}
	for _, at := range events {
		if i := after(released, at); i > 0 {
			points[i-1].Events++
		}
	}
	return points
}

// contenders are the clients that hold a key or wait for it.
type contenders struct {
	came, left []time.Duration // rising
}

// contendersOf returns the contenders of each key.
func contendersOf(m *models.Model, ops operations, all []*holds.Hold) map[string]*contenders {
	byKey := map[string]*contenders{}
	add := func(key string, came, left time.Duration) {
		c := entry.Of(&byKey, key)
		c.came, c.left = append(c.came, came), append(c.left, left)
	}
	for op := range ops {
		if m.Operation(op.F).Begins {
			left := never
			if op.Return != nil {
				left = op.Return.Time
			}
			add(op.Key, op.Began(), left)
		}
	}
	for _, h := range all {
		add(h.Key, h.Granted, h.Until)
	}
	for _, c := range byKey {
		slices.Sort(c.came)
		slices.Sort(c.left)
	}
	return byKey
}

// at counts the contenders that came before t and had not left before t. c may be nil.
func (c *contenders) at(t time.Duration) int {
	if c == nil {
		return 0
	}
	came, _ := slices.BinarySearch(c.came, t)
	left, _ := slices.BinarySearch(c.left, t)
	return came - left
}
