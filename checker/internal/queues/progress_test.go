package queues

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Looking things up among the chains of a client's waits finds the same as judging all of
// them.
func TestWaitsWithinAStay(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 6))
		a := &evidence.Record{Timing: evidence.Timing{End: evidence.Never, Bound: evidence.Never}}
		var ops []*history.Operation
		now := time.Duration(0)
		for range rng.IntN(12) {
			now += time.Duration(rng.IntN(4)) * frame.Retry / 2
			op := &history.Operation{Invoke: &history.Event{Time: now}, Return: &history.Event{Type: history.OK}}
			now += time.Duration(1+rng.IntN(3)) * frame.Retry
			if op.Return.Time = now; rng.IntN(3) > 0 {
				op.Return.Type = history.Info
			}
			ops = append(ops, op)
		}
		stay := evidence.Span{From: time.Duration(rng.IntN(20)) * frame.Retry / 2, To: time.Duration(rng.IntN(40)) * frame.Retry / 2}
		var waits []evidence.Span
		for _, op := range ops {
			if s := (evidence.Span{From: max(op.Began(), stay.From), To: min(evidence.Ended(op), stay.To)}); s.From < s.To {
				waits = append(waits, s)
			}
		}
		var f frame.Finding
		f.JudgeWaits(a, evidence.Union(waits), func(from, to time.Duration) bool {
			for _, op := range ops {
				if op.Outcome() == history.OK && from <= op.Return.Time && op.Return.Time <= to {
					return true
				}
			}
			return false
		}, nil)
		_, length := readWaits(a, 0, ops).within(stay)
		if want := f.Figures["longest_wait_seconds"]; length.Seconds() != want {
			t.Fatalf("seed %d: %s, want %g s", seed, length, want)
		}
	}
}
