//go:build real

package recipes_test

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// really runs tests on one of Apache ZooKeeper's servers: they show that it answers like the
// embedded server, on which every recipe is tested.
func really(t *testing.T, test func(t *testing.T, e ensemble.Ensemble)) {
	t.Helper()
	test(t, dockertest.Ensemble(t, 1))
}

// TestRealServerLeavesTheSame uses each recipe on the embedded server and on a real one: all
// calls succeed, and leave the same in the tree.
func TestRealServerLeavesTheSame(t *testing.T) {
	for _, u := range recipeUses {
		t.Run(u.made, func(t *testing.T) {
			leaves := &leaves{}
			rehearse(t, simulated, leaves.same(u))
			rehearse(t, really, leaves.same(u))
		})
	}
}

// TestRealServerEveryLoss loses requests to a real server and its replies: those of the
// lock, whose outcomes the tree itself shows, and those of the queue, whose outcomes it does
// not show.
func TestRealServerEveryLoss(t *testing.T) {
	t.Run("lock", func(t *testing.T) { everyBlow(t, really, slices.Concat(losses, twoReplies), lockWithWaiting) })
	t.Run("queue", func(t *testing.T) { everyBlow(t, really, losses, queueOfFour) })
}

// TestRealServerEveryExpiry makes a real server end the session of one of two
// contenders.
func TestRealServerEveryExpiry(t *testing.T) {
	lock := recipeUses[slices.IndexFunc(recipeUses, func(u recipeUse) bool { return u.made == "NewLock" })]
	everyBlow(t, really, interrupts, contend(lock))
}

// TestRealServerMulti reads a real server's answers to transactions.
func TestRealServerMulti(t *testing.T) { really(t, multiOnAServer) }
