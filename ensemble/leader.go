package ensemble

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
)

const (
	// askTimeout bounds the question to one server: a paused server never answers.
	askTimeout = time.Second
	// stragglerTimeout is how long the others may still take once a majority has answered
	// and one server of it leads.
	stragglerTimeout = 200 * time.Millisecond
)

// ErrNoLeader means that no server that answered reports to be leader.
var ErrNoLeader = errors.New("no server says that it leads")

// ErrUntold means that it cannot be known which server leads.
var ErrUntold = errors.New("cannot tell which server leads: the servers answer neither srvr nor stat (4lw.commands.whitelist)")

// LeaderOf returns the leader and its status. If several servers report to be leader, it
// returns the one with the highest epoch: a leader that was paused and deposed claims the
// role for up to a second after it resumes. A standalone server is its own leader.
//
// It waits at most a second for servers that do not answer, and less once a majority has
// answered. If it finds no leader, it returns [ErrNoLeader], or [ErrUntold] if a server
// that answered does not tell its role, or the error of ctx.
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

// errNoAnswer distinguishes this package's timeout from the caller's.
var errNoAnswer = errors.New("timed out")

// answer is the answer of one server.
type answer struct {
	server Server
	status Status
	err    error
}

func (a answer) leads() bool {
	return a.err == nil && (a.status.Role == Leader || a.status.Role == Standalone)
}

// askAll asks all servers at once. The channel gets an answer from each, in the order in
// which they arrive; it is buffered, so they need not be received.
func askAll(ctx context.Context, servers []Server) <-chan answer {
	answers := make(chan answer, len(servers))
	for i, server := range servers {
		go func() {
			jitter.Wait(i)
			status, err := server.Status(ctx)
			answers <- answer{server, status, err}
		}()
	}
	return answers
}
