package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/subjects"
)

// Partitioner is the workload of a set of items that its members share: two for each client and
// one more. Clients join by acquiring a share, hold it for 5–50 ms around a write to the resource
// that each item guards, or until they are told that another share is due to them, and leave one
// time in four. They give up one attempt in five after a moment. At the end all clients become
// members of one set after the other, and hold until each item is held and the shares are even;
// then every other one leaves, and the rest does the same again.
type Partitioner struct {
	// New makes the subject of one client on one path, for a set of items: names that znodes can
	// have.
	New func(c *subjects.Client, path string, items []string) (subjects.Partitioner, error)
}

// Name returns the name of the model.
func (Partitioner) Name() string { return models.Partitioner.Name }

// Maker serves the subjects to another process.
func (w Partitioner) Maker() subjects.Maker { return contracts.Partitioners.Serve(w.New) }

// itemsFor returns the items of a set that clients share: an odd number, so that two clients cannot
// have equally many, and enough for each to have two.
func itemsFor(clients int) (items []string) {
	for i := range 2*clients + 1 {
		items = append(items, fmt.Sprintf("i%02d", i))
	}
	return items
}

// Start makes the partitioners.
func (w Partitioner) Start(ctx context.Context, env *Env) (Run, error) {
	items := itemsFor(len(env.Clients))
	r := &partitionRun{in: make(perKey[int], len(env.Clients)), gathering: make(map[string]*gathering, env.Keys)}
	holders, err := makePerKey(ctx, env, func(c *subjects.Client, path string) (*holder, error) {
		p, err := onWith(contracts.Partitioners, items, w.New)(c, path)
		if err != nil {
			return nil, err
		}
		h := newHolder(p, nil, contracts.PartitionerRelease)
		h.asks = func(purpose) any { return models.Keys{Keys: items} }
		h.shares = func(g models.Grant) any { return models.Share{Keys: h.keys, Token: g.Token} }
		h.acquire = func(ctx context.Context, _ purpose) (contracts.Granted, error) {
			g, err := contracts.PartitionerAcquire.On(ctx, p, contracts.None{})
			h.keys = g.Keys
			return g.Granted, err
		}
		h.stays = func(ctx context.Context, c *Client, key string, length time.Duration) {
			r.untilChanged(ctx, c, p, key, length)
		}
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	r.holdRun = holdRunOf(env, 5*time.Millisecond, 50*time.Millisecond, holders)
	r.lines = []string{"members"}
	for _, item := range items {
		r.lines = append(r.lines, "items/"+item)
		for i := range env.Keys {
			r.resources[env.Key(i)+"/"+item] = &resource{}
		}
	}
	for _, c := range env.Clients {
		r.in[c.ID] = map[string]int{}
	}
	return r, nil
}

// partitionRun is a holdRun whose holders are members, which hold the shares that are due to them.
type partitionRun struct {
	*holdRun
	in        perKey[int]           // the life of the client's process in which it became a member
	mu        sync.Mutex            // guards gathering
	gathering map[string]*gathering // at the end, by key
}

// Odds of what a client does at an arrival.
const (
	perGivingUp = 5 // one acquire in this many is given up after a moment
	perLeaving  = 4 // after one share in this many the client ends its membership
)

// Load makes every client acquire shares, give them back, and leave.
func (r *partitionRun) Load(ctx context.Context, over <-chan struct{}) error {
	// Each arrival: acquire, changed and release.
	r.env.eachArrival(ctx, over, 3, func(c *Client, _ int, at time.Duration, rng *rand.Rand) {
		key := r.env.Key(rng.IntN(r.env.Keys))
		length, patience := between(rng, r.shortest, r.longest), r.env.OpTimeout
		if rng.IntN(perGivingUp) == 0 {
			patience = between(rng, 5*time.Millisecond, 50*time.Millisecond)
		}
		leaves := rng.IntN(perLeaving) == 0
		if err := r.share(ctx, c, key, at, patience, length); err == nil && leaves {
			r.leave(ctx, c, key)
		}
	})
	return nil
}

// share acquires a share and holds it.
func (r *partitionRun) share(ctx context.Context, c *Client, key string, at, patience, length time.Duration) error {
	err := r.criticalSection(ctx, c, key, at, patience, length, purpose{})
	if delete(r.in[c.ID], key); err == nil {
		r.in[c.ID][key] = c.life
	}
	return err
}

// untilChanged waits until another share is due to a client that holds one, or for some time. At
// the end it waits until all clients have their shares.
func (r *partitionRun) untilChanged(ctx context.Context, c *Client, p contracts.At[subjects.Partitioner], key string, length time.Duration) {
	r.mu.Lock()
	g := r.gathering[key]
	r.mu.Unlock()
	if g != nil {
		length = 2 * Patience(r.env.Bound)
		g.has(c.ID, r.holders[c.ID][key].keys)
		defer g.has(c.ID, nil)
	}
	_ = c.Do(ctx, Op{
		F: models.FChanged, Key: key, Life: c.life, Timeout: length,
		Run: func(ctx context.Context) (any, error) {
			ctx, stop := g.during(ctx, c)
			defer stop()
			_, err := contracts.PartitionerChanged.On(ctx, p, contracts.None{})
			jitter.Wait(1 + c.ID) // the client's connection may still be busy with the answer that told it
			if err != nil && ctx.Err() == nil {
				return nil, err
			}
			return models.Due{Due: err == nil}, nil
		},
	})
}

// leave ends a client's membership. A client whose process has ended is no member.
func (r *partitionRun) leave(ctx context.Context, c *Client, key string) {
	life, is := r.in[c.ID][key]
	if !is || c.gone(life) {
		return
	}
	p := r.holders[c.ID][key].at.(contracts.At[subjects.Partitioner])
	_, err := operate(ctx, c, p, contracts.PartitionerLeave, contracts.None{}, Op{Key: key, Life: life, Timeout: r.env.OpTimeout})
	if err == nil || !subjects.NoEffect(err) && !c.idle {
		delete(r.in[c.ID], key)
	}
}

// gathering follows clients that share one set, until each item is held and the shares are even.
type gathering struct {
	items, members int
	over           chan struct{} // closed when all items are held and the shares are even, or when time is up

	mu     sync.Mutex
	closed bool
	shares map[int][]string
}

// has notes which share a client has.
func (g *gathering) has(client int, share []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shares[client] = share; share == nil {
		delete(g.shares, client)
	}
	if g.complete() {
		g.end()
	}
}

// end must be called with g.mu held.
func (g *gathering) end() {
	if !g.closed {
		g.closed = true
		close(g.over)
	}
}

func (g *gathering) complete() bool {
	var all []string
	least, most := g.items, 0
	for _, share := range g.shares {
		all = append(all, share...)
		least, most = min(least, len(share)), max(most, len(share))
	}
	slices.Sort(all)
	return len(g.shares) == g.members && len(slices.Compact(all)) == g.items && most-least <= 1
}

// during returns a context that also ends when the gathering is over.
func (g *gathering) during(ctx context.Context, c *Client) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if g == nil {
		return ctx, cancel
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-g.over:
			jitter.Wait(c.ID)
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-stopped
	}
}

// Quiesce lets all clients share each set, and then half of them. Then it closes the subjects, and
// lists what is left in the tree.
func (r *partitionRun) Quiesce(ctx context.Context) error {
	for i := range r.env.Keys {
		key := r.env.Key(i)
		r.gather(ctx, key, func(*Client) bool { return true })
		r.gather(ctx, key, func(c *Client) bool { return c.ID%2 == 0 })
		r.env.each(func(c *Client) { r.leave(ctx, c, key) })
	}
	return r.end(ctx)
}

// gather lets some clients share a set, and makes the others leave it. It ends when they share it
// evenly, or when they have had long enough to show that they never will.
func (r *partitionRun) gather(ctx context.Context, key string, stays func(*Client) bool) {
	g := &gathering{items: len(itemsFor(len(r.env.Clients))), over: make(chan struct{}), shares: map[int][]string{}}
	for _, c := range r.env.Clients {
		if stays(c) {
			g.members++
		}
	}
	r.mu.Lock()
	r.gathering[key] = g
	r.mu.Unlock()
	long := 2 * Patience(r.env.Bound) // some may need all of a bound to connect
	until := r.env.Record.Now() + long
	limit := time.AfterFunc(long, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.end()
	})
	defer limit.Stop()
	r.env.each(func(c *Client) {
		if !stays(c) {
			r.leave(ctx, c, key)
			return
		}
		pause(ctx, time.Duration(c.ID)*untilAsked) // so that some hold when others come
		for !await.Closed(g.over) && pause(ctx, untilAsked) {
			_ = r.share(ctx, c, key, 0, max(until-r.env.Record.Now(), time.Millisecond), 0)
		}
	})
}
