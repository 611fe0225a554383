package faults

import (
	"context"
	"math/rand/v2"
)

// Reset resets the connections of clients, as a server that dies or a firewall that
// forgets does: both ends read "connection reset". They may connect again at once.
type Reset struct {
	Who    Who
	orElse bool
}

var resetKind = kind{
	name:  "reset",
	about: "resets connections of clients; they may connect again at once",
	words: whoWords, word: whoWord, examples: whoExamples,
	build: func(a arguments) Fault { return Reset{Who: Who(a.word)} },
	vary: func(f Fault, n int, _ *rand.Rand) Fault {
		if f == (Reset{}) {
			f = Reset{Who: turn(n), orElse: true}
		}
		return f
	},
}

// Kind is "reset".
func (Reset) Kind() string { return "reset" }

// Spec is reset or reset:<who>.
func (f Reset) Spec() string { return spec("reset", string(f.Who)) }

// Available is always true: every client has a link.
func (Reset) Available(Setting) error { return nil }

// Inject resets.
func (f Reset) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e, err := strikeLinks(ctx, t, rng, f.Spec(), choice{who: f.Who, orElse: f.orElse},
		cuts(func(c Client) int { return c.Link.Reset() }), backAgain)
	if err != nil {
		return nil, err
	}
	return onLinksOnce{onLinks: e}, nil
}
