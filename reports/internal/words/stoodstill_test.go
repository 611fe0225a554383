package words

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

// The verdict answers what everybody asks first: for how long the lock stood still.
func TestHowLongTheLockStoodStill(t *testing.T) {
	once := func(d time.Duration, longer bool) *measured.Spread {
		b := measured.Bound{Time: d, AtLeast: longer}
		return &measured.Spread{Count: 1, Best: b, Median: b, Worst: b}
	}
	r := &store.Result{Recipe: "lock"}
	r.Stats.Failovers = []stats.FailoverSum{
		{Spec: "pause:leader", Kind: "pause", Verified: 1, Felt: 1, All: once(2700*time.Millisecond, false)},
		{Spec: "kill:follower", Kind: "kill", Verified: 1, Felt: 1, All: once(5*time.Second, true)},
		{Spec: "kill:leader", Kind: "kill", Verified: 4, Felt: 4, All: &measured.Spread{Count: 4, Median: measured.Bound{Time: time.Second}, Worst: measured.Bound{Time: 2 * time.Second}}},
		{Spec: "restart", Kind: "restart", Verified: 3},
		{Spec: "pause:majority", Kind: "pause", Verified: 1, Felt: 1, NoMajority: 1},
		{Spec: "expire:holder", Kind: "expire", Verified: 1, Felt: 1, All: once(time.Second, false)}, // hits one client
		{Spec: "kill:any", Kind: "kill"},                                                             // took no effect
	}
	want := []string{
		"the lock stood still for 2.7 s when the leader was paused",
		"the lock stood still for more than 5 s when a follower was killed",
		"the lock stood still for 1 s when the leader was killed: the median of 4 times, the longest 2 s",
		"no client felt that a server was restarted (restart), 3 times",
		"the lock stood still when a server was paused (pause:majority), until it was healed: no majority of the servers was left",
	}
	if diff := cmp.Diff(want, StoodStill(r)); diff != "" {
		t.Error(diff)
	}
}
