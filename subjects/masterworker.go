package subjects

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/recipes"
)

// MasterWorker is a [JobQueue] whose jobs are its tasks. Each of its clients can put tasks,
// works on them, and is a candidate for master from the beginning; only the master assigns
// tasks. Its znode has two more children. [Candidates] has the candidates as ephemeral
// sequential children; the lowest one is the master. [Assigned] has a znode for each
// assignment, which the master creates.
type MasterWorker = JobQueue

// The children of a master-worker's znode, in addition to those of a job queue.
const (
	Candidates = "master"
	Assigned   = "taken"
)

// NewMasterWorker returns zklab's own master-worker, recipes.MasterWorker.
func NewMasterWorker(c *Client, path string, n int) (MasterWorker, error) {
	return ofRecipe(c, func(cl *recipes.Client) MasterWorker {
		m := &ownMasterWorker{of: recipes.NewMasterWorker(cl, path, fmt.Sprintf("client %d", c.ID), n), over: make(chan struct{}), term: jitter.Stretch(standsFor + time.Duration(c.ID)*standsApart)}
		ctx, stop := context.WithCancel(context.Background())
		m.stop = stop
		go m.lead(ctx)
		c.BeforeEnd(m.end)
		return m
	})
}

type ownMasterWorker struct {
	of   *recipes.MasterWorker
	term time.Duration // after which it resigns, or gives up its place in line
	stop context.CancelFunc
	over chan struct{} // closed when it is no longer a candidate
}

// lead makes the client a candidate for master until ctx ends, even if servers refuse
// meanwhile. It resigns from time to time, so that the master changes even if no client
// crashes.
func (m *ownMasterWorker) lead(ctx context.Context) {
	defer close(m.over)
	for ctx.Err() == nil {
		m.stand(ctx)
		select {
		case <-time.After(jitter.Stretch(leadAgain)):
		case <-ctx.Done():
		}
	}
}

func (m *ownMasterWorker) stand(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, m.term)
	defer cancel()
	_ = m.of.Lead(ctx)
}

// The first client is a candidate for standsFor, and each further one for a little longer,
// so that they do not all resign at once.
const (
	standsFor   = 2 * time.Second
	standsApart = 300 * time.Millisecond
	leadAgain   = 100 * time.Millisecond
)

func (m *ownMasterWorker) Put(ctx context.Context, task []byte) error {
	_, err := m.of.Submit(ctx, task)
	return err
}

func (m *ownMasterWorker) Take(ctx context.Context) (Job, error) {
	j, err := m.of.Take(ctx)
	if err != nil {
		return nil, err
	}
	return ownJob{j}, nil
}

// Close resigns first, so that the next master need not wait for the end of the session.
func (m *ownMasterWorker) Close(ctx context.Context) error {
	m.stop()
	err := m.of.Close(ctx)
	m.end(ctx)
	return err
}

// end ends the candidacy, and waits for that until ctx ends.
func (m *ownMasterWorker) end(ctx context.Context) {
	m.stop()
	select {
	case <-m.over:
	case <-ctx.Done():
	}
}
