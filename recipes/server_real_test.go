//go:build real

package recipes_test

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// really is the place of tests on one of Apache ZooKeeper's servers: they show that it answers
// as the embedded one does, on which every recipe is tested.
func really(t *testing.T, test func(t *testing.T, e ensemble.Ensemble)) {
	t.Helper()
	test(t, dockertest.Ensemble(t, 1))
}

// TestRealServerLeavesTheSame has each recipe used on the embedded server and on a real one: all
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

// TestRealServerEveryLoss has requests and replies to a real server lost, of the lock, whose
// contenders the tree itself settles, and of the queue, whose items it does not.
func TestRealServerEveryLoss(t *testing.T) {
	t.Run("lock", func(t *testing.T) { everyBlow(t, really, slices.Concat(losses, twoReplies), lockWithWaiting) })
	t.Run("queue", func(t *testing.T) { everyBlow(t, really, losses, queueOfFour) })
}

// TestRealServerEveryExpiry has a real server end the session of one of two contenders.
func TestRealServerEveryExpiry(t *testing.T) {
	lock := recipeUses[slices.IndexFunc(recipeUses, func(u recipeUse) bool { return u.made == "NewLock" })]
	everyBlow(t, really, interrupts, contend(lock))
}

// TestRealServerMulti reads a real server's answers to transactions.
func TestRealServerMulti(t *testing.T) { really(t, multiOnAServer) }
