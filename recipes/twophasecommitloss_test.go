package recipes_test

import (
	"context"
	"testing"
	"time"

	"github.com/zklab/zklab/recipes"
)

// transactionOfTwo makes a begin a transaction of two sites, and both clients decide
// it.
func transactionOfTwo(yes bool) scenario {
	return func(t *testing.T, a, b *client, path string) {
		ta, tb := recipes.NewTwoPhaseCommit(a.s, path), recipes.NewTwoPhaseCommit(b.s, path)
		sites := []string{"a", "b"}
		told := func(committed bool, err error) error {
			if err == nil && committed != yes {
				t.Errorf("told that it is committed: %v, want %v", committed, yes)
			}
			return err
		}
		within(t, "begin", func(ctx context.Context) error { return ta.Begin(ctx, sites) })
		within(t, "a votes", func(ctx context.Context) error { return ta.Vote(ctx, "a", true) })
		within(t, "b votes", func(ctx context.Context) error { return tb.Vote(ctx, "b", yes) })
		within(t, "a decides", func(ctx context.Context) error { return told(ta.Decide(ctx, time.Minute)) })
		within(t, "b is told", func(ctx context.Context) error { return told(tb.Outcome(ctx)) })
		within(t, "a closes", ta.Close)
		within(t, "b closes", tb.Close)
	}
}

func TestTransactionSurvivesEveryLoss(t *testing.T) {
	t.Run("commit", func(t *testing.T) { everyBlow(t, simulated, losses, transactionOfTwo(true)) })
	t.Run("abort", func(t *testing.T) { everyBlow(t, simulated, losses, transactionOfTwo(false)) })
}
