package recipes_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// together runs calls at once and waits for all.
func together(calls ...func()) {
	var wg sync.WaitGroup
	for _, call := range calls {
		wg.Go(call)
	}
	wg.Wait()
}

// pending is a call that has not ended.
type pending struct {
	cancel context.CancelFunc
	got    chan error
}

// stays checks that a call does not end by itself.
func stays(t *testing.T, what string, call func(context.Context) error) pending {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p := pending{cancel, make(chan error, 1)}
	go func() { p.got <- call(ctx) }()
	select {
	case err := <-p.got:
		t.Errorf("%s: ended with %v", what, err)
		p.got <- err
	case <-time.After(150 * time.Millisecond):
	}
	return p
}

// ends waits until the call has ended.
func (p pending) ends() error {
	defer p.cancel()
	return <-p.got
}

// stop cancels the call.
func (p pending) stop() error {
	p.cancel()
	return <-p.got
}

// twoRounds makes a and b go in and out twice. a is the last in the first round, b in
// the second.
func twoRounds(t *testing.T, a, b *client, path string) {
	da, db := recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
	ordered := func(firstIn, lastIn func(context.Context) error, there int) {
		together(
			func() { within(t, "first", firstIn) },
			func() {
				eventually(t, "the first one", func() bool { return len(b.children(path)) == there })
				time.Sleep(30 * time.Millisecond)
				within(t, "last", lastIn)
			})
	}
	ordered(db.Enter, da.Enter, 1)
	if got := b.children(path); len(got) != 2 {
		t.Errorf("members: %v", got)
	}
	ordered(da.Leave, db.Leave, 1)
	if got := b.children(path); len(got) != 0 {
		t.Errorf("members after the round: %v", got)
	}
	ordered(da.Enter, db.Enter, 1)
	if da.Session() != a.conn.SessionID() {
		t.Errorf("member of session %x", da.Session())
	}
	ordered(db.Leave, da.Leave, 1)
	within(t, "a closes", da.Close)
	within(t, "b closes", db.Close)
	if got := b.children(path); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestDoubleBarrierSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, twoRounds) }

func TestDoubleBarrierSurvivesEveryTwoLosses(t *testing.T) {
	everyBlow(t, simulated, twoReplies, twoRounds)
}

// This covers CURATOR-318 (members that timed out are counted), and kazoo's "ready",
// which outlives a crash of all members.
func TestDoubleBarrierNobodyEntersAlone(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b, c := newClient(t, e), newClient(t, e), newClient(t, e)
		path := freshPath()
		da, db := recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
		dc := recipes.NewDoubleBarrier(c.s, path, 2)
		if err := stays(t, "enter alone", da.Enter).stop(); !errors.Is(err, context.Canceled) || !noEffect(err) {
			t.Errorf("cancelled enter: %v", err)
		}
		// Nor does a client enter alone after an Enter was cancelled, or after a round
		// whose members all died.
		_ = stays(t, "enter after a cancelled one", db.Enter).stop()
		together(func() { within(t, "a", da.Enter) }, func() { within(t, "b", db.Enter) })
		a.expire()
		b.expire()
		_ = stays(t, "enter after a crash of all", dc.Enter).stop()
		// Clients whose sessions died inside come out, and in again.
		together(func() { within(t, "a leaves", da.Leave) }, func() { within(t, "b leaves", db.Leave) })
		together(func() { within(t, "a enters again", da.Enter) }, func() { within(t, "c enters", dc.Enter) })
		leaving := stays(t, "leave alone", da.Leave)
		within(t, "c closes", dc.Close)
		if err := leaving.ends(); err != nil {
			t.Errorf("leave after the other one: %v", err)
		}
		within(t, "a closes", da.Close)
		within(t, "b closes", db.Close)
	})
}

// TestDoubleBarrierLeaveIsNotHeldByTheDead has three members, of which one dies inside,
// and one is late to leave.
func TestDoubleBarrierLeaveIsNotHeldByTheDead(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b, c := newClient(t, e), newClient(t, e), newClient(t, e)
		path := freshPath()
		da, db := recipes.NewDoubleBarrier(a.s, path, 3), recipes.NewDoubleBarrier(b.s, path, 3)
		dc := recipes.NewDoubleBarrier(c.s, path, 3)
		together(func() { within(t, "a", da.Enter) }, func() { within(t, "b", db.Enter) }, func() { within(t, "c", dc.Enter) })
		leaving := stays(t, "leave while two are in", da.Leave)
		c.expire()
		within(t, "b leaves", db.Leave)
		if err := leaving.ends(); err != nil {
			t.Errorf("a leaves: %v", err)
		}
		for _, d := range []*recipes.DoubleBarrier{da, db, dc} {
			within(t, "close", d.Close)
		}
	})
}

// TestDoubleBarrierNextRound makes the fast members of a round wait for the next one
// while a slow member is still inside.
func TestDoubleBarrierNextRound(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b, c, d := newClient(t, e), newClient(t, e), newClient(t, e), newClient(t, e)
		path := freshPath()
		var members []*recipes.DoubleBarrier
		for _, cl := range []*client{a, b, c, d} {
			members = append(members, recipes.NewDoubleBarrier(cl.s, path, 2))
		}
		// b comes first, so that c waits behind a, and looks again when a leaves.
		entering := stays(t, "b", members[1].Enter)
		within(t, "a", members[0].Enter)
		if err := entering.ends(); err != nil {
			t.Fatal(err)
		}
		next := make(chan struct{})
		go func() {
			defer close(next)
			together(func() { within(t, "c", members[2].Enter) }, func() { within(t, "d", members[3].Enter) })
		}()
		select {
		case <-next:
			t.Error("a second round began in the first one")
		case <-time.After(200 * time.Millisecond):
		}
		leave := make(chan struct{})
		go func() {
			defer close(leave)
			within(t, "a leaves", members[0].Leave)
		}()
		select {
		case <-next:
			t.Error("a second round began with one member of the first one inside")
		case <-time.After(200 * time.Millisecond):
		}
		within(t, "b leaves", members[1].Leave)
		<-leave
		<-next
		together(func() { within(t, "c leaves", members[2].Leave) }, func() { within(t, "d leaves", members[3].Leave) })
		for _, m := range members {
			within(t, "close", m.Close)
		}
	})
}

// enterInterrupted makes a wait alone for a second party.
func enterInterrupted() interrupted {
	var da, db *recipes.DoubleBarrier
	return interrupted{
		prepare: func(_ *testing.T, a, b *client, path string) {
			da, db = recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
		},
		act: func(ctx context.Context, _ *client, _ string) error { return da.Enter(ctx) },
		done: func(t *testing.T, a, b *client, path string, err error) {
			if err == nil {
				t.Error("entered alone")
			}
			if noEffect(err) {
				if got := b.children(path); len(got) != 0 {
					t.Errorf("%v, said to be without effect, left %v", err, got)
				}
			}
			within(t, "a closes", da.Close)
			if got := b.children(path); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
			_ = stays(t, "b alone", db.Enter).stop()
			dc := recipes.NewDoubleBarrier(a.s, path, 2)
			together(func() { within(t, "again", dc.Enter) }, func() { within(t, "b", db.Enter) })
			together(func() { within(t, "again out", dc.Leave) }, func() { within(t, "b out", db.Leave) })
			within(t, "close", dc.Close)
			within(t, "b closes", db.Close)
		},
	}
}

// meetingInterrupted makes a the second of two, and something happen to it at that
// moment.
func meetingInterrupted() interrupted {
	var da, db *recipes.DoubleBarrier
	var entered chan error
	var giveUp func()
	return interrupted{
		prepare: func(t *testing.T, a, b *client, path string) {
			da, db = recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
			entered = make(chan error, 1)
			var ctx context.Context
			ctx, giveUp = context.WithCancel(context.Background())
			go func() { entered <- db.Enter(ctx) }()
			eventually(t, "b in", func() bool { return len(b.children(path)) == 1 })
		},
		act: func(ctx context.Context, _ *client, _ string) error { return da.Enter(ctx) },
		done: func(t *testing.T, _, b *client, path string, err error) {
			if err == nil { // a was counted, so the other one must get in
				if other := <-entered; other != nil {
					t.Errorf("b: %v", other)
				}
				together(func() { within(t, "a out", da.Leave) }, func() { within(t, "b out", db.Leave) })
			} else {
				if noEffect(err) {
					time.Sleep(20 * time.Millisecond)
					// a was not counted, unless that happened before it was removed.
					if got := b.children(path); len(got) > 1 {
						t.Errorf("%v, said to be without effect, left %v", err, got)
					}
				}
				within(t, "a closes", da.Close)
				giveUp()
				if other := <-entered; other == nil {
					within(t, "b out", db.Leave)
				}
			}
			within(t, "a closes", da.Close)
			within(t, "b closes", db.Close)
			if got := b.children(path); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
			giveUp()
		},
	}
}

// leaveInterrupted begins with a and b inside, and b on its way out.
func leaveInterrupted() interrupted {
	var da, db *recipes.DoubleBarrier
	var left pending
	return interrupted{
		prepare: func(t *testing.T, a, b *client, path string) {
			da, db = recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
			together(func() { within(t, "a", da.Enter) }, func() { within(t, "b", db.Enter) })
			left = stays(t, "b leaves", db.Leave)
		},
		act: func(ctx context.Context, _ *client, _ string) error { return da.Leave(ctx) },
		done: func(t *testing.T, a, b *client, path string, err error) {
			if noEffect(err) {
				t.Errorf("leave without effect: %v", err)
			}
			if err := left.ends(); err != nil {
				t.Errorf("b: %v", err)
			}
			if err := da.Leave(t.Context()); !errors.Is(err, recipes.ErrOutside) || !noEffect(err) {
				t.Errorf("a leaves again: %v", err)
			}
			within(t, "a closes", da.Close)
			within(t, "b closes", db.Close)
			if got := b.children(path); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		},
	}
}

// TestDoubleBarrierCancelledWhileDisconnected checks that an error does not say that
// the member is gone when the client cannot know that.
func TestDoubleBarrierCancelledWhileDisconnected(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		da := recipes.NewDoubleBarrier(a.s, path, 2)
		entering := stays(t, "enter alone", da.Enter)
		release := a.link.Hold()
		a.link.Cut()
		if err := entering.stop(); !errors.Is(err, context.Canceled) || noEffect(err) {
			t.Errorf("enter: %v", err)
		}
		if got := b.children(path); len(got) != 1 {
			t.Errorf("members: %v", got)
		}
		release()
		within(t, "close", da.Close)
		if got := b.children(path); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}

// TestDoubleBarrierManyRounds goes through many rounds on one path while
// connections are cut.
func TestDoubleBarrierManyRounds(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		const parties, rounds = 3, 12
		path := freshPath()
		var entering, leaving [rounds]atomic.Int32
		var wg sync.WaitGroup
		for i := range parties {
			c := newClient(t, e)
			d := recipes.NewDoubleBarrier(c.s, path, parties)
			wg.Go(func() {
				defer within(t, "close", d.Close)
				for r := range rounds {
					if (r+i)%4 == 0 {
						time.AfterFunc(time.Duration(r)*time.Millisecond, func() { c.link.Cut() })
					}
					entering[r].Add(1)
					within(t, "enter", d.Enter)
					if n := entering[r].Load(); n != parties {
						t.Errorf("round %d: in with %d", r, n)
					}
					leaving[r].Add(1)
					within(t, "leave", d.Leave)
					if n := leaving[r].Load(); n != parties {
						t.Errorf("round %d: out with %d", r, n)
					}
					if t.Failed() {
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestDoubleBarrierInterruptedAtEveryMoment(t *testing.T) {
	t.Run("alone cancelled", func(t *testing.T) { everyMoment(t, enterInterrupted, cancelled) })
	t.Run("alone expired", func(t *testing.T) { everyMoment(t, enterInterrupted, expired) })
	t.Run("meeting cancelled", func(t *testing.T) { everyMoment(t, meetingInterrupted, cancelled) })
	t.Run("meeting expired", func(t *testing.T) { everyMoment(t, meetingInterrupted, expired) })
	t.Run("leaving cancelled", func(t *testing.T) { everyMoment(t, leaveInterrupted, cancelled) })
	t.Run("leaving expired", func(t *testing.T) { everyMoment(t, leaveInterrupted, expired) })
}

func TestDoubleBarrierIgnoresForeignChildren(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		da, db := recipes.NewDoubleBarrier(a.s, path, 2), recipes.NewDoubleBarrier(b.s, path, 2)
		_ = stays(t, "enter alone", da.Enter).stop()
		foreign(t, a, path, "member")
		_ = stays(t, "enter beside foreign children", da.Enter).stop()
		if _, err := a.conn.Set(path+"/ready", []byte("\x00junk\n\n{}"), -1); err != nil {
			t.Fatal(err)
		}
		together(func() { within(t, "a", da.Enter) }, func() { within(t, "b", db.Enter) })
		together(func() { within(t, "a out", da.Leave) }, func() { within(t, "b out", db.Leave) })
		within(t, "a closes", da.Close)
		within(t, "b closes", db.Close)
	})
}

// TestDoubleBarrierCountsOnlyEphemeral has a persistent znode that looks like the first
// of three members.
func TestDoubleBarrierCountsOnlyEphemeral(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		da, db := recipes.NewDoubleBarrier(a.s, path, 3), recipes.NewDoubleBarrier(b.s, path, 3)
		_ = stays(t, "enter alone", da.Enter).stop()
		name := path + "/" + strings.Repeat("0f", 16) + "-member-0000000000"
		if _, err := a.conn.Create(name, nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		first := stays(t, "one", da.Enter)
		second := stays(t, "two of three", db.Enter)
		for _, p := range []pending{first, second} {
			if err := p.stop(); !errors.Is(err, context.Canceled) {
				t.Errorf("enter: %v", err)
			}
		}
		within(t, "a closes", da.Close)
		within(t, "b closes", db.Close)
	})
}

func TestDoubleBarrierMisuse(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		ctx := t.Context()
		refuses := refusing(t)
		refuses(recipes.NewDoubleBarrier(a.s, path, 0).Enter(ctx), recipes.ErrParties)
		d := recipes.NewDoubleBarrier(a.s, path, 1)
		refuses(d.Leave(ctx), recipes.ErrOutside)
		within(t, "enter", d.Enter)
		refuses(d.Enter(ctx), recipes.ErrInside)
		within(t, "leave", d.Leave)
		within(t, "enter again", d.Enter)
		within(t, "close inside", d.Close)
		within(t, "close again", d.Close)
		refuses(d.Enter(ctx), recipes.ErrClosed)
		if got := a.children(path); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}
