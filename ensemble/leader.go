package ensemble

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/virtual/apart"
)

const (
	// askTimeout bounds the question to one server: a paused one never answers.
	askTimeout = time.Second
	// stragglerTimeout is how long the others may still take once a majority has
	// answered and one of it leads.
	stragglerTimeout = 200 * time.Millisecond
)

// ErrNoLeader says that no server that answered calls itself leader.
var ErrNoLeader = errors.New("no server says that it leads")

// ErrUntold says that it cannot be known who leads.
var ErrUntold = errors.New("the servers do not say which of them leads: they answer neither srvr nor stat (4lw.commands.whitelist)")

// LeaderOf returns the server that leads, with what it says of itself. Of
// several that call themselves leader it is the one with the highest epoch: a
// leader that was paused and deposed claims the role for up to a second after
// it resumes. A standalone server is its own leader.
//
// It waits a second at most for servers that do not answer, less when a
// majority has. Without a leader the error is [ErrNoLeader], or [ErrUntold] if a
// server that answered does not say what it is, or ctx's.
func LeaderOf(ctx context.Context, servers []Server) (Server, Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, errNoAnswer)
	defer cancel()
	answers := askAll(ctx, servers)

	var leader *answer
	answered, untold := 0, false
	var stragglers <-chan time.Time
	for range servers {
		select {
		case a := <-answers:
			if a.err != nil {
				continue
			}
			answered++
			untold = untold || a.status.Role == Untold
			if a.leads() && (leader == nil || a.status.Epoch() > leader.status.Epoch()) {
				leader = &a
			}
		case <-stragglers:
			return leader.server, leader.status, nil
		}
		if stragglers == nil && leader != nil && answered > len(servers)/2 {
			stragglers = time.After(stragglerTimeout)
		}
	}
	if leader != nil {
		return leader.server, leader.status, nil
	}
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errNoAnswer) {
		return nil, Status{}, err
	}
	if untold {
		return nil, Status{}, ErrUntold
	}
	return nil, Status{}, ErrNoLeader
}

// errNoAnswer tells the end of our patience from the end of the caller's.
var errNoAnswer = errors.New("timed out")

// answer is what one server said.
type answer struct {
	server Server
	status Status
	err    error
}

func (a answer) leads() bool {
	return a.err == nil && (a.status.Role == Leader || a.status.Role == Standalone)
}

// askAll asks all servers at once. The channel gets an answer from each, in the
// order in which they come; nobody needs to receive them.
func askAll(ctx context.Context, servers []Server) <-chan answer {
	answers := make(chan answer, len(servers))
	for i, server := range servers {
		go func() {
			apart.Wait(i)
			status, err := server.Status(ctx)
			answers <- answer{server, status, err}
		}()
	}
	return answers
}
