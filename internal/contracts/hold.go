package contracts

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/subjects"
)

// Asked is a Holder in another process. Its Lost channel may close late in this process. Held asks the
// other process whether the Lost channel of the present hold is open there; the answer was right at
// some moment between call and return.
type Asked interface {
	Held(ctx context.Context) (bool, error)
}

// Offers that an adapter may declare for a hold, in addition to its operations.
const (
	OfferFence   = "fence"   // acquire returns a token (Fencer)
	OfferSession = "session" // acquire returns the session that owns the hold (Owner)
	OfferLost    = "lost"    // a loss is reported, and confirm is implemented (Holder, Asked)
)

// Granted is the answer to acquire. The fields for which the subject has the offer are set; the others
// are 0.
type Granted struct {
	Token   history.ID `json:"token,omitempty"`
	Session history.ID `json:"session,omitempty"`
}

// Validate checks that the field of each offer is set. Its error continues a sentence that begins with
// "answered".
func (g *Granted) Validate(offers func(string) bool) error {
	for _, must := range []struct {
		offer string
		given bool
	}{{OfferFence, g.Token != 0}, {OfferSession, g.Session != 0}} {
		if offers(must.offer) && !must.given {
			return fmt.Errorf("without the %s that it offers", must.offer)
		}
	}
	return nil
}

// acquires declares the operation that acquires a hold.
func acquires[S any](acquire func(S, context.Context) error) *Op[S, None, Granted] {
	return asks(models.FAcquire, func(s S, ctx context.Context) (g Granted, err error) {
		if err = acquire(s, ctx); err == nil {
			g = grantOf(s)
		}
		return g, err
	})
}

// releases declares the operation that releases a hold.
func releases[S any](release func(S, context.Context) error) *Op[S, None, None] {
	return does(models.FRelease, release)
}

// grantOf returns what a subject reports about its present hold.
func grantOf(subject any) (g Granted) {
	if f, ok := subjects.Offered[subjects.Fencer](subject); ok {
		g.Token = history.ID(f.Fence())
	}
	if o, ok := subjects.Offered[subjects.Owner](subject); ok {
		g.Session = history.ID(o.Session())
	}
	return g
}

// holds returns the contract of subjects whose clients acquire and release a hold.
func holds[S, M any](m *models.Model, with string, operations ...operation[S]) *Contract[S, M] {
	return &Contract[S, M]{
		model: m, with: with, operations: operations,
		offers: []offer{offers[subjects.Fencer](OfferFence), offers[subjects.Owner](OfferSession), offers[subjects.Holder](OfferLost)},
		wrap:   func(o subjects.Object) subjects.Object { return &remoteHold{Object: o} },
		serves: func(s S, to *subjects.Served) { serveHold(s, to) },
	}
}

// held is the answer to confirm.
type held struct {
	Held bool `json:"held,omitempty"`
}

// serveHold adds the reports that zklab gets about a hold in addition to the answers of operations: that it
// was lost, and whether it lasts.
func serveHold(subject any, to *subjects.Served) {
	to.Begins, to.Ends = models.FAcquire, models.FRelease
	holder, tells := subjects.Offered[subjects.Holder](subject)
	if !tells {
		return
	}
	h := &servedHold{}
	h.follow(to, models.FAcquire, true)
	h.follow(to, models.FRelease, false)
	to.Lost = holder.Lost
	to.Operations[models.FConfirm] = func(context.Context, json.RawMessage) (any, error) {
		return held{h.is() && !await.Closed(holder.Lost())}, nil
	}
}

// servedHold remembers whether there is a hold, lost or not.
type servedHold struct {
	mu   sync.Mutex
	held bool
}

// follow wraps an operation: after each success, is tells whether there is a hold.
func (h *servedHold) follow(to *subjects.Served, operation string, is bool) {
	call := to.Operations[operation]
	to.Operations[operation] = func(ctx context.Context, value json.RawMessage) (any, error) {
		answer, err := call(ctx, value)
		if err == nil {
			h.set(is)
		}
		return answer, err
	}
}

func (h *servedHold) set(is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = is
}

func (h *servedHold) is() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held
}

// remoteHold is a hold in another process. It implements [subjects.Holder] and [Asked] if the other
// process has that offer.
type remoteHold struct {
	subjects.Object

	mu   sync.Mutex
	lost <-chan struct{} // of the latest hold; nil before the first
}

// Call implements [subjects.Object].
func (h *remoteHold) Call(ctx context.Context, operation string, value, result any) error {
	if operation != models.FAcquire {
		return h.Object.Call(ctx, operation, value, result)
	}
	lost, err := h.Hold(ctx, operation, value, result)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = lost
	return nil
}

// Offered implements the interfaces that the other process offers.
func (h *remoteHold) Offered(target any) bool {
	switch t := target.(type) {
	case *subjects.Holder:
		*t = remoteGrant{h}
	case *Asked:
		*t = remoteGrant{h}
	case *subjects.Closer:
		*t = h
		return true
	default:
		return false
	}
	return h.Offers(OfferLost)
}

// remoteGrant is the present grant of a hold in another process.
type remoteGrant struct{ of *remoteHold }

// Lost returns nil before the first hold; a nil channel never closes.
func (g remoteGrant) Lost() <-chan struct{} {
	g.of.mu.Lock()
	defer g.of.mu.Unlock()
	return g.of.lost
}

func (g remoteGrant) Held(ctx context.Context) (bool, error) {
	var h held
	err := g.of.Call(ctx, models.FConfirm, nil, &h)
	return h.Held, err
}
