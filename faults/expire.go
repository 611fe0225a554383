package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
)

// Who says whose session a fault is for.
type Who string

// The choices of clients. AnyWho takes turns: one that holds, one that waits,
// whoever comes; and where nobody does what its turn asks for, the next.
const (
	AnyWho   Who = ""
	Holder   Who = "holder"
	Waiter   Who = "waiter"
	Anyone   Who = "any"
	Everyone Who = "all"
)

// Expire ends sessions at once, while their clients are cut off: a second
// connection with the same session id and password closes the session, and the
// reply to that is the proof. The client learns of it when it reconnects.
type Expire struct {
	Who Who
	// orElse takes anybody where nobody does what Who asks for.
	orElse bool
}

// Kind is "expire".
func (Expire) Kind() string { return "expire" }

// Spec is expire or expire:<who>.
func (x Expire) Spec() string { return spec("expire", string(x.Who)) }

// Available is always true: sessions are the clients' own.
func (Expire) Available(ensemble.Ensemble) error { return nil }

// wait is how long Inject waits for somebody to do what is asked for.
const wait = 2 * time.Second

// Inject expires the chosen sessions, all at once.
func (x Expire) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	via, err := serving(ctx, t.Ensemble)
	if err != nil {
		return nil, err
	}
	e, err := x.seize(ctx, t, rng)
	if err != nil {
		return nil, err
	}
	results := make(chan error, len(e.victims))
	for _, v := range e.victims {
		go func() { results <- v.close(ctx, via) }()
	}
	for range e.victims {
		err = errors.Join(err, <-results)
	}
	if err != nil {
		return nil, errors.Join(err, e.Heal(ctx))
	}
	return e, nil
}

// seize cuts the victims off and keeps them so: everybody, or one who does
// what is asked for.
func (x Expire) seize(ctx context.Context, t *Target, rng *rand.Rand) (*expired, error) {
	e := &expired{step: history.FaultStep{Spec: x.Spec()}}
	if x.Who == Everyone {
		for _, c := range t.Clients {
			if hasSession(c) {
				e.add(cutOff(t, c))
			}
		}
		if len(e.victims) == 0 {
			return nil, fmt.Errorf("no client has a session: %w", ErrNoTarget)
		}
		return e, nil
	}
	for _, states := range x.preferences() {
		if e.one(ctx, t, states, rng) {
			return e, nil
		}
	}
	return nil, fmt.Errorf("nobody was there to expire as %s within %s: %w", x.Spec(), wait, ErrNoTarget)
}

// one seizes a client that is in one of the states at the moment of the cut. If
// it no longer was (a hold may end just before), the client is let go.
func (e *expired) one(ctx context.Context, t *Target, states []string, rng *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		ids := await(ctx, t, states)
		if len(ids) == 0 || ctx.Err() != nil {
			return false
		}
		c := t.client(ids[rng.IntN(len(ids))])
		if !hasSession(c) {
			time.Sleep(observed) // it still has to learn of the last expiry
			continue
		}
		v := cutOff(t, c)
		if slices.Contains(states, v.doing) && !v.finished {
			e.add(v)
			return true
		}
		v.release()
	}
}

// observed is longer than an event takes from the record to Activity.
const observed = 2 * time.Millisecond

// cutOff cuts a client's connections and keeps them so until it is released.
func cutOff(t *Target, c Client) *victim {
	session, _ := c.Link.Session()
	v := &victim{client: c, session: session, release: c.Link.Hold()}
	at := t.Now()
	c.Link.Cut()
	time.Sleep(observed)
	v.doing = t.Activity.At(c.ID, at)
	// A holder that had begun to release when it was cut would go on and do so.
	v.finished = v.doing == Holding && t.Activity.At(c.ID, t.Now()) != Holding
	return v
}

// hasSession says whether there is a session to end: not between two sessions.
func hasSession(c Client) bool {
	s, ok := c.Link.Session()
	return ok && s.Connected && !s.Dead
}

func (e *expired) add(v *victim) {
	e.victims = append(e.victims, v)
	e.step.Clients = append(e.step.Clients, v.client.ID)
	e.step.Sessions = append(e.step.Sessions, history.ID(v.session.ID))
	e.step.Holding = append(e.step.Holding, v.doing)
}

// preferences gives what the victim should be doing, best first.
func (x Expire) preferences() [][]string {
	anybody := []string{Holding, Waiting, Idle}
	switch {
	case x.Who == Holder && x.orElse:
		return [][]string{{Holding}, {Waiting}, anybody}
	case x.Who == Waiter && x.orElse:
		return [][]string{{Waiting}, {Holding}, anybody}
	case x.Who == Holder:
		return [][]string{{Holding}}
	case x.Who == Waiter:
		return [][]string{{Waiting}}
	}
	return [][]string{anybody}
}

// await waits for clients in one of the states, until ctx ends.
func await(ctx context.Context, t *Target, states []string) []int {
	for {
		ids, changed := t.Activity.Who(t.Clients, states...)
		if len(ids) > 0 {
			return ids
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *Target) client(id int) Client {
	for _, c := range t.Clients {
		if c.ID == id {
			return c
		}
	}
	return Client{}
}

// serving gives the servers that answer and are part of a majority now.
func serving(ctx context.Context, e ensemble.Ensemble) ([]string, error) {
	var addrs []string
	for _, s := range e.Servers() {
		if _, err := s.Status(ctx); err == nil {
			addrs = append(addrs, s.Addr())
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("no server serves: %w", ErrNoTarget)
	}
	return addrs, nil
}

// expired is the effect: sessions that were closed while their clients were
// held back.
type expired struct {
	step    history.FaultStep
	victims []*victim
}

type victim struct {
	client   Client
	session  link.Session
	zxid     int64
	doing    string // at the moment of the cut
	finished bool   // it held then, and has given the hold up since
	release  func() // lets the client connect again
}

// close goes through another server than the victim's, where there is one, and
// through the next if one is of no use just now.
func (v *victim) close(ctx context.Context, via []string) (err error) {
	for _, addr := range v.ways(via) {
		var once error
		v.zxid, once = v.client.Link.ExpireSession(ctx, v.session.ID, addr)
		if once == nil {
			return nil
		}
		err = errors.Join(err, once)
	}
	return fmt.Errorf("close session %s of client %d: %w", history.ID(v.session.ID), v.client.ID, err)
}

// ways puts the victim's own server last.
func (v *victim) ways(via []string) []string {
	var others, own []string
	for _, addr := range via {
		if addr == v.session.Server {
			own = append(own, addr)
		} else {
			others = append(others, addr)
		}
	}
	return append(others, own...)
}

func (e *expired) Describe() history.FaultStep { return e.step }

// Verify asks for the zxid of each closeSession: the server's own proof that
// it was committed. (Reconnecting would revive a session that still lives.)
func (e *expired) Verify(context.Context) error {
	for _, v := range e.victims {
		if v.zxid == 0 {
			return fmt.Errorf("no closeSession of %s was acknowledged", history.ID(v.session.ID))
		}
	}
	return nil
}

// Heal lets the clients connect again: they are told that they expired.
func (e *expired) Heal(context.Context) error {
	for _, v := range e.victims {
		v.release()
	}
	return nil
}
