package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// FencedReads requires that each read that the object calls fenced was fenced: a quorum answered a
// request that its client sent during the call. A sync does not count, as even a deposed leader
// that does not know of its deposition answers it (ZOOKEEPER-1675).
//
// The answer to a read shows the difference only while a server is behind. The requests show it
// each time.
var FencedReads = &Property{
	Name:     "fenced-reads",
	NoModel:  Given,
	Meaning:  "each fenced read made its own request that a quorum answered",
	Decider:  "signs of life",
	Evidence: func(*evidence.Record) string { return "S" },
	Applies: func(a *evidence.Record) bool {
		if a.Foreign {
			return false
		}
		for _, k := range a.Keys {
			for op := range k.EachOp() {
				if fenced(a, op) && (op.Return.Seen > 0 || len(op.Return.Used) > 0) {
					return true
				}
			}
		}
		return false
	},
	Decide: func(ctx context.Context, k *evidence.Key) Finding {
		var f Finding
		for _, op := range k.Ops() {
			if ctx.Err() != nil {
				return f
			}
			if fenced(k.Record, op) {
				decideFenced(&f, k, op)
			}
		}
		return f
	},
	Exercise: Wants("fenced", 20, "fenced reads whose requests are known"),
}

// fenced reports whether an operation is a read that succeeded, and that its client called fenced.
func fenced(a *evidence.Record, op *history.Operation) bool {
	if !a.Object.Operation(op.F).Reads || op.Outcome() != history.OK {
		return false
	}
	var how models.HowRead
	a.Decode(op.Invoke, &how)
	return how.Kind == "" || how.Kind == models.ReadFenced
}

// decideFenced checks whether a quorum answered a request that the client of a fenced read sent during
// the read. That is known for the session in which the read began and ended, if its process had no
// other session. If the session began during the read, the connect was such a request.
func decideFenced(f *Finding, k *evidence.Key, op *history.Operation) {
	if k.Opened(op) {
		f.CountCall(k.Record, "fenced", op)
		return
	}
	in, alive, seen, ok := k.Shown(op)
	if !ok || in.First > op.Invoke.Index || seen == 0 {
		f.Count("fenced_unknown", 1)
		return
	}
	f.CountCall(k.Record, "fenced", op)
	if alive >= op.Began() || f.Again() {
		return
	}
	last := "never"
	if alive > 0 {
		last = "last at " + words.At(alive)
	}
	counterexample := evidence.EventsOf(op)
	if in.ID != op.Return.Session {
		counterexample = append(counterexample, in.First)
	}
	f.Violated(counterexample, "client %d asked %s for a fenced read at %s and got the answer at %s, but meanwhile a quorum answered no request of its session %s (%s)",
		op.Client, k.Name, words.At(op.Began()), words.At(op.Return.Time), in.ID, last)
}
