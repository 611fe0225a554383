package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Duplicate uses the session of a client a second time, as a copy of its process with the
// same session id and password would. The session belongs to the last that connected. If
// both are on one server, the other loses its connection at once; otherwise it gets an
// error at its next write, and then loses it. The copy pings for a while and leaves without
// closing the session. It comes again until the fault ends.
type Duplicate struct {
	Who Who
}

var _ = declare(kinds.Duplicate, ofClients(Kind{
	About: "uses sessions of clients from a second connection, in turn with them",
	guide: []row{{"", "a second connection uses the session in turn with the client", "the server accepts the second connection", "the second connection is closed"}},
}, func(who Who) Fault { return Duplicate{who} }))

// Kind returns "duplicate".
func (Duplicate) Kind() string { return kinds.Duplicate.Name }

// Spec returns duplicate or duplicate:<who>.
func (f Duplicate) Spec() string { return spec(kinds.Duplicate, string(f.Who)) }

// Available returns nil: every client has its own session.
func (Duplicate) Available(Setting) error { return nil }

// Inject starts a copy of each client.
func (f Duplicate) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers := serving(ctx, t.Ensemble)
	if len(servers) == 0 {
		return nil, errNobodyServes
	}
	all, err := choice{who: f.Who}.hit(ctx, t, rng, nothingYet)
	if err != nil {
		return nil, err
	}
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	e := &duplicated{victims: all, effect: effect{step: all.step(f.Spec())}, stop: stop, copies: map[*victim]*double{}}
	for _, s := range all {
		d := &double{of: s, servers: servers, dial: t.Ensemble.Dial, took: make(chan struct{}), pause: copyPause + time.Duration(rng.Int64N(int64(copyPause)))}
		e.copies[s] = d
		e.running.Go(func() { d.use(live) })
	}
	return e, nil
}

// copyStay is how long a copy uses the session at a time. copyPause is the least time that
// it then stays away; the most is twice that.
const (
	copyStay  = 500 * time.Millisecond
	copyPause = 250 * time.Millisecond
)

type duplicated struct {
	effect
	victims victims
	copies  map[*victim]*double
	stop    func()
	running sync.WaitGroup
}

// double is the copy of one client.
type double struct {
	of      *victim
	servers []ensemble.Server
	dial    ensemble.DialFunc
	pause   time.Duration
	taken   sync.Once
	took    chan struct{} // closed once it has taken the session
}

// use takes the session again and again until ctx ends.
func (d *double) use(ctx context.Context) {
	for n := 0; ; n++ {
		d.once(ctx, d.servers[n%len(d.servers)])
		if !doze(ctx, d.pause) {
			return
		}
	}
}

// once takes the session through a server and pings until it leaves, or the client takes
// the session back.
func (d *double) once(ctx context.Context, s ensemble.Server) {
	session := d.of.session.Session
	ctx, cancel := context.WithTimeout(ctx, copyStay)
	defer cancel()
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: session, PingEvery: max(session.Timeout/20, time.Millisecond),
		Dial: func(context.Context) (net.Conn, error) { return d.dial("tcp", s.Addr(), time.Second) },
	})
	if err != nil {
		return
	}
	defer conn.Close()
	if conn.Response().Session == session.ID {
		d.taken.Do(func() { close(d.took) })
	}
	for err == nil {
		_, err = conn.Next(ctx)
	}
}

// Verify waits until a server has given each session to its copy. The server's response is
// the proof; the client has another connection or none.
func (e *duplicated) Verify(ctx context.Context) error {
	return e.victims.each(func(s *victim) error {
		select {
		case <-e.copies[s].took:
		case <-ctx.Done():
			return fmt.Errorf("no server gave the session of client %d to a second connection", s.client.ID)
		}
		if now, _ := s.client.Link.Session(); now.ID != s.session.ID {
			return fmt.Errorf("client %d has another session", s.client.ID)
		}
		return nil
	})
}

// Heal ends the copies, not the sessions.
func (e *duplicated) Heal(context.Context) error {
	e.stop()
	e.running.Wait()
	e.victims.undo()
	return nil
}
