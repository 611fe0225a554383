package faults

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Cut ends the connections of clients. The clients may connect again at once, to another
// server; their sessions live on.
type Cut struct {
	Who Who
}

var _ = declare(kinds.Cut, ofClients(Kind{
	About: "closes connections of clients, which may reconnect at once",
	guide: []row{{"", "connections are closed; clients may reconnect at once", "those connections are gone", ""}},
	at:    atMessages{which: link.AnyMessage},
}, func(who Who) Fault { return Cut{who} }))

// Kind returns "cut".
func (Cut) Kind() string { return kinds.Cut.Name }

// Spec returns cut or cut:<who>.
func (f Cut) Spec() string { return spec(kinds.Cut, string(f.Who)) }

// Available returns nil: every client has a link.
func (Cut) Available(Setting) error { return nil }

// Inject cuts the connections.
func (f Cut) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e, err := hitLinks(ctx, t, rng, f.Spec(), choice{who: f.Who},
		cuts(func(c Client) int { return c.Link.Cut() }), backAgain)
	if err != nil {
		return nil, err
	}
	return onLinksOnce{onLinks: e}, nil
}
