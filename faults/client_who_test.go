package faults_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
)

// Each choice of clients hits the clients that it names, and no others.
func TestWho(t *testing.T) {
	for who, want := range map[faults.Who][]int{
		faults.Holder: {2}, faults.Next: {0}, faults.TheClient(3): {3}, faults.TheClient(0): {0}, faults.Everyone: {0, 1, 2, 3},
	} {
		t.Run(string(who), func(t *testing.T) {
			inBubble(t, 4, func(l *lab) {
				l.contend(2, 0, 1)
				e := l.injected(faults.Expire{Who: who})
				if diff := cmp.Diff(want, e.Describe().Clients); diff != "" {
					t.Error(diff)
				}
				l.heal(e)
			})
		})
	}
	inBubble(t, 4, func(l *lab) {
		l.contend(2, 0, 1)
		e := l.injected(faults.Expire{Who: faults.Waiter})
		if got := e.Describe().Clients; len(got) != 1 || got[0] > 1 {
			t.Errorf("a waiter: %v", got)
		}
		l.heal(e)
	})
}

// The next in line is known from the tree: foreign children ahead, or clients that have a znode there
// but do not wait, do not count.
func TestNextInLineSkipsOthers(t *testing.T) {
	inBubble(t, 4, func(l *lab) {
		l.create(l.folder()+"/foreign", 0)
		l.contend(3, 1, 2, 0)
		l.does(1, faults.Idle) // gave up, but its znode is still there
		e := l.injected(faults.Expire{Who: faults.Next})
		if diff := cmp.Diff([]int{2}, e.Describe().Clients); diff != "" {
			t.Error(diff)
		}
		l.heal(e)
	})
}

// If no client does what a fault asks for, the fault finds no target, in bounded time.
func TestNobodyToStrike(t *testing.T) {
	for who, words := range map[faults.Who]string{
		faults.Holder: "holder", faults.Waiter: "waiter", faults.Next: "next", faults.TheClient(7): "numbered from 0 to 1",
	} {
		inBubble(t, 2, func(l *lab) {
			began := time.Now()
			_, err := l.inject(faults.Expire{Who: who})
			if !errors.Is(err, faults.ErrNoTarget) || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", who, err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("%s: took %s", who, took)
			}
			l.clean()
		})
	}
}

// A client that another fault has claimed is left alone.
func TestStrikeOfClaimedClients(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		l.contend(0, 1)
		release, _ := l.target.Claims.Take("client 0")
		if _, err := l.inject(faults.Expire{Who: faults.Holder}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("the holder: %v", err)
		}
		if _, err := l.inject(faults.Expire{Who: faults.TheClient(0)}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("client 0: %v", err)
		}
		e := l.injected(faults.Expire{Who: faults.Everyone})
		if diff := cmp.Diff([]int{1}, e.Describe().Clients); diff != "" {
			t.Error(diff)
		}
		release()
		l.heal(e)
	})
}

func TestChoicesOfClientsAsWords(t *testing.T) {
	for _, good := range []string{"expire", "expire:next", "expire:all", "expire:client-3", "lose-reply:create:who=client-0", "cut:client-12", "expire:holder-or-any", "lose-reply:who=next-or-any"} {
		x, err := plan.Parse(good, time.Second)
		if err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		if got := x.Faults()[0].Spec(); got != good {
			t.Errorf("%s is read as %s", good, got)
		}
	}
	for _, bad := range []string{"expire:client-", "expire:client-03", "expire:client--1", "expire:all-or-any", "expire:-or-any", "expire:holder-or-any-or-any", "expire:leader", "lose-reply:create:who=nobody", "lose-reply:create:who=client-x"} {
		if _, err := plan.Parse(bad, time.Second); err == nil || !strings.Contains(err.Error(), "position") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// When it is a holder's turn in a mix and clients hold only for moments, the fault waits for a holder;
// in a run in which nobody ever holds, it waits less.
func TestTurnOfHolder(t *testing.T) {
	first := faults.Expire{Who: faults.Holder.OrAny()}
	inBubble(t, 2, func(l *lab) {
		l.does(1, faults.Holding)
		l.does(1, faults.Idle)
		l.does(0, faults.Waiting)
		time.AfterFunc(time.Second, func() { l.does(1, faults.Holding) })
		e := l.injected(first)
		if diff := cmp.Diff([]int{1}, e.Describe().Clients); diff != "" {
			t.Error(diff)
		}
		l.heal(e)
	})
	inBubble(t, 2, func(l *lab) {
		l.does(0, faults.Waiting)
		began := time.Now()
		e := l.injected(first)
		if took := time.Since(began); took > time.Second {
			t.Errorf("nobody holds here, and it waited %s for a holder", took)
		}
		l.heal(e)
	})
}
