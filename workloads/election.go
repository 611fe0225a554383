package workloads

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
)

// Election is the workload of a leader election: every client campaigns in
// several elections, leads for 5–30 ms, resigns, and campaigns again. Between
// times clients ask who leads.
type Election struct {
	// New makes the candidate of one client in the election at path. Its id is
	// what Leader of the others is to answer while it leads.
	New func(c *subjects.Client, path, id string) (subjects.Election, error)
}

// Name is "election".
func (Election) Name() string { return history.ModelElection }

// InProcesses is the same workload with subjects in the clients' own processes.
func (Election) InProcesses() Workload { return Election{New: subjects.RemoteElection} }

// Params says that an election needs nothing more.
func (Election) Params(*history.Params) {}

// Start makes the candidates.
func (w Election) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, 5*time.Millisecond, 30*time.Millisecond, func(c *subjects.Client, path string) (*holder, error) {
		e, err := w.New(c, path, strconv.Itoa(c.ID))
		if err = given(e, err); err != nil {
			return nil, err
		}
		h := newHolder(e, e.Campaign, e.Resign)
		if t, ok := e.(subjects.LeaderTeller); ok {
			h.leader = func(ctx context.Context) (history.Leader, error) { return leaderOf(ctx, t) }
		}
		return h, nil
	})
}

// leaderOf asks and turns the leader's id back into a client's number.
func leaderOf(ctx context.Context, t subjects.LeaderTeller) (history.Leader, error) {
	id, err := t.Leader(ctx)
	if err != nil {
		return history.Leader{}, err
	}
	if id == "" {
		return history.Leader{Client: -1}, nil
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return history.Leader{}, fmt.Errorf("the subject says that %q leads, which is no candidate's id", id)
	}
	return history.Leader{Client: n}, nil
}
