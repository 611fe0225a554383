package workloads

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Cache is the workload of a cached subtree. One client for each key puts znodes of the
// subtree, removes them, and puts them again, each value once. All clients look at their
// copies of all keys.
type Cache struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Cache, error)
}

// Name returns the name of the model.
func (Cache) Name() string { return models.Cache.Name }

// Maker serves the subjects to another process.
func (w Cache) Maker() subjects.Maker { return contracts.ServeOn(contracts.Caches, w.New) }

// Start makes the caches.
func (w Cache) Start(ctx context.Context, env *Env) (Run, error) {
	make := on(contracts.Caches, w.New)
	caches, err := makePerKey(ctx, env, make)
	if err != nil {
		return nil, err
	}
	r := &cacheRun{env: env, caches: caches}
	r.plain = plainly(env, caches, make, map[string]func(context.Context, *Client, string){
		models.FLook: func(ctx context.Context, c *Client, key string) { _, _ = r.look(ctx, c, key, 0, false) },
	})
	r.neverCurrent = caches[env.Clients[0].ID][env.Key(0)].Offers(contracts.OfferNeverCurrent) // all are of one kind
	if r.neverCurrent {
		env.fact(history.FOffers, "", history.Offers{NeverCurrent: true})
	}
	return r, nil
}

type cacheRun struct {
	env          *Env
	caches       perKey[contracts.At[subjects.Cache]]
	plain        plain[contracts.At[subjects.Cache]]
	neverCurrent bool // clients do not ask for a current copy
}

// cached lists the znodes of a subtree, parents first.
var cached = []string{models.CacheRoot, "a", "b", "a/x", "a/y", "b/x"}

// writer returns the client that changes a key. With one writer per key, the order of its
// values is known.
func (r *cacheRun) writer(i int) int { return r.env.Clients[i%len(r.env.Clients)].ID }

// Load makes every client look at all keys, and change its own.
func (r *cacheRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.eachArrival(ctx, over, 1, func(c *Client, n int, at time.Duration, rng *rand.Rand) {
		r.arrival(ctx, c, rng, at, n)
	})
	return nil
}

// kinds returns the number of kinds of arrivals, of which the first 8 are changes. If only few
// clients have a key of their own, they only make changes, since otherwise too little would change.
func (r *cacheRun) kinds() int {
	if len(r.env.Clients) > 4*r.env.Keys {
		return 8
	}
	return 16
}

// arrival acts for a client at an arrival. In half of them, or in all, it changes one
// of its own keys, if it has one. In each it also looks at one key, right after its own change if
// there was one; in one of four it asks for a current copy.
func (r *cacheRun) arrival(ctx context.Context, c *Client, rng *rand.Rand, at time.Duration, n int) {
	own, look, what, node, current := rng.IntN(r.env.Keys), rng.IntN(r.env.Keys), rng.IntN(r.kinds()), cached[rng.IntN(len(cached))], rng.IntN(4) == 0
	for i := range r.env.Keys {
		key := r.env.Key((own + i) % r.env.Keys)
		if r.writer((own+i)%r.env.Keys) != c.ID || what >= 8 {
			continue
		}
		r.change(ctx, c, key, at, node, what, n)
		look, at = (own+i)%r.env.Keys, 0
		break
	}
	_, _ = r.look(ctx, c, r.env.Key(look), at, current)
}

// change removes the whole subtree, or removes one znode that has no children, or puts one.
func (r *cacheRun) change(ctx context.Context, c *Client, key string, at time.Duration, node string, what, n int) {
	value := fmt.Sprintf("c%d-%d", c.ID, n)
	switch what {
	case 0:
		r.removeAll(ctx, c, key, at)
		_ = r.put(ctx, c, key, 0, models.CacheRoot, value)
	case 1, 2:
		_ = r.remove(ctx, c, key, at, node)
	default:
		_ = r.put(ctx, c, key, at, node, value)
	}
}

// removeAll removes a subtree from the bottom up.
func (r *cacheRun) removeAll(ctx context.Context, c *Client, key string, at time.Duration) {
	for i := range cached {
		_ = r.remove(ctx, c, key, at, cached[len(cached)-1-i])
		at = 0
	}
}

func (r *cacheRun) put(ctx context.Context, c *Client, key string, at time.Duration, node, value string) error {
	_, err := operate(ctx, c, r.caches[c.ID][key], contracts.CachePut, models.CachedNode{Node: node, Value: value}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	return err
}

func (r *cacheRun) remove(ctx context.Context, c *Client, key string, at time.Duration, node string) error {
	_, err := operate(ctx, c, r.caches[c.ID][key], contracts.CacheRemove, models.CachedNode{Node: node}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	return err
}

func (r *cacheRun) look(ctx context.Context, c *Client, key string, at time.Duration, current bool) (map[string]string, error) {
	var got map[string]string
	looking := models.Looking{Current: current && !r.neverCurrent}
	err := c.Do(ctx, Op{
		F: models.FLook, Key: key, Arg: looking, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			shown, err := contracts.CacheLook.On(ctx, r.caches[c.ID][key], looking)
			if err != nil {
				return nil, err
			}
			got = withoutForeign(shown.Nodes)
			return models.Copy{Nodes: got}, nil
		},
	})
	if err != nil {
		return nil, err // the call may still be under way
	}
	return got, nil
}

// withoutForeign returns the shown znodes without those that a fault has created in the
// same place. Any other znode was put by the workload, or the cache has invented it.
func withoutForeign(shown map[string]string) map[string]string {
	own := maps.Clone(shown)
	maps.DeleteFunc(own, func(node, _ string) bool { return strings.Contains(node, history.ForeignMark) })
	return own
}

// Quiesce removes each key and puts it once more, and all clients look until their copies
// show the result, or long enough to show that they never will.
func (r *cacheRun) Quiesce(ctx context.Context) error {
	for i := range r.env.Keys {
		r.env.each(func(c *Client) {
			if r.writer(i) == c.ID {
				r.last(ctx, c, r.env.Key(i))
			}
		})
	}
	want := map[string]map[string]string{}
	err := r.env.look(history.FFinal, "final read", func(key string) (any, error) {
		nodes, err := r.final(ctx, key)
		want[key] = nodes
		return models.Copy{Nodes: nodes}, err
	})
	until := r.env.Record.Now() + Patience(r.env.Bound)
	r.env.each(func(c *Client) {
		for i := range r.env.Keys {
			r.sees(ctx, c, r.env.Key(i), want[r.env.Key(i)], until)
		}
	})
	r.env.recover(ctx, r.plain)
	r.plain.close(ctx)
	return err
}

// last removes a subtree, and puts everything again except its last znode.
func (r *cacheRun) last(ctx context.Context, c *Client, key string) {
	_, _ = r.look(ctx, c, key, 0, false)
	r.removeAll(ctx, c, key, 0)
	for _, current := range []bool{false, true} {
		_, _ = r.look(ctx, c, key, 0, current)
	}
	until := r.env.Record.Now() + r.env.Bound
	for i, node := range cached[:len(cached)-1] {
		for n := 0; ; n++ {
			err := r.put(ctx, c, key, 0, node, fmt.Sprintf("last-%s-%d-%d", key, i, n))
			if err == nil || r.env.Record.Now() >= until || !pause(ctx, 30*time.Millisecond) {
				break
			}
		}
	}
}

// sees makes a client look until it is shown want, at least once and not after until.
func (r *cacheRun) sees(ctx context.Context, c *Client, key string, want map[string]string, until time.Duration) {
	for {
		got, err := r.look(ctx, c, key, 0, false)
		if err == nil && maps.Equal(got, want) || r.env.Record.Now() >= until || ctx.Err() != nil {
			return
		}
		pause(ctx, r.env.Bound/100)
	}
}

// final returns what exists of a key at the end.
func (r *cacheRun) final(ctx context.Context, key string) (map[string]string, error) {
	nodes := map[string]string{}
	for _, node := range cached {
		path := r.env.Path(key)
		if node != models.CacheRoot {
			path += "/" + node
		}
		err := retry(ctx, r.env.Bound, func() error {
			found, err := within(ctx, r.env.Bound, func() (models.Reading, error) { return freshValue(ctx, r.env.Admin, path) })
			switch {
			case err == nil:
				nodes[node] = found.Value
			case errors.Is(err, zk.ErrNoNode):
				return nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return nodes, nil
}
