package checker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// zxidOrder says that the order that zxids state explains everything: each write
// makes the znode's next version, compares with the one before, and no operation
// had ended before an earlier one began. Since the servers commit one transaction
// after the other, this is what linearizable means, where zxids are known.
var zxidOrder = &property{
	name:     "zxid-order",
	decider:  "sort by zxid",
	evidence: func(*analysis) string { return "Z" },
	applies:  (*analysis).anyZxid,
	decide: onRegister(func(_ context.Context, f *finding, _ *analysis, k *keyRecord, r *register) {
		f.add(r.figures)
		decideZxids(f, k.key, r)
	}),
	exercise: func(a *analysis, figures map[string]float64) string {
		if missing := registerExercise(a, figures); missing != "" {
			return missing
		}
		return few(figures["steps"], 20, "changes whose version could be compared with the one before")
	},
}

// anyZxid says whether the subject tells zxids of its writes.
func (a *analysis) anyZxid() bool {
	for _, k := range a.keys {
		for _, op := range k.ops {
			if (op.F == history.FWrite || op.F == history.FCAS) && op.Outcome() == history.OK && op.Return.Zxid != 0 {
				return true
			}
		}
	}
	return false
}

func decideZxids(f *finding, key string, r *register) {
	decideSameZxid(f, key, r)
	sorted := r.byZxid()
	for i, c := range sorted {
		if i == 0 {
			decideStep(f, key, r, nil, c)
			continue
		}
		if decideStep(f, key, r, sorted[i-1], c); c.version != 0 && sorted[i-1].version != 0 {
			f.count("steps", 1)
		}
	}
	if f.result == Violation {
		return
	}
	f.count("ordered", float64(len(sorted)))
	decideGaps(f, key, r, sorted)
	decideRealTime(f, key, r, sorted)
	if len(sorted) > 1 && !slices.ContainsFunc(sorted, func(c *change) bool { return c.version != 0 }) {
		f.unknown("the subject tells zxids but not the versions that its writes made, so a write that is missing between two cannot be seen")
	}
}

// byZxid are the changes whose zxids are known, in their order.
func (r *register) byZxid() []*change {
	var of []*change
	for _, c := range r.changes {
		if c.zxid != 0 {
			of = append(of, c)
		}
	}
	slices.SortStableFunc(of, func(x, y *change) int { return cmp.Compare(x.zxid, y.zxid) })
	return of
}

// decideSameZxid says that whoever reads a value reads the zxid of its write.
func decideSameZxid(f *finding, key string, r *register) {
	for _, l := range r.reads {
		c := r.writer[l.value]
		switch {
		case l.zxid == 0:
		case l.value == 0 && (l.zxid != r.first || l.version != 0):
			f.violated(l.events(), "%s: %s shows the value of the beginning, with version %d and zxid %s of a later write", key, r.seen(l), l.version, l.zxid)
		case c != nil && c.zxid != 0 && (c.zxid != l.zxid || c.version != l.version && c.version != 0 && l.version != 0): // 0: not told
			f.violated(append(l.events(), c.shows()...), "%s: %s came with zxid %s and version %d, but %s made it with zxid %s and version %d: it was written twice, or one of them is wrong",
				key, r.seen(l), l.zxid, l.version, r.spanOf(c), c.zxid, c.version)
		}
	}
}

// decideStep looks at a change and the one before it, nil if it is the first.
func decideStep(f *finding, key string, r *register, before, c *change) {
	was, value, witness := int32(0), int32(0), c.shows()
	if before != nil {
		was, value, witness = before.version, before.to, append(witness, before.shows()...)
		if c.zxid == before.zxid {
			f.violated(witness, "%s: %s and %s have the same zxid %s", key, r.spanOf(before), r.spanOf(c), c.zxid)
		}
	}
	switch {
	case c.version == 0 || before != nil && before.version == 0: // not told
	case c.version <= was:
		f.violated(witness, "%s: %s made version %d, though its zxid %s is behind that of version %d", key, r.spanOf(c), c.version, c.zxid, was)
	case c.version == was+1 && c.from != noValue && c.from != value:
		f.violated(witness, "%s: %s made version %d, though what was there then, version %d, was %s", key, r.spanOf(c), c.version, was, r.name(value))
	}
}

// decideGaps says that every version was made by somebody: those that no known
// change made, by as many whose outcome nobody knows, each begun in time.
func decideGaps(f *finding, key string, r *register, sorted []*change) {
	var unknown []*change // in order of invocation
	for _, c := range r.changes {
		if c.zxid == 0 {
			unknown = append(unknown, c)
		}
	}
	until := r.deadlines(sorted)
	gaps := 0
	for i := len(sorted) - 1; i >= 0; i-- {
		until[i] = min(until[i], until[i+1])
	}
	was := int32(0)
	for i, c := range sorted {
		if c.version == 0 {
			f.note("the subject does not tell all versions that its writes made, so a write that is missing between two cannot be seen")
			return
		}
		for missing := int64(c.version) - int64(was) - 1; missing > 0; missing-- {
			if gaps >= len(unknown) || unknown[gaps].inv() > until[i] {
				witness := c.shows()
				if i > 0 {
					witness = append(witness, sorted[i-1].shows()...)
				}
				f.violated(witness, "%s: %s made version %d, behind version %d; nobody can have written what is between them: of so many writes without a known outcome only %s had begun",
					key, r.spanOf(c), c.version, was, itoa(gaps))
				return
			}
			gaps++
		}
		was = c.version
	}
	f.count("filled_gaps", float64(gaps))
}

// deadlines gives, for each change and the fenced reads of its value, when the
// first of them had ended; and never for what comes behind the last.
func (r *register) deadlines(sorted []*change) []time.Duration {
	until := make([]time.Duration, len(sorted)+1)
	at := map[*change]int{}
	for i, c := range sorted {
		until[i] = c.ret()
		at[c] = i
	}
	until[len(sorted)] = never
	for _, l := range r.reads {
		if i, ok := at[r.writer[l.value]]; ok && l.value != 0 {
			until[i] = min(until[i], l.ret)
		}
	}
	return until
}

// step is a change or a fenced read in the order of zxids.
type step struct {
	zxid     history.ID
	reads    bool
	inv, ret time.Duration
	change   *change
	look     *look
}

func (s step) events() []int {
	if s.change != nil {
		return s.change.shows()
	}
	return s.look.events()
}

func (r *register) tell(s step) string {
	if s.change != nil {
		return r.spanOf(s.change)
	}
	return r.seen(s.look)
}

// decideRealTime says that no operation had ended before one began that comes
// before it in the order of zxids.
func decideRealTime(f *finding, key string, r *register, sorted []*change) {
	steps := make([]step, 0, len(sorted)+len(r.reads))
	for _, c := range sorted {
		steps = append(steps, step{zxid: c.zxid, inv: c.inv(), ret: c.ret(), change: c})
	}
	for _, l := range r.reads {
		if l.zxid != 0 && l.kind == history.ReadFenced {
			steps = append(steps, step{zxid: l.zxid, reads: true, inv: l.inv, ret: l.ret, look: l})
		}
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(x.zxid, y.zxid) }) // a write stays before its reads
	last, reads := -1, -1                                                                    // what began last, of what comes before this, and of the reads of the same value
	for i, s := range steps {
		if i > 0 && s.zxid != steps[i-1].zxid {
			last, reads = laterOf(steps, last, reads), -1
		}
		if last >= 0 && s.ret < steps[last].inv {
			f.violated(append(s.events(), steps[last].events()...), "%s: %s had ended before %s began, though by their zxids, %s and %s, it comes after that",
				key, r.tell(s), r.tell(steps[last]), s.zxid, steps[last].zxid)
			return
		}
		if s.reads {
			reads = laterOf(steps, reads, i)
		} else {
			last = laterOf(steps, last, i)
		}
	}
}

// laterOf is which of two steps began later; -1 is none.
func laterOf(steps []step, i, j int) int {
	if i < 0 || j >= 0 && steps[j].inv > steps[i].inv {
		return j
	}
	return i
}
