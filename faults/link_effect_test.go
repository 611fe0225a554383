package faults_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// Connections end, and the session lives on.
func TestCutAndReset(t *testing.T) {
	for _, f := range []faults.Fault{faults.Cut{Who: faults.Holder}, faults.Reset{Who: faults.Holder}} {
		t.Run(f.Kind(), func(t *testing.T) {
			inBubble(t, 2, func(l *lab) { endsConnections(l, f) })
		})
	}
}

func endsConnections(l *lab, f faults.Fault) {
	t := l.t
	l.contend(0, 1)
	victim, other := l.clients[0], l.clients[1]
	was := victim.SessionID()
	e := l.injected(f)
	must.Do(t, l.verify(e))
	l.heal(e)
	l.awaits("it works again", func() bool { return victim.works("/") })
	if victim.SessionID() != was || len(l.children()) != 2 {
		t.Errorf("session %x was %x, contenders %v", victim.SessionID(), was, l.children())
	}
	if got := victim.told(); !slices.Equal(got, []string{history.FConnected, history.FDisconnected, history.FConnected}) {
		t.Errorf("the client's facts: %v", got)
	}
	if got := other.told(); len(got) != 1 {
		t.Errorf("the other's facts: %v", got)
	}
}

// A refused client cannot use its session until the heal, and has the same session after it.
func TestRefuse(t *testing.T) {
	inBubble(t, 2, func(l *lab) { refused(l) })
}

func refused(l *lab) {
	t := l.t
	l.contend(0, 1)
	victim := l.clients[0]
	was := victim.SessionID()
	e := l.injected(faults.Refuse{Who: faults.Holder})
	for range 3 {
		must.Do(t, l.verify(e))
		time.Sleep(300 * time.Millisecond)
	}
	if victim.State() == zk.StateHasSession || !l.clients[1].works("/") {
		t.Errorf("the victim's state is %s, the other works %v", victim.State(), l.clients[1].works("/"))
	}
	l.heal(e)
	l.awaits("it works again", func() bool { return victim.works("/") })
	if victim.SessionID() != was {
		t.Error("another session")
	}
	if err := l.verify(e); err == nil {
		t.Error("a refusal that is over was seen")
	}
}

// Stalled messages pass after the heal, in order, and none is lost.
func TestStallLink(t *testing.T) {
	for _, way := range []link.Direction{link.Both, link.ToServer, link.ToClient} {
		t.Run(way.String(), func(t *testing.T) {
			inBubble(t, 2, func(l *lab) { stalled(l, way) })
		})
	}
}

func stalled(l *lab, way link.Direction) {
	t := l.t
	l.contend(0, 1)
	victim := l.clients[0]
	was := victim.SessionID()
	e := l.injected(faults.StallLink{Way: way, Who: faults.Holder})
	made := make(chan error, 1)
	go func() {
		_, err := victim.Create(l.folder()+"/stalled", nil, 0, open)
		made <- err
	}()
	must.Do(t, l.verify(e))
	time.Sleep(time.Second)
	select {
	case err := <-made:
		t.Errorf("answered: %v", err)
	default:
	}
	if there := slices.Contains(l.children(), "stalled"); there != (way == link.ToClient) {
		t.Errorf("the znode is there: %v", there)
	}
	l.heal(e)
	if err := <-made; err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if victim.SessionID() != was || victim.saw(zk.StateDisconnected) != 0 {
		t.Errorf("states %v", victim.states)
	}
	if err := l.verify(e); err == nil {
		t.Error("a stall that is over was seen")
	}
}

func TestSlowLink(t *testing.T) {
	inBubble(t, 2, func(l *lab) { slowed(l) })
}

func slowed(l *lab) {
	t := l.t
	for spec, least := range map[faults.SlowLink]time.Duration{
		{Who: faults.TheClient(0), By: 150 * time.Millisecond}: 300 * time.Millisecond,
		{Who: faults.TheClient(0)}:                             200 * time.Millisecond,
		{Who: faults.TheClient(0), Rate: 500}:                  100 * time.Millisecond,
	} {
		e := l.injected(spec)
		if err := l.verify(e); err != nil {
			t.Errorf("%s: %v", spec.Spec(), err)
		}
		began := time.Now()
		if !l.clients[0].works(l.folder()) {
			t.Errorf("%s: no answer", spec.Spec())
		}
		if took := time.Since(began); took < least {
			t.Errorf("%s: took %s", spec.Spec(), took)
		}
		l.awaits("the other is not slow", func() bool {
			began := time.Now()
			return l.clients[1].works("/") && time.Since(began) < least/2
		})
		l.heal(e)
		l.awaits("it is as fast as before", func() bool {
			began := time.Now()
			return l.clients[0].works("/") && time.Since(began) < least/2
		})
		if err := l.verify(e); err == nil {
			t.Errorf("%s: slowness that is over was seen", spec.Spec())
		}
	}
}

// A slow link is seen although another fault ends the client's server, or all of them for a while: a server that serves
// answers through it.
func TestSlowLinkWithoutServer(t *testing.T) {
	for name, nodes := range map[string]faults.Nodes{"one of three": faults.One, "all": faults.All} {
		t.Run(name, func(t *testing.T) {
			onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
				slow := l.injected(faults.SlowLink{Who: faults.Everyone, By: 50 * time.Millisecond})
				kill := l.seen(faults.Kill{Nodes: nodes})
				go func() {
					time.Sleep(2 * time.Second)
					if err := kill.Heal(context.Background()); err != nil {
						t.Error(err)
					}
				}()
				if err := l.verify(slow); err != nil {
					t.Error(err)
				}
				time.Sleep(4 * time.Second)
				l.heal(slow)
				l.whole(em.Clean)
			})
		})
	}
}

// A moved client has the same session on another server, or on the named one.
func TestMove(t *testing.T) {
	inBubble(t, 3, func(l *lab) { moved(l) })
}

func moved(l *lab) {
	t := l.t
	l.contend(0, 1)
	victim := l.clients[0]
	was := victim.SessionID()
	at := func(c *labClient) string {
		s, _ := c.link.Session()
		return s.Server
	}
	for range 3 {
		from := at(victim)
		e := l.injected(faults.Move{Who: faults.Holder})
		must.Do(t, l.verify(e))
		if at(victim) == from {
			t.Errorf("it is still at %s", from)
		}
		l.heal(e)
		l.awaits("it works there", func() bool { return victim.works("/") })
	}
	third := l.ensemble.Servers()[2].Addr()
	e, err := l.inject(faults.Move{Who: faults.TheClient(0), To: 3})
	if !errors.Is(err, faults.ErrNoTarget) { // the client may already be there
		if err != nil {
			t.Fatal(err)
		}
		l.heal(e)
	}
	if at(victim) != third || victim.SessionID() != was || victim.saw(zk.StateExpired) > 0 {
		t.Errorf("at %s, session %x was %x", at(victim), victim.SessionID(), was)
	}
	e = l.injected(faults.Move{Who: faults.Everyone})
	if n := len(e.Describe().Clients); n != len(l.clients) {
		t.Errorf("%d moved", n)
	}
	l.heal(e)
}

// The copy takes over the client's session, and the client gets it back in the end.
func TestDuplicate(t *testing.T) {
	inBubble(t, 2, func(l *lab) { duplicated(l) })
}

func duplicated(l *lab) {
	t := l.t
	l.contend(0, 1)
	victim := l.clients[0]
	was := victim.SessionID()
	e := l.injected(faults.Duplicate{Who: faults.Holder})
	must.Do(t, l.verify(e))
	// Each write after the copy connected finds that the session has moved.
	l.awaits("the copy came back", func() bool {
		victim.Set(l.folder(), nil, -1)
		return containing(victim.told(), history.FDisconnected) >= 3
	})
	l.heal(e)
	victim.Set(l.folder(), nil, -1)
	l.awaits("it works again", func() bool { return victim.works("/") })
	n := len(victim.told())
	time.Sleep(l.timeout)
	if len(victim.told()) != n {
		t.Errorf("after heal: %v", victim.told()[n:])
	}
	if victim.SessionID() != was || len(l.children()) != 2 || victim.saw(zk.StateExpired) > 0 {
		t.Errorf("session %x was %x, %v", victim.SessionID(), was, victim.told())
	}
	if got := l.clients[1].told(); len(got) != 1 {
		t.Errorf("the other's facts: %v", got)
	}
}

// In a mix, options that were left out are drawn: which client, which direction, how slow.
func TestClientFaultsInAMix(t *testing.T) {
	for _, list := range []string{"cut", "reset", "refuse", "stall-link", "slow-link", "move", "duplicate", "expire"} {
		x := must.Get(plan.Parse(list, time.Second))(t)
		who := map[string]int{}
		for _, s := range x.Plan(41*time.Second, newRand(3)) {
			for _, w := range []string{"holder", "waiter", "next", "any"} {
				if strings.Contains(s.Fault.Spec(), w) {
					who[w]++
				}
			}
		}
		if who["holder"]+who["waiter"]+who["next"] < 20 || len(who) != 4 {
			t.Errorf("%s: %v", list, who)
		}
	}
}

// Faults are recorded under their names, among other facts of the harness.
func TestNamesOfFaultsAreTheirOwn(t *testing.T) {
	for _, k := range faults.Kinds() {
		switch k.Name {
		case history.FBegin, history.FOffers, history.FPhase, history.FHealth, history.FStall, history.FDrained, history.FFinal, history.FEnd:
			t.Errorf("a fault is called %s, as a fact of the record is", k.Name)
		}
	}
}

// A failed move leaves neither a route nor a claim.
func TestMoveThatFails(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		ctx, cancel := context.WithCancel(l.t.Context())
		time.AfterFunc(3*time.Millisecond, cancel) // while clients are moving
		_, err := faults.Move{Who: faults.Everyone}.Inject(ctx, l.target, newRand(1))
		if err == nil {
			t.Fatal("no error")
		}
		l.clean()
		l.awaits("both work again", func() bool { return l.clients[0].works("/") && l.clients[1].works("/") })
	})
}

// With one server there is no target.
func TestMoveOnOneServer(t *testing.T) {
	onServers(t, embedded.Config{Nodes: 1}, func(l *lab, e *embedded.Ensemble) {
		if err := (faults.Move{}).Available(faults.Setting{Ensemble: e}); err == nil {
			t.Error("it is available")
		}
		if _, err := l.inject(faults.Move{Who: faults.Anyone}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("%v", err)
		}
		l.clean()
	})
}
