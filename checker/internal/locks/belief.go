package locks

import (
	"context"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// belief measures how long two clients believed at the same time that they held a key, and what
// happened to the key meanwhile: how often it was granted to a client while another one wrongly
// went on believing, and how often a client with such a false belief wrote to the guarded resource.
// No recipe can prevent that when a holder is paused or its session is expired by force, so it
// counts only in a strict run.
var belief = &frame.Property{
	Name:     "belief",
	NoModel:  frame.Measures,
	Meaning:  "no two clients believed at the same time that they held the same key",
	Decider:  "interval sweep",
	Telling:  explain.BelievedHeld,
	Evidence: frame.FromTimes,
	Measure: &frame.Measure{
		What:  "false belief",
		Guard: "fencing", Unguarded: "only fencing tokens that the guarded resource checks can prevent that",
	},
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		var longest *holds.Overlap
		windows := holds.Overlaps(heldOf(k).read.Holds)
		for i := range windows {
			o := &windows[i]
			f.Count("overlaps", 1)
			f.Count("total_seconds", o.Length().Seconds())
			f.Longest("longest_seconds", o.Length())
			if longest == nil || o.Length() > longest.Length() {
				longest = o
			}
		}
		if longest == nil {
			return f
		}
		acquires, writes := meanwhile(windows, k.Ops())
		f.Count("acquires_by_others", float64(acquires))
		f.Count("writes_by_others", float64(writes))
		o := longest
		f.Violated(append(o.First.Belief(), o.Second.Belief()...),
			"client %d believed from %s that it held %s, and client %d believed the same from %s: both for %s",
			o.Second.Client, words.At(o.Second.Granted), k.Name, o.First.Client, words.At(o.First.Granted), words.Lasting(o.Length()))
		return f
	},
}

// meanwhile counts the acquires that returned, and the writes that began, in a time in
// which another client wrongly believed that it held. Each counts once, even if it lies
// in several such times.
func meanwhile(windows []holds.Overlap, ops []*history.Operation) (acquires, writes int) {
	of := map[int][]evidence.Span{} // by the client that believed first: the times of its false belief
	for _, o := range windows {
		of[o.First.Client] = append(of[o.First.Client], evidence.Span{From: o.From, To: o.Until})
	}
	believers := evidence.CountSpans(of)
	another := func(client int, t time.Duration) bool {
		n := believers.At(t)
		if n == 1 && evidence.Touches(of[client], t, t) {
			n = 0
		}
		return n > 0
	}
	for _, op := range ops {
		switch {
		case op.Outcome() != history.OK:
		case op.F == models.FAcquire && another(op.Client, op.Return.Time):
			acquires++
		case op.F == models.FWrite && another(op.Client, op.Began()):
			writes++
		}
	}
	return acquires, writes
}
