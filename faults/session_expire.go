package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// Expire ends sessions at once, while their clients are cut off. A second connection with
// the same session id and password closes the session; the reply to the close is the proof.
// The client learns of it when it reconnects.
type Expire struct {
	Who Who
}

var _ = declare(kinds.Expire, ofClients(Kind{
	About: "ends sessions of clients at once",
	guide: []row{{"", "a second connection closes the session at once, while the client is cut off", "the reply to the close", "the client may connect, and learns of the expiry"}},
	at:    atMessages{which: link.Requests | link.Replies | link.Events}, // there is no session while it connects
}, func(who Who) Fault { return Expire{who} }))

// Kind returns "expire".
func (Expire) Kind() string { return kinds.Expire.Name }

// Spec returns expire or expire:<who>.
func (x Expire) Spec() string { return spec(kinds.Expire, string(x.Who)) }

// Available returns nil: every client has its own session.
func (Expire) Available(Setting) error { return nil }

// Inject expires the chosen sessions, all at once.
func (x Expire) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	via := serving(ctx, t.Ensemble)
	if len(via) == 0 {
		return nil, errNobodyServes
	}
	victims, err := choice{who: x.Who}.hit(ctx, t, rng, seize)
	if err != nil {
		return nil, err
	}
	e := &expired{effect: effect{step: victims.doing(x.Spec())}, victims: victims, closed: map[int64]int64{}}
	if err := victims.each(func(v *victim) error { return e.close(ctx, v, via, t.Ensemble) }); err != nil {
		return nil, errors.Join(err, e.Heal(ctx))
	}
	return e, nil
}

// betweenTries is how long close waits for a server that can close the session.
const betweenTries = 100 * time.Millisecond

// seize cuts a client's connections and keeps it disconnected until release.
func seize(c Client) (release func(), err error) {
	release = c.Link.Hold()
	c.Link.Cut()
	return release, nil
}

// expired is the effect: sessions that were closed while their clients were cut off.
type expired struct {
	effect
	atOnce
	victims victims

	mu     sync.Mutex
	closed map[int64]int64 // session to the zxid of its close
}

// close connects through another server than the victim's if there is one, and tries the
// next server if that fails. While the servers elect a leader, which another fault may have
// just killed, none of them can close a session: close asks again until the session would
// have timed out. It gives up when a server answers that the session is gone: the client may
// have closed it.
func (e *expired) close(ctx context.Context, v *victim, via []ensemble.Server, in ensemble.Ensemble) error {
	ctx, cancel := context.WithTimeout(ctx, v.session.Timeout)
	defer cancel()
	for {
		err := errNobodyServes
		for _, addr := range v.ways(via) {
			zxid, once := v.client.Link.ExpireSession(ctx, v.session.ID, addr)
			if once == nil {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.closed[v.session.ID] = zxid
				return nil
			}
			err = once
		}
		if errors.Is(err, wire.ErrRefused) || await.Sleep(ctx, betweenTries) != nil {
			return fmt.Errorf("close session %s of client %d: %w", history.ID(v.session.ID), v.client.ID, err)
		}
		via = serving(ctx, in)
	}
}

// ways puts the victim's own server last.
func (v *victim) ways(via []ensemble.Server) []string {
	var others, own []string
	for _, s := range via {
		if s.Addr() == v.session.Server {
			own = append(own, s.Addr())
		} else {
			others = append(others, s.Addr())
		}
	}
	return append(others, own...)
}

// Verify checks that each closeSession has a zxid: the server's own proof that it was
// committed. (Reconnecting would revive a session that still lives.)
func (e *expired) Verify(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.victims {
		if e.closed[v.session.ID] == 0 {
			return fmt.Errorf("no closeSession of %s was acknowledged", history.ID(v.session.ID))
		}
	}
	return nil
}

// Heal lets the clients connect again; they are told that their sessions expired.
func (e *expired) Heal(context.Context) error {
	e.victims.undo()
	return nil
}
