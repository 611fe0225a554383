package faults_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// looks makes client 0 read a seat, and delete it if the session owner owns it.
func (l *lab) looks(seat string, owner int64) (done <-chan error) {
	over := make(chan error, 1)
	c := l.clients[0]
	go func() {
		there, stat, err := c.Exists(seat)
		if err == nil && there && stat.EphemeralOwner == owner {
			err = c.Delete(seat, stat.Version)
		}
		over <- err
	}()
	return over
}

// takes makes a client take the seat when it is free.
func (l *lab) takes(client int, seat string) (took <-chan struct{}) {
	done := make(chan struct{})
	c := l.clients[client]
	go func() {
		defer close(done)
		for {
			_, err := c.Create(seat, nil, zk.FlagEphemeral, open)
			if err == nil {
				return
			}
			if _, _, free, err := c.ExistsW(seat); err == nil {
				<-free
			}
		}
	}()
	return done
}

// earlierSession returns another session on the link of client 0.
func (l *lab) earlierSession() *zk.Conn {
	l.t.Helper()
	c, events, err := zkconn.Open(l.t.Context(), zkconn.Config{Servers: []string{l.ensemble.Servers()[0].Addr()}, Timeout: l.timeout, Dial: l.clients[0].link.Dial})
	if err != nil {
		l.t.Fatal(err)
	}
	go func() {
		for range events {
		}
	}()
	return c
}

// injecting injects a fault that waits for something to happen.
func (l *lab) injecting(f faults.Fault) (injected <-chan faults.Effect) {
	effects := make(chan faults.Effect, 1)
	go func() { effects <- l.injected(f) }()
	time.Sleep(time.Millisecond)
	return effects
}

// A client that checks whether a seat is its own is frozen until its session has expired and another
// client has the seat.
func TestFreezeOwner(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		l.target.Lasts = time.Minute
		seat := l.folder() + "/seat"
		mine := l.clients[0].SessionID()
		<-l.takes(0, seat)
		took := l.takes(1, seat)
		injected := l.injecting(faults.Freeze{Who: faults.Owner})
		began := time.Now()
		done := l.looks(seat, mine)
		e := <-injected
		l.effects = append(l.effects, e)
		must.Do(t, l.verify(e))
		if d := e.Describe(); len(d.Clients) != 1 || d.Clients[0] != 0 || !strings.Contains(d.Detail, seat+" of session") || !hosts[0].frozen {
			t.Errorf("described as %+v", d)
		}
		select {
		case <-done:
			t.Error("the client has the answer")
		default:
		}
		<-took
		<-e.(faults.Ending).Ended()
		if took := time.Since(began); took < labTimeout || took > 2*labTimeout {
			t.Errorf("it lasted %s", took)
		}
		l.heal(e)
		<-done
	})
}

// A client that is shown what an earlier session has left keeps its own session, and then deletes
// another client's znode.
func TestFreezeReturned(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		l.target.Lasts = time.Minute
		seat := l.folder() + "/seat"
		before := l.earlierSession()
		defer before.Close()
		must.Get(before.Create(seat, nil, zk.FlagEphemeral, open))(t)
		took := l.takes(1, seat)
		injected := l.injecting(faults.Freeze{Who: faults.Returned})
		mine := l.clients[0].SessionID()
		done := l.looks(seat, before.SessionID())
		e := <-injected
		l.effects = append(l.effects, e)
		if err := l.verify(e); err != nil || !hosts[0].frozen {
			t.Fatal(err)
		}
		must.Get(l.clients[0].link.ExpireSession(l.t.Context(), before.SessionID(), l.ensemble.Servers()[0].Addr()))(t)
		<-took
		<-e.(faults.Ending).Ended()
		l.heal(e)
		if err := <-done; err != nil || l.clients[0].SessionID() != mine {
			t.Errorf("it deleted nothing: %v", err)
		}
		l.awaits("the seat is free", func() bool {
			there, _, err := l.target.Admin.Exists(seat)
			return err == nil && !there
		})
	})
}

// If no client is shown such a znode in time, there is no target, and nothing is left.
func TestFreezeOwnerFindsNone(t *testing.T) {
	inBubble(t, 2, func(l *lab) {
		hosts := hosted(l)
		done := l.looks(l.folder(), 0)
		if _, err := l.inject(faults.Freeze{Who: faults.Owner}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("%v", err)
		}
		<-done
		l.clean()
		if hosts[0].frozen || hosts[1].frozen {
			t.Errorf("%+v", hosts)
		}
	})
}
