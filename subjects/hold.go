package subjects

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
)

// Fencer is a hold that has a fencing token, which rises with every grant. Without it the
// fencing property is not checked. Fence is called while the hold is held.
type Fencer interface{ Fence() int64 }

// Holder says when a hold is lost. The channel belongs to the present hold and is closed
// when that is lost. It is safe for concurrent use.
type Holder interface{ Lost() <-chan struct{} }

// Asked is a Holder in another process: what Lost says here may be late. Held asks whether
// the Lost channel of the present hold is open in that process; the answer was true at some
// moment between call and return.
type Asked interface {
	Held(ctx context.Context) (bool, error)
}

// Owner returns the session that owns the present hold's znode. It is called while the hold
// is held.
type Owner interface{ Session() int64 }

// What a hold may offer to another process, beyond its operations.
const (
	OfferFence   = "fence"   // acquire returns a token (Fencer)
	OfferSession = "session" // acquire returns the session that owns the hold (Owner)
	OfferLost    = "lost"    // a loss is reported, and confirm is implemented (Holder, Asked)
)

// HoldOffers returns everything that every hold may offer.
func HoldOffers() []string { return []string{OfferFence, OfferSession, OfferLost} }

// Granted is the answer to acquire. What the subject offers is set; the rest is 0.
type Granted struct {
	Token   history.ID `json:"token,omitempty"`
	Session history.ID `json:"session,omitempty"`
}

// Validate checks that everything offered is set. Its error continues a sentence that
// begins with "answered".
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

// held is the answer to confirm.
type held struct {
	Held bool `json:"held,omitempty"`
}

// serveHold serves a hold.
func serveHold(subject any, acquire, release func(context.Context) error) *Served {
	h := &servedHold{}
	fencer, fences := Offered[Fencer](subject)
	owner, owns := Offered[Owner](subject)
	holder, tells := Offered[Holder](subject)
	s := &Served{Subject: subject, Begins: models.FAcquire, Ends: models.FRelease, Operations: map[string]Operation{
		models.FAcquire: func(ctx context.Context, _ json.RawMessage) (any, error) {
			if err := acquire(ctx); err != nil {
				return nil, err
			}
			h.set(true)
			var g Granted
			if fences {
				g.Token = history.ID(fencer.Fence())
			}
			if owns {
				g.Session = history.ID(owner.Session())
			}
			return g, nil
		},
		models.FRelease: plain(func(ctx context.Context) error {
			if err := release(ctx); err != nil {
				return err
			}
			h.set(false)
			return nil
		}),
	}}
	if fences {
		s.Offers = append(s.Offers, OfferFence)
	}
	if owns {
		s.Offers = append(s.Offers, OfferSession)
	}
	if tells {
		s.Offers = append(s.Offers, OfferLost)
		s.Lost = holder.Lost
		s.Operations[models.FConfirm] = func(context.Context, json.RawMessage) (any, error) {
			return held{h.is() && !await.Closed(holder.Lost())}, nil
		}
	}
	return s
}

// servedHold knows whether there is a hold, lost or not.
type servedHold struct {
	mu   sync.Mutex
	held bool
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

// remoteHold is a hold in another process.
type remoteHold struct {
	Object

	mu      sync.Mutex
	granted Granted // of the latest hold; zero before the first
	lost    <-chan struct{}
}

func (h *remoteHold) acquire(ctx context.Context) error { return h.acquireAs(ctx, nil) }

// acquireAs acquires a hold with a wish, its argument.
func (h *remoteHold) acquireAs(ctx context.Context, wish any) error {
	var g Granted
	return h.acquireFor(ctx, wish, &g, &g)
}

// acquireFor is acquireAs with an answer that has a grant in it.
func (h *remoteHold) acquireFor(ctx context.Context, wish, answer any, g *Granted) error {
	lost, err := h.Hold(ctx, models.FAcquire, wish, answer)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.granted, h.lost = *g, lost
	return nil
}

func (h *remoteHold) release(ctx context.Context) error {
	return h.Call(ctx, models.FRelease, nil, nil)
}

// Offered returns what the other process offers.
func (h *remoteHold) Offered(target any) bool {
	offer := ""
	switch t := target.(type) {
	case *Fencer:
		offer, *t = OfferFence, remoteGrant{h}
	case *Owner:
		offer, *t = OfferSession, remoteGrant{h}
	case *Holder:
		offer, *t = OfferLost, remoteGrant{h}
	case *Asked:
		offer, *t = OfferLost, remoteGrant{h}
	case *Closer:
		*t = h
		return true
	}
	return offer != "" && h.Offers(offer)
}

// remoteGrant is what a hold in another process may offer.
type remoteGrant struct{ of *remoteHold }

func (g remoteGrant) latest() (Granted, <-chan struct{}) {
	g.of.mu.Lock()
	defer g.of.mu.Unlock()
	return g.of.granted, g.of.lost
}

func (g remoteGrant) Fence() int64 {
	latest, _ := g.latest()
	return int64(latest.Token)
}

func (g remoteGrant) Session() int64 {
	latest, _ := g.latest()
	return int64(latest.Session)
}

// Lost returns nil before the first hold; a nil channel never closes.
func (g remoteGrant) Lost() <-chan struct{} {
	_, lost := g.latest()
	return lost
}

func (g remoteGrant) Held(ctx context.Context) (bool, error) {
	var h held
	err := g.of.Call(ctx, models.FConfirm, nil, &h)
	return h.Held, err
}
