package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// down is the effect on servers that were stopped or killed and are to be started again.
type down struct {
	effect
	target  *Target
	servers []ensemble.Server // in the order in which they are started again
	claims  []string
}

// takeDown chooses servers and claims them.
func takeDown(ctx context.Context, t *Target, rng *rand.Rand, nodes Nodes) (*down, error) {
	servers, release, err := nodes.take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := &down{target: t, servers: slices.Clone(servers), claims: claimsOf("server", servers), effect: effect{release: release}}
	e.step.Servers, e.step.Clients = idsOf(servers), t.on(addresses(servers))
	rng.Shuffle(len(e.servers), func(i, j int) { e.servers[i], e.servers[j] = e.servers[j], e.servers[i] })
	return e, nil
}

// end ends all servers, one after the other.
func (e *down) end(ctx context.Context, doing string, how func(ensemble.Server) error) error {
	for _, s := range e.servers {
		if err := how(s); err != nil {
			return undo(ctx, e, fmt.Errorf("%s server %d: %w", doing, s.ID(), err))
		}
	}
	return nil
}

// Verify connects to each server; each must refuse.
func (e *down) Verify(ctx context.Context) error {
	return together(e.servers, func(s ensemble.Server) error { return refuses(ctx, e.target.Ensemble, s) })
}

const (
	// closing is how long a server's port may stay open after the server has ended: an
	// engine closes published ports by itself.
	closing = 2 * time.Second
	// lookAgain is the pause between two looks at a server.
	lookAgain = 50 * time.Millisecond
)

// refuses waits until nothing listens at the server's address. If the host is gone and
// cannot refuse, refuses checks until the end of its time that nothing accepts.
func refuses(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) error {
	if is, err := s.(ensemble.Killer).Down(ctx); err != nil {
		return fmt.Errorf("server %d: %w", s.ID(), err)
	} else if !is {
		return fmt.Errorf("server %d is not down", s.ID())
	}
	ctx, cancel := context.WithTimeout(ctx, closing)
	defer cancel()
	for {
		conn, err := e.Dial("tcp", s.Addr(), noAnswer)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil
		}
		var found error
		if err == nil {
			found = accepted(ctx, s, conn)
		}
		switch more := doze(ctx, lookAgain); {
		case more:
		case found != nil:
			return fmt.Errorf("server %d was to be down, but it accepts connections: %w", s.ID(), found)
		default:
			return nil // nothing can refuse: the whole host, or its name, is gone with the server
		}
	}
}

// accepted returns an error for a server that should be down but accepted a connection, which it
// closes.
func accepted(ctx context.Context, s ensemble.Server, conn net.Conn) error {
	conn.Close()
	if status, err := s.Status(ctx); err == nil {
		return fmt.Errorf("it answers as %s", status.Role)
	}
	return errors.New("it was accepted")
}

// doze waits; it returns false if ctx ended first.
func doze(ctx context.Context, d time.Duration) bool { return await.Sleep(ctx, d) == nil }

// Heal starts the servers again and waits until each serves.
func (e *down) Heal(ctx context.Context) error {
	if e.healed {
		return nil // another fault may have ended a server since
	}
	err := inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("start server %d", s, s.(ensemble.Killer).Start(ctx))
	})
	if err != nil {
		return err
	}
	e.healed = true
	defer e.release()
	return e.target.awaitAll(ctx, e.servers, e.claims...)
}

// awaitAll is like awaitServing, for several servers.
func (t *Target) awaitAll(ctx context.Context, servers []ensemble.Server, mine ...string) error {
	return together(servers, func(s ensemble.Server) error { return t.awaitServing(ctx, s, mine...) })
}

// awaitServing waits until a server serves. While other faults are under way, one of them
// may keep the server from serving; then it is enough that it runs and answers.
func (t *Target) awaitServing(ctx context.Context, s ensemble.Server, mine ...string) error {
	for {
		_, err := s.Status(ctx)
		if err == nil || errors.Is(err, ensemble.ErrNotServing) && t.Claims.others(mine...) {
			return nil
		}
		if !doze(ctx, lookAgain) {
			return fmt.Errorf("server %d was started and does not serve: %w", s.ID(), err)
		}
	}
}
