package checker

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// What is looked up among the chains of a client's waits is what judging all of them
// finds.
func TestWaitsWithinAStay(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 6))
		a := &analysis{end: never, bound: never}
		var ops []*history.Operation
		now := time.Duration(0)
		for range rng.IntN(12) {
			now += time.Duration(rng.IntN(4)) * retry / 2
			op := &history.Operation{Invoke: &history.Event{Time: now}, Return: &history.Event{Type: history.OK}}
			now += time.Duration(1+rng.IntN(3)) * retry
			if op.Return.Time = now; rng.IntN(3) > 0 {
				op.Return.Type = history.Info
			}
			ops = append(ops, op)
		}
		stay := span{time.Duration(rng.IntN(20)) * retry / 2, time.Duration(rng.IntN(40)) * retry / 2}
		var waits []span
		for _, op := range ops {
			if s := (span{max(op.Began(), stay.from), min(ended(op), stay.to)}); s.from < s.to {
				waits = append(waits, s)
			}
		}
		var f finding
		f.judgeWaits(a, union(waits), func(from, to time.Duration) bool {
			for _, op := range ops {
				if op.Outcome() == history.OK && from <= op.Return.Time && op.Return.Time <= to {
					return true
				}
			}
			return false
		}, nil)
		_, length := a.consumerWaits(0, ops).within(stay)
		if want := f.figures["longest_wait_seconds"]; length.Seconds() != want {
			t.Fatalf("seed %d: %s, want %g s", seed, length, want)
		}
	}
}
