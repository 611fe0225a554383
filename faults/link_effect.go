package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// onLinks is the effect of a fault on the links of clients.
type onLinks struct {
	effect
	target  *Target
	victims victims
	// seen sees from outside that one of the links has the effect.
	seen func(context.Context, *victim) error
}

// onLinksOnce is an onLinks whose effect does not last.
type onLinksOnce struct {
	atOnce
	*onLinks
}

// hitLinks acts on the links of the chosen clients.
func hitLinks(ctx context.Context, t *Target, rng *rand.Rand, spec string, whom choice, do action, seen func(context.Context, *victim) error) (*onLinks, error) {
	all, err := whom.hit(ctx, t, rng, do)
	if err != nil {
		return nil, err
	}
	return &onLinks{target: t, effect: effect{step: all.step(spec)}, victims: all, seen: seen}, nil
}

// Verify looks at all links at once.
func (e *onLinks) Verify(ctx context.Context) error {
	return e.victims.each(func(s *victim) error {
		if err := e.seen(ctx, s); err != nil {
			return fmt.Errorf("client %d: %w", s.client.ID, err)
		}
		return nil
	})
}

// Heal undoes the fault.
func (e *onLinks) Heal(context.Context) error {
	e.victims.undo()
	return nil
}

// cuts ends connections. If there is nothing to end, it finds no target.
func cuts(cut func(Client) int) action {
	return func(c Client) (func(), error) {
		if cut(c) == 0 {
			return nil, fmt.Errorf("there was no connection: %w", ErrNoTarget)
		}
		return nil, nil
	}
}

// backAgain waits until the client is connected again, to any server and with any session, which shows
// that its former connection is gone.
func backAgain(ctx context.Context, s *victim) error {
	for !hasSession(s.client) {
		if !doze(ctx, observed) {
			return fmt.Errorf("it did not connect again: %w", context.Cause(ctx))
		}
	}
	return nil
}

// answeredThrough asks servers through the client's link until one of them answers, and returns how long the answer
// took. It begins with the client's present or last server, which another fault may have ended.
func answeredThrough(ctx context.Context, t *Target, s *victim, patience time.Duration) (took time.Duration, err error) {
	addrs := []string{s.session.Server}
	for _, server := range t.Ensemble.Servers() {
		if server.Addr() != s.session.Server {
			addrs = append(addrs, server.Addr())
		}
	}
	for {
		for _, addr := range addrs {
			if took, err = asksThrough(ctx, s, addr, patience); err == nil {
				return took, nil
			}
		}
		if !doze(ctx, observed) {
			return 0, fmt.Errorf("no server answered it: %w", err)
		}
	}
}

// asksThrough asks a server for its status, through the client's link, and returns how long that took.
func asksThrough(ctx context.Context, s *victim, addr string, patience time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	_, err := ensemble.AskStatus(ctx, s.client.Link.Dial, addr)
	return time.Since(began), err
}
