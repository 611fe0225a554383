package workloads

import (
	"context"
	"sync"
	"time"
)

// rushes are meetings of clients at an object that only some of them can hold at once, so that they
// compete for it.
type rushes struct {
	meetings
	mu   sync.Mutex
	last map[int]meeting // the latest one of each client; absent if it is over
	at   map[string]*rush
}

// meeting is one of the meetings.
type meeting struct {
	at  time.Duration
	key string
}

// rush is the state of one key.
type rush struct {
	places          int
	mu              sync.Mutex
	asking, holding int
	changed         chan struct{} // closed at each change
}

func newRushes(m meetings, places int) *rushes {
	r := &rushes{meetings: m, last: map[int]meeting{}, at: map[string]*rush{}}
	for i := range m.env.Keys {
		r.at[m.env.Key(i)] = &rush{places: places, changed: make(chan struct{})}
	}
	return r
}

// comes returns when a client acts at an arrival, and on which key. If likes is set, the client
// comes with the others to their next meeting. If this arrival had to wait while the client was at
// the last meeting, the client comes once more, at once and to the same key: a rush does not end
// after one turn of each client. comes returns false if the load ends before.
func (r *rushes) comes(ctx context.Context, over <-chan struct{}, c *Client, at time.Duration, key string, likes bool) (time.Duration, string, bool) {
	if last, ok := r.again(c, at); ok {
		return at, last.key, true
	}
	if !likes {
		return at, key, true
	}
	at, key, ok := r.next(ctx, over, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last[c.ID] = meeting{at, key}
	return at, key, ok
}

func (r *rushes) again(c *Client, at time.Duration) (meeting, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.last[c.ID]
	delete(r.last, c.ID)
	return last, ok && at < last.at
}

// of returns the rush at a key; nil if there are no rushes.
func (r *rushes) of(key string) *rush {
	if r == nil {
		return nil
	}
	return r.at[key]
}

// change changes the numbers of clients that ask and that hold.
func (r *rush) change(asking, holding int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking, r.holding = r.asking+asking, r.holding+holding
	close(r.changed)
	r.changed = make(chan struct{})
}

// companyPatience is how long a holder waits for others: as long as slow servers need to grant
// everything that is available.
const companyPatience = 100 * time.Millisecond

// stay waits while others are about to take what is left. So everything is held at the same time,
// even if it was granted at different times, and some client has to wait.
func (r *rush) stay(ctx context.Context) {
	if r == nil {
		return
	}
	t := time.NewTimer(companyPatience)
	defer t.Stop()
	for {
		r.mu.Lock()
		changed, alone := r.changed, r.holding >= r.places || r.asking == 0
		r.mu.Unlock()
		if alone {
			return
		}
		select {
		case <-changed:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
