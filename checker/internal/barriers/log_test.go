package barriers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// The index of a barrier's znodes finds the same as a look at each.
func TestUptimes(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		a := &evidence.Record{Sessions: evidence.Sessions{ByID: map[history.ID]*evidence.Session{1: {Life: evidence.Life{Client: 1}}, 2: {Life: evidence.Life{Client: 2}}}}, Keys: []*evidence.Key{{Name: "k"}}}
		x := &evidence.Log{Znodes: evidence.Znodes{Folders: map[string][]*evidence.Znode{}}}
		var all []*evidence.Znode
		for c := uint64(1); c < 12; c += uint64(rng.IntN(3)) {
			n := &evidence.Znode{Path: fmt.Sprintf("/%d/k", rng.IntN(2)), Maker: history.ID(1 + rng.IntN(2)), Created: c, Deleted: c + uint64(rng.IntN(6))}
			if rng.IntN(8) == 0 {
				n.Deleted = evidence.StillThere
			}
			all = append(all, n)
			x.Folders["/"] = append(x.Folders["/"], n)
		}
		a.Log = x
		u := uptimesOf(a)["k"]
		low := uint64(rng.IntN(14))
		high := low + uint64(rng.IntN(8))
		within, throughout := false, (*evidence.Znode)(nil)
		for _, n := range all {
			within = within || n.Created <= high && n.Deleted > low
			if throughout == nil && n.Created <= low && n.Deleted > high {
				throughout = n
			}
		}
		if got := u.within(low, high); got != within {
			t.Fatalf("seed %d: within %d and %d: %t, want %t", seed, low, high, got, within)
		}
		if got := u.throughout(low, high); got != throughout {
			t.Fatalf("seed %d: throughout %d to %d: %+v, want %+v", seed, low, high, got, throughout)
		}
		if i := slices.IndexFunc(all, func(n *evidence.Znode) bool { return n.Created > low }); i < 0 && madeBehind(all, low) != len(all) || i >= 0 && madeBehind(all, low) != i {
			t.Fatalf("seed %d: the first behind %d is at %d, want %d", seed, low, madeBehind(all, low), i)
		}
	}
}
