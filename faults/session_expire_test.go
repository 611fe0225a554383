package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// An expired session's znodes are gone from the tree while its client is held back; when the client is
// released, it is told.
func TestExpire(t *testing.T) {
	inBubble(t, 3, func(l *lab) { expires(l) })
}

func expires(l *lab) {
	t := l.t
	l.contend(0, 1)
	victim := l.clients[0]
	was := victim.SessionID()
	e := l.injected(faults.Expire{Who: faults.Holder})
	must.Do(t, l.verify(e))
	if got := l.children(); len(got) != 1 {
		t.Errorf("contenders: %v", got)
	}
	if step := e.Describe(); int64(step.Sessions[0]) != was || step.Holding[0] != faults.Holding {
		t.Errorf("described as %+v", step)
	}
	time.Sleep(100 * time.Millisecond)
	if victim.saw(zk.StateExpired) > 0 || victim.State() == zk.StateHasSession {
		t.Error("the client is not held back")
	}
	l.heal(e)
	l.awaits("a new session", func() bool { return victim.works("/") && victim.SessionID() != was })
	if victim.saw(zk.StateExpired) != 1 || !slices.Contains(victim.told(), "dead") {
		t.Errorf("states %v, facts %v", victim.states, victim.told())
	}
}

// While one server does not answer, a session can still be ended, moved or duplicated, and soon enough. (A
// client that moves tries once a second.)
func TestSessionsBesidePausedServer(t *testing.T) {
	for _, kind := range []string{"expire", "move", "duplicate"} {
		t.Run(kind, func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				_, leader := l.serving()
				paused := l.ids(leader)[0]
				pause := l.injected(faults.Pause{Nodes: faults.Numbered(paused)})
				began := time.Now()
				// Client 0 is on server 1, and so on.
				e := l.injected(parsed(t, fmt.Sprintf("%s:client-%d", kind, leader-1)))
				if took := time.Since(began); took > 4*time.Second {
					t.Errorf("it took %v", took)
				}
				if err := l.verify(e); err != nil {
					t.Error(err)
				}
				if err := e.Heal(t.Context()); err != nil {
					t.Error(err)
				}
				l.healed(pause, em.Clean)
			})
		})
	}
}

// An expiry that begins together with a kill of the leader waits until a server can close the session.
func TestExpireWhileServersElect(t *testing.T) {
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		var kill faults.Effect
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			kill, _ = l.inject(faults.Kill{Nodes: faults.Leader})
		}()
		e := l.injected(faults.Expire{Who: faults.Everyone})
		<-killed
		if err := l.verify(e); err != nil {
			t.Error(err)
		}
		if err := e.Heal(t.Context()); err != nil {
			t.Error(err)
		}
		l.healed(kill, em.Clean)
	})
}

// What an expiry did before it failed is undone.
func TestExpireThatFails(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		l.contend(0, 1)
		ctx, cancel := context.WithCancel(l.t.Context())
		time.AfterFunc(time.Millisecond, cancel) // between taking the session over and closing it
		if _, err := (faults.Expire{Who: faults.Everyone}).Inject(ctx, l.target, rand.New(rand.NewPCG(1, 1))); err == nil {
			t.Fatal("no error")
		}
		l.clean()
		l.awaits("both work again", func() bool { return l.clients[0].works("/") && l.clients[1].works("/") })
	})
}
