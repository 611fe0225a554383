package faults

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Reset resets the connections of clients, as a server that dies or a firewall that loses
// its state does: both ends read "connection reset". The clients may connect again at once.
type Reset struct {
	Who Who
}

var _ = declare(kinds.Reset, ofClients(Kind{
	About: "resets connections of clients, which may reconnect at once",
	guide: []row{{"", "as `cut`, but both ends get \"connection reset\"", "the same", ""}},
	at:    atMessages{which: link.AnyMessage},
}, func(who Who) Fault { return Reset{who} }))

// Kind returns "reset".
func (Reset) Kind() string { return kinds.Reset.Name }

// Spec returns reset or reset:<who>.
func (f Reset) Spec() string { return spec(kinds.Reset, string(f.Who)) }

// Available returns nil: every client has a link.
func (Reset) Available(Setting) error { return nil }

// Inject resets the connections.
func (f Reset) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e, err := hitLinks(ctx, t, rng, f.Spec(), choice{who: f.Who},
		cuts(func(c Client) int { return c.Link.Reset() }), backAgain)
	if err != nil {
		return nil, err
	}
	return onLinksOnce{onLinks: e}, nil
}
