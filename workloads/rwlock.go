package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// RWLock is the workload of a read-write lock. Every client takes several locks, two times
// in three for reading, half of the time together with all others. It holds each for 5–20
// ms around an access to a guarded resource, and gives up one attempt in ten after a
// moment. Half of the writers continue as readers; one arrival in ten asks the holders to
// release.
type RWLock struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.RWLock, error)
}

// Name returns the name of the model.
func (RWLock) Name() string { return models.RWLock.Name }

// Maker serves the subjects to another process.
func (w RWLock) Maker() subjects.Maker { return contracts.ServeOn(contracts.RWLocks, w.New) }

// perReadRush is the mean number of operations, of all clients, after which they all take one lock at
// once.
const perReadRush = 20

// Start makes the locks.
func (w RWLock) Start(ctx context.Context, env *Env) (Run, error) {
	r, err := newHoldRun(ctx, env, 5*time.Millisecond, 20*time.Millisecond, func(c *subjects.Client, path string) (*holder, error) {
		l, err := on(contracts.RWLocks, w.New)(c, path)
		if err != nil {
			return nil, err
		}
		h := newHolder(l, func(ctx context.Context, want purpose) (contracts.Granted, error) {
			return contracts.RWLockAcquire.On(ctx, l, want.wish())
		}, contracts.RWLockRelease)
		h.asks = func(p purpose) any { return p.wish() }
		m := &modes{l, h, l.Offers(contracts.OfferDowngrade), l.Offers(contracts.OfferRevoke)}
		h.wants, h.serves = m.draw, m.serve
		if m.revokes {
			h.instead = m.revoke
		}
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	r.rushes = newRushes(newMeetings(env, perReadRush), 1) // holders do not stay: any number may read at once
	return rwRun{r}, nil
}

// modes lists what a hold of a read-write lock can do beyond other holds.
type modes struct {
	of                  contracts.At[subjects.RWLock]
	holder              *holder
	downgrades, revokes bool // whether the subject offers these
}

// purpose says what a client wants from a hold besides its duration.
type purpose struct {
	reads      bool
	downgrades bool
	listens    time.Duration // how long it waits for a revocation
	// ready, if set, is called before the client listens, and heard with the result.
	ready func()
	heard func(bool)
}

// wish returns the value of the acquire.
func (p purpose) wish() models.Wish {
	if p.reads {
		return models.Wish{Mode: models.ToRead}
	}
	return models.Wish{}
}

// shortListen is how long listeners wait at most during the load.
const shortListen = 50 * time.Millisecond

// draw draws what a client wants from a hold.
func (m *modes) draw(draw func(n int) int) purpose {
	p := purpose{reads: draw(3) > 0, downgrades: draw(2) == 0}
	p.downgrades = p.downgrades && !p.reads && m.downgrades
	if draw(10) == 0 && m.revokes {
		p.listens = shortListen
	}
	return p
}

// lastPurpose makes clients read and write in turn at the end.
func lastPurpose(c *Client) func(n int) int {
	return func(n int) int { return min(c.ID%2, n-1) }
}

// serve does what a client wants from a hold besides its duration: it downgrades, or listens for a request to give the
// hold up.
func (m *modes) serve(ctx context.Context, r *holdRun, c *Client, key string, b *belief, length time.Duration, want purpose) {
	if want.downgrades {
		m.downgrade(ctx, r, c, key, models.Grant{Token: b.token}, b.life, length)
	}
	if want.ready != nil {
		want.ready()
	}
	if want.listens > 0 {
		heard := m.listen(ctx, c, key, b, want.listens, r.env.OpTimeout)
		if want.heard != nil {
			want.heard(heard)
		}
	}
}

// downgrade turns a writer's hold into a reader's, which lasts as long again.
func (m *modes) downgrade(ctx context.Context, r *holdRun, c *Client, key string, grant models.Grant, life int, length time.Duration) {
	_, _ = operate(ctx, c, m.of, contracts.RWLockDowngrade, contracts.None{}, Op{Key: key, Life: life, Timeout: r.env.OpTimeout})
	r.access(ctx, c, m.holder, key, grant, life, true)
	pause(ctx, length)
}

// listen waits until a client asks for the hold.
func (m *modes) listen(ctx context.Context, c *Client, key string, b *belief, patience, timeout time.Duration) (heard bool) {
	_ = c.Do(ctx, Op{
		F: models.FListen, Key: key, Life: b.life, Timeout: patience + timeout, Arg: models.Held{Held: b.held(), Token: b.token},
		Run: func(ctx context.Context) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			var err error
			heard, err = contracts.Listen(ctx, m.of)
			return models.Heard{Revoked: heard}, err
		},
	})
	return heard
}

// revoke asks the holders of a key to release it.
func (m *modes) revoke(ctx context.Context, c *Client, key string, at, timeout time.Duration) {
	_, _ = operate(ctx, c, m.of, contracts.RWLockRevoke, contracts.None{}, Op{Key: key, Intended: at, Timeout: timeout})
}

// rwRun is the run of read-write locks.
type rwRun struct{ *holdRun }

// Quiesce gives every client its turn, all at once on one key after the other, so that
// readers wait among writers. At the end, all others hold for reading, and one client asks them to
// release.
func (r rwRun) Quiesce(ctx context.Context) error {
	until := r.env.Record.Now() + quiesceBounds*r.env.Bound
	for i := range r.env.Keys {
		if ctx.Err() == nil && r.env.Record.Now() <= until {
			r.env.each(func(c *Client) { r.lastTurn(ctx, c, r.env.Key(i)) })
		}
	}
	for i := range r.env.Keys {
		if ctx.Err() != nil || !r.hearing(ctx, r.env.Key(i)) {
			break
		}
	}
	return r.end(ctx)
}

// hearing makes all clients hold a key for reading until they hear that a client asks for
// it. It returns false if one of them did not hear that, or if revocation is not offered.
func (r rwRun) hearing(ctx context.Context, key string) bool {
	first := r.env.Clients[0]
	revoke := r.holders[first.ID][key].instead
	if revoke == nil || len(r.env.Clients) < 2 {
		return false
	}
	patience := Patience(r.env.Bound)
	var ready sync.WaitGroup
	ready.Add(len(r.env.Clients))
	var mu sync.Mutex
	all := true
	r.env.each(func(c *Client) {
		once := sync.OnceFunc(ready.Done)
		defer once()
		err := r.criticalSection(ctx, c, key, 0, patience, r.brief, purpose{reads: true, listens: patience, ready: func() {
			once()
			if c == first {
				ready.Wait()
				revoke(ctx, c, key, 0, r.env.OpTimeout)
			}
		}, heard: func(heard bool) {
			mu.Lock()
			defer mu.Unlock()
			all = all && heard
		}})
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			all = false
		}
	})
	return all
}
