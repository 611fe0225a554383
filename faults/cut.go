package faults

import (
	"context"
	"math/rand/v2"
)

// Cut ends the connections of clients under their hands. They may connect again
// at once, to another server: their sessions live on.
type Cut struct {
	Who    Who
	orElse bool
}

var cutKind = kind{
	name:  "cut",
	about: "ends connections of clients; they may connect again at once",
	words: whoWords, word: whoWord, examples: whoExamples,
	build: func(a arguments) Fault { return Cut{Who: Who(a.word)} },
	vary: func(f Fault, n int, _ *rand.Rand) Fault {
		if f == (Cut{}) {
			f = Cut{Who: turn(n), orElse: true}
		}
		return f
	},
}

// Kind is "cut".
func (Cut) Kind() string { return "cut" }

// Spec is cut or cut:<who>.
func (f Cut) Spec() string { return spec("cut", string(f.Who)) }

// Available is always true: every client has a link.
func (Cut) Available(Setting) error { return nil }

// Inject cuts.
func (f Cut) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e, err := strikeLinks(ctx, t, rng, f.Spec(), choice{who: f.Who, orElse: f.orElse},
		cuts(func(c Client) int { return c.Link.Cut() }), backAgain)
	if err != nil {
		return nil, err
	}
	return onLinksOnce{onLinks: e}, nil
}
