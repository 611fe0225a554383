package workloads

import (
	"context"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
)

// meetings are moments at which all clients use one object at once, so that they compete.
type meetings struct {
	env   *Env
	every time.Duration
}

// newMeetings returns meetings, one for each number of operations of all clients together, on average.
func newMeetings(e *Env, operations int) meetings {
	return meetings{env: e, every: max(meanGap(operations, e.Rate), time.Millisecond)}
}

// next waits for the next meeting, and returns its time and key; false if the load ends
// before. Each client comes a few microseconds after the one before it.
func (m meetings) next(ctx context.Context, over <-chan struct{}, c *Client) (at time.Duration, key string, ok bool) {
	n := m.env.Record.Now()/m.every + 1
	at = n * m.every
	t := time.NewTimer(at - m.env.Record.Now())
	defer t.Stop()
	select {
	case <-t.C:
		jitter.Wait(c.ID)
		return at, m.env.Key(int(n) % m.env.Keys), true
	case <-over:
	case <-ctx.Done():
	}
	return 0, "", false
}
