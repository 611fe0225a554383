package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
	"github.com/zklab/zklab/link"
)

// Silence lets sessions expire on their own: nothing passes between client and servers
// until the servers have ended the session. Its duration does not depend on the step: it
// lasts up to the session timeout and a tick, and longer if a leader is elected meanwhile.
type Silence struct {
	Who Who
}

var _ = declare(kinds.Silence, ofClients(Kind{
	About: "silences clients until their sessions expire",
	guide: []row{{"", "nothing passes until the session times out", "its ephemeral znodes are gone", "the client may connect, and learns of the expiry"}},
}, func(who Who) Fault { return Silence{who} }))

// Kind returns "silence".
func (Silence) Kind() string { return kinds.Silence.Name }

// Spec returns silence or silence:<who>.
func (f Silence) Spec() string { return spec(kinds.Silence, string(f.Who)) }

// Available returns nil: every client has a link.
func (Silence) Available(Setting) error { return nil }

// Inject silences the clients.
func (f Silence) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	do := func(c Client) (func(), error) { return c.Link.Stall(link.Both), nil }
	all, err := choice{who: f.Who}.hit(ctx, t, rng, do)
	if err != nil {
		return nil, err
	}
	return &silenced{target: t, victims: all, effect: effect{step: all.doing(f.Spec())}, began: time.Now()}, nil
}

type silenced struct {
	effect
	atOnce  // after it was verified
	target  *Target
	victims victims
	began   time.Time
}

// settle is how long a request on its way may take to be carried out.
const settle = 300 * time.Millisecond

// Verify waits until the servers have ended each session.
func (e *silenced) Verify(ctx context.Context) error {
	if !doze(ctx, settle) {
		return context.Cause(ctx)
	}
	return e.victims.each(func(s *victim) error {
		err := e.ended(ctx, s)
		if err != nil {
			return fmt.Errorf("session %s of client %d: %w", history.ID(s.session.ID), s.client.ID, err)
		}
		return nil
	})
}

// ended waits for the end of one session. The best proof leaves the session alone: one of
// its ephemerals is gone although its client has been silent. If the session has no
// ephemeral, ended reconnects with the session's id once it must have expired. A server
// that still has the session would revive it, but then the fault has failed anyway.
func (e *silenced) ended(ctx context.Context, s *victim) error {
	ephemeral, err := e.target.ephemeralOf(ctx, s)
	if err != nil {
		return err
	}
	for ephemeral != "" {
		found, err := e.target.owns(ctx, s, ephemeral)
		if err != nil || !found {
			return err
		}
		if !doze(ctx, settle/3) {
			return fmt.Errorf("its ephemeral %s is still there after %s", ephemeral, time.Since(e.began))
		}
	}
	tick := e.target.Ensemble.Profile().Tick
	if !doze(ctx, time.Until(e.began.Add(s.session.Timeout+3*tick))) {
		return context.Cause(ctx)
	}
	return e.target.isRefused(ctx, s)
}

// ephemeralOf finds an ephemeral znode of a session, in the folder of the object that its
// client uses; "" if there is none.
func (t *Target) ephemeralOf(ctx context.Context, s *victim) (string, error) {
	key := t.Activity.Key(s.client.ID)
	if t.Admin == nil || key == "" {
		return "", nil
	}
	line, err := fenced(ctx, t, func() ([]contender, error) { return t.line(ctx, t.Root+"/"+key) })
	if errors.Is(err, zk.ErrNoNode) {
		return "", nil
	}
	for _, x := range line {
		if x.owner == s.session.ID {
			return t.Root + "/" + key + "/" + x.name, nil
		}
	}
	return "", err
}

// owns reports whether a session's ephemeral is there, by a fenced read.
func (t *Target) owns(ctx context.Context, s *victim, path string) (bool, error) {
	return fenced(ctx, t, func() (bool, error) {
		found, stat, err := t.Admin.Exists(path)
		return found && stat.EphemeralOwner == s.session.ID, err
	})
}

// isRefused returns nil if a server that serves refuses the session.
func (t *Target) isRefused(ctx context.Context, s *victim) error {
	servers := serving(ctx, t.Ensemble)
	if len(servers) == 0 {
		return errors.New("no server serves, so no server knows that it ended")
	}
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: s.session.Session,
		Dial:    func(context.Context) (net.Conn, error) { return t.Ensemble.Dial("tcp", servers[0].Addr(), time.Second) },
	})
	if err == nil {
		conn.Close()
		return errors.New("a server still takes it")
	}
	if !errors.Is(err, wire.ErrRefused) {
		return fmt.Errorf("it was not refused, but: %w", err)
	}
	return nil
}

// Heal lets the clients connect again; they are told that their sessions expired.
func (e *silenced) Heal(context.Context) error {
	e.victims.undo()
	return nil
}
