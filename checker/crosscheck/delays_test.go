package crosscheck

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A delay queue is a priority queue whose priorities are the due times.
var byDue = ranking{model: models.DelayQueue.Name, field: "due", class: "same-due", passed: "due-order"}

const (
	slack   = 2 * int64(time.Millisecond)   // the uncertainty of clocks that are read in milliseconds
	stepped = 100 * int64(time.Millisecond) // a wall clock that moved further than this was set
)

// drift returns how far the wall clock is known to have been ahead and behind by a
// time.
func drift(h record, by int64) (ahead, behind int64) {
	for _, f := range h.facts {
		if c, is := f.value.(history.Clock); is && f.at <= by {
			ahead, behind = max(ahead, int64(c.Drift)), min(behind, int64(c.Drift))
		}
	}
	return ahead, behind
}

// early tells whether an item came out before it was due: certainly if it did whatever
// the clocks did in the whole run, and certainly not if the wall clock at that time
// explains it.
func (q ranked) early(h record) string {
	answer := valid
	ahead, behind := drift(h, never)
	switch {
	case ahead > stepped || -behind > stepped:
		return valid
	case ahead-behind > stepped:
		return undecided
	}
	for _, o := range q.ops {
		p, put := q.puts[o.res]
		if !takes(o) || !put {
			continue
		}
		then, _ := drift(h, o.ret)
		switch missing := q.rank[o.res] - o.ret - slack; {
		case missing <= then:
		case missing > ahead-behind && p.out != fail:
			return violation
		default:
			answer = undecided
		}
	}
	return answer
}

// undue returns a function that reports whether an item was not due when a client
// asked, if the clocks were off in the other direction by as much as they ever were.
func (q ranked) undue(h record) func(item string, asked int64) bool {
	ahead, behind := drift(h, never)
	return func(item string, asked int64) bool { return q.rank[item]+slack+ahead-behind >= asked }
}

// notYet is like undue, but judges by the last known difference of the wall clock.
func (q ranked) notYet(h record) func(item string, asked int64) bool {
	return func(item string, asked int64) bool { return q.rank[item] >= asked+lastDrift(h, asked) }
}

func lastDrift(h record, by int64) int64 {
	var at, apart int64
	for _, f := range h.facts {
		if c, is := f.value.(history.Clock); is && f.at <= by && f.at >= at {
			if apart = int64(c.Drift); f.at == at {
				apart = min(apart, int64(c.Drift)) // either of the two may be the later one
			}
			at = f.at
		}
	}
	return apart
}

// delays generates histories with a few due times: before the items are put in, while
// they are in, and later.
func delays(r *rand.Rand) record {
	ms := int64(time.Millisecond)
	some := make([]int64, 1+r.IntN(4))
	for i := range some {
		some[i] = pick(r, 0, 0, int64(-5), int64(r.IntN(20)), int64(r.IntN(40)), 4000, 1<<40)
	}
	h := byDue.generate(r, func() int64 { return pick(r, some...) * ms })
	scale(&h, ms)
	if !chance(r, 3) {
		byDue.await(r, &h)
	}
	if chance(r, 3) {
		clocks(r, &h)
	}
	if chance(r, 2) {
		byDue.hasten(r, &h)
	}
	return h
}

// scale makes a history longer. An operation without completion is its client's last.
func scale(h *record, unit int64) {
	for i := range h.ops {
		o := &h.ops[i]
		later := slices.ContainsFunc(h.ops[i+1:], func(p op) bool { return p.client == o.client })
		if o.out == open && later {
			o.out = info
		}
		o.inv, o.ret = o.inv*unit, o.ret*unit
	}
	for i := range h.facts {
		h.facts[i].at *= unit
	}
}

// await makes most of the items that came out due by then.
func (by ranking) await(r *rand.Rand, h *record) {
	last := map[string]int64{}
	for _, o := range h.ops {
		if takes(o) {
			item, _ := by.read(o.res)
			last[o.key+" "+item] = o.ret
		}
	}
	for i := range h.ops {
		if o := &h.ops[i]; o.f == models.FEnqueue {
			item, due := by.read(o.arg)
			if at, came := last[o.key+" "+item]; came {
				o.arg = by.put(item, min(due, at))
			}
		}
	}
}

// clocks lets the clocks drift apart, sometimes so far that the wall clock must have
// been set.
func clocks(r *rand.Rand, h *record) {
	for range 1 + r.IntN(3) {
		apart := time.Duration(pick(r, -1, 1)*pick(r, 1, 2, 3, 10, 60, 99, 100, 101, 5000)) * time.Millisecond
		h.facts = append(h.facts, fact{
			at: r.Int64N(lastOf(h.ops) + 1), of: history.Nemesis, client: -1, f: history.FClock, value: history.Clock{Drift: apart},
		})
	}
}

// hasten makes an item that came out due at the edge of what is allowed, or beyond it.
func (by ranking) hasten(r *rand.Rand, h *record) {
	ms := int64(time.Millisecond)
	ahead, behind := drift(*h, never)
	for i := range h.ops {
		o := h.ops[i]
		if !takes(o) || chance(r, 2) {
			continue
		}
		item, _ := by.read(o.res)
		edge := o.ret + pick(r, slack, slack+ahead, slack+ahead-behind, slack-behind)
		due := (edge/ms + int64(pick(r, 0, 0, 1, 1, 2, 200))) * ms
		for j := range h.ops {
			if p := &h.ops[j]; p.f == models.FEnqueue && p.key == o.key {
				if it, _ := by.read(p.arg); it == item {
					p.arg = by.put(item, due)
				}
			}
		}
		if chance(r, 2) && o.ret > o.inv {
			h.ops[i].ret-- // by the least possible time
		}
		return
	}
}

func TestDelays(t *testing.T) {
	said := map[string]int{}
	own{
		name: "delay-queue", generate: delays, zklab: byDue.tally(said),
		ours: func(h record) answers {
			return byDue.ours(h, func(q ranked, h record) answers {
				q.waits, q.mayWait, q.delays = q.undue(h), q.notYet(h), true
				all := q.answers(byDue)
				all["not-early"] = q.early(h)
				return all
			})
		},
	}.compare(t)
	convicts(t, said, "integrity", "same-due", "loss", "due-order", "strict", "empty", "not-early")
}
