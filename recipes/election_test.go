package recipes_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// electionOfTwo makes a lead, and lead again after b.
func electionOfTwo(t *testing.T, a, b *client, path string) {
	ea, eb := recipes.NewElection(a.s, path, "a"), recipes.NewElection(b.s, path, "b")
	leads := func(want string) {
		t.Helper()
		within(t, "ask", func(ctx context.Context) error {
			got, err := ea.Leader(ctx)
			if err == nil && got != want {
				t.Errorf("%q leads, want %q", got, want)
			}
			return err
		})
	}
	leads("")
	within(t, "a campaigns", ea.Campaign)
	leads("a")
	first := ea.Fence()
	won := make(chan struct{})
	go func() {
		defer close(won)
		within(t, "b campaigns", eb.Campaign)
	}()
	eventually(t, "b in line", func() bool { return len(b.children(path)) == 2 })
	leads("a")
	within(t, "a resigns", ea.Resign)
	<-won
	leads("b")
	if eb.Fence() <= first || eb.Session() != b.conn.SessionID() {
		t.Errorf("token %d after %d, session %x", eb.Fence(), first, eb.Session())
	}
	within(t, "b closes", eb.Close)
	within(t, "a campaigns again", ea.Campaign)
	leads("a")
	within(t, "a closes", ea.Close)
	if got := b.children(path); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestElectionSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, electionOfTwo) }

func TestElectionInterruptedAtEveryMoment(t *testing.T) {
	campaign := func() interrupted {
		var ea, eb *recipes.Election
		return interrupted{
			prepare: func(t *testing.T, a, b *client, path string) {
				ea, eb = recipes.NewElection(a.s, path, "a"), recipes.NewElection(b.s, path, "b")
				within(t, "b campaigns", eb.Campaign)
			},
			act: func(ctx context.Context, _ *client, _ string) error { return ea.Campaign(ctx) },
			done: func(t *testing.T, _, b *client, path string, err error) {
				if !noEffect(err) {
					t.Errorf("a campaigned against a leader: %v", err)
				}
				within(t, "b resigns", eb.Resign)
				within(t, "a campaigns after it", ea.Campaign)
				within(t, "a closes", ea.Close)
				within(t, "b closes", eb.Close)
				if got := b.children(path); len(got) != 0 {
					t.Errorf("left behind: %v", got)
				}
			},
		}
	}
	t.Run("cancelled", func(t *testing.T) { everyMoment(t, campaign, cancelled) })
	t.Run("expired", func(t *testing.T) { everyMoment(t, campaign, expired) })
}

func TestElectionLeaderIsToldOfExpiry(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		ea, eb := recipes.NewElection(a.s, path, "a"), recipes.NewElection(b.s, path, "b")
		within(t, "a campaigns", ea.Campaign)
		lost := ea.Lost()
		a.expire()
		select {
		case <-lost:
		case <-time.After(patience):
			t.Fatal("not told")
		}
		within(t, "b campaigns", eb.Campaign)
		if err := ea.Resign(t.Context()); !errors.Is(err, recipes.ErrLost) {
			t.Errorf("resign from a lost leadership: %v", err)
		}
		within(t, "b closes", eb.Close)
		within(t, "a closes", ea.Close)
	})
}

func TestElectionIgnoresForeignChildren(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		el := recipes.NewElection(a.s, path, "a")
		within(t, "campaign", el.Campaign)
		foreign(t, a, path, "candidate")
		if got, err := el.Leader(t.Context()); err != nil || got != "a" {
			t.Errorf("%q leads, %v", got, err)
		}
		within(t, "resign", el.Resign)
		within(t, "campaign beside them", el.Campaign)
		if got, err := el.Leader(t.Context()); err != nil || got != "a" {
			t.Errorf("%q leads, %v", got, err)
		}
		within(t, "close", el.Close)
	})
}

// TestElectionWithTakenRights makes the servers refuse the recipe's requests.
func TestElectionWithTakenRights(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		el := recipes.NewElection(a.s, path, "a")
		within(t, "campaign", el.Campaign)
		rights := func(perms int32) {
			t.Helper()
			if _, err := a.conn.SetACL(path, zk.WorldACL(perms), -1); err != nil {
				t.Fatal(err)
			}
		}
		rights(zk.PermRead | zk.PermAdmin)
		if err := el.Resign(t.Context()); !errors.Is(err, zk.ErrNoAuth) || noEffect(err) {
			t.Errorf("resign without the right to delete: %v", err)
		}
		if err := el.Campaign(t.Context()); !errors.Is(err, zk.ErrNoAuth) || !noEffect(err) {
			t.Errorf("campaign without the right to create: %v", err)
		}
		rights(zk.PermAll)
		within(t, "campaign with all rights", el.Campaign)
		within(t, "close", el.Close)
		if got := a.children(path); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}
