package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Refuse cuts clients off and refuses each new connection at once while it lasts. If it
// lasts longer than the session timeout, the session expires.
type Refuse struct {
	Who Who
}

var _ = declare(kinds.Refuse, ofClients(Kind{
	About: "cuts clients off: all servers refuse their connections",
	guide: []row{{"", "connections are closed, and new ones refused", "a refused connection", "connections are accepted"}},
	at:    atMessages{which: link.AnyMessage},
}, func(who Who) Fault { return Refuse{who} }))

// Kind returns "refuse".
func (Refuse) Kind() string { return kinds.Refuse.Name }

// Spec returns refuse or refuse:<who>.
func (f Refuse) Spec() string { return spec(kinds.Refuse, string(f.Who)) }

// Available returns nil: every client has a link.
func (Refuse) Available(Setting) error { return nil }

// Inject first refuses and then cuts, so that no connection slips in.
func (f Refuse) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	do := func(c Client) (func(), error) {
		release := c.Link.Refuse()
		c.Link.Cut()
		return release, nil
	}
	e, err := hitLinks(ctx, t, rng, f.Spec(), choice{who: f.Who}, do, isRefused)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// isRefused tries the client's last server through the link.
func isRefused(_ context.Context, s *victim) error {
	if hasSession(s.client) {
		return errors.New("it is still connected")
	}
	conn, err := s.client.Link.Dial("tcp", s.session.Server, time.Second)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s let it in", s.session.Server)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("it was not refused, but: %w", err)
	}
	return nil
}
