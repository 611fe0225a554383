package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// StallLink lets nothing pass between clients and servers, in one direction or both, while
// it lasts. Connections stay open, nothing is lost, and everything arrives in order
// afterwards. If it lasts longer than the session timeout, the session expires.
type StallLink struct {
	Way  link.Direction
	Who  Who
	open bool // the direction was left out
}

var ways = map[string]link.Direction{
	link.Both.String(): link.Both, link.ToServer.String(): link.ToServer, link.ToClient.String(): link.ToClient,
}

var _ = declare(kinds.StallLink, Kind{
	About:   "stops traffic between clients and servers, in one direction or both",
	guide:   []row{{"", "nothing passes, but nothing is lost", "a request that gets no answer", "everything is delivered in order"}},
	words:   words{list: []string{link.Both.String(), link.ToServer.String(), link.ToClient.String()}},
	Options: []Option{whoOption},
	build: func(a arguments) Fault {
		return StallLink{Way: ways[a.word], Who: Who(a.options["who"]), open: a.word == ""}
	},
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		s := f.(StallLink)
		if s.open {
			s.Way, s.open = []link.Direction{link.Both, link.ToServer, link.ToClient}[rng.IntN(3)], false
		}
		if s.Who == AnyWho {
			s.Who = drawnWho(n)
		}
		return s
	},
})

// Kind returns "stall-link".
func (StallLink) Kind() string { return kinds.StallLink.Name }

// Spec returns stall-link, with the direction and the clients if they were given.
func (f StallLink) Spec() string {
	way := f.Way.String()
	if f.open {
		way = ""
	}
	return withOption(spec(kinds.StallLink, way), "who", string(f.Who))
}

// Available returns nil: every client has a link.
func (StallLink) Available(Setting) error { return nil }

// Inject stalls the links.
func (f StallLink) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	do := func(c Client) (func(), error) { return c.Link.Stall(f.Way), nil }
	e, err := hitLinks(ctx, t, rng, f.Spec(), choice{who: f.Who}, do, f.seen)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// seen asks a server through the link, which must not answer, and counts the frames that
// reach the client meanwhile. (Frames in the other direction are counted when they are
// sent.)
func (f StallLink) seen(ctx context.Context, s *victim) error {
	_, before := s.client.Link.Passed()
	if _, err := asksThrough(ctx, s, s.session.Server, noAnswer); err == nil {
		return errors.New("a server answered it")
	}
	if _, now := s.client.Link.Passed(); f.Way != link.ToServer && now != before {
		return fmt.Errorf("%d frames came to it", now-before)
	}
	return nil
}
