package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history/models"
)

// Session is the workload of the store itself: bursts of requests that exercise what
// ZooKeeper promises to a session ("Programmer's Guide, Consistency Guarantees" and "What
// ZooKeeper Guarantees about Watches"): ordered writes, reads that never go back, watches
// before data, atomic multis, ephemerals that live as long as their session, unique
// sequential names. The verdict comes from what went over the wire.
type Session struct {
	// Proxy wraps the connections to the servers, each time for one run; nil for none.
	Proxy func(zk.Dialer) zk.Dialer
}

// Name returns the name of the model.
func (Session) Name() string { return models.Session.Name }

// Wired implements Wired.
func (Session) Wired() {}

// Sweeps implements Sweeping.
func (Session) Sweeps() {}

// Through implements Proxied.
func (w Session) Through(dial zk.Dialer) zk.Dialer { return through(w.Proxy, dial) }

// Start makes the folders of the keys.
func (w Session) Start(ctx context.Context, env *Env) (Run, error) {
	r := &sessionRun{env: env, clients: map[int]*sessionClient{}, visits: semaphore.NewWeighted(visitorsAtOnce)}
	for _, c := range env.Clients {
		if c.Conn == nil || env.Visit == nil {
			return nil, errors.New("the session workload inspects the harness's own connections: its clients cannot run in processes")
		}
		r.clients[c.ID] = &sessionClient{
			Client: c, run: r, pipe: newPipe(c.Conn), rng: random(env, c.ID), made: map[string][]string{}, versions: map[string]int32{},
		}
	}
	if err := r.authenticate(ctx); err != nil {
		return nil, err
	}
	for i := range env.Keys {
		folder := env.Path(env.Key(i))
		for _, path := range append([]string{folder}, folderZnodes(folder)...) {
			if err := env.makeZnode(ctx, path); err != nil {
				return nil, err
			}
		}
		for part, acl := range restricted() {
			if err := env.makeZnodeFor(ctx, folder+part, acl); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// The znodes in the folder of a key. Names are short because the record contains them
// often.
const (
	sharedZnodes  = 3
	sequencePart  = "/q" // the parent of sequential znodes
	ephemeralPart = "/e" // the parent of ephemeral ones
	firstPart     = "/pa"
	secondPart    = "/pb"
	thirdPart     = "/pc" // comes and goes
)

// folderZnodes returns the znodes of a folder that always exist.
func folderZnodes(folder string) []string {
	return []string{folder + sequencePart, folder + ephemeralPart, folder + firstPart, folder + secondPart}
}

func sharedZnode(folder string, i int) string { return fmt.Sprintf("%s/s%d", folder, i) }
func ownZnode(folder string, client int) string {
	return fmt.Sprintf("%s/o%d", folder, client)
}

func ephemeralZnode(folder string, client int) string {
	return fmt.Sprintf("%s%s/c%d", folder, ephemeralPart, client)
}

type sessionRun struct {
	env     *Env
	clients map[int]*sessionClient
	visits  *semaphore.Weighted // one slot for each visitor
	leaving sync.WaitGroup
}

// sessionClient is one client at work. Only its own goroutine uses rng and writes.
type sessionClient struct {
	*Client
	run    *sessionRun
	pipe   *pipe
	rng    *rand.Rand
	writes int

	mu       sync.Mutex          // answers come at any time
	made     map[string][]string // sequential znodes by key, the oldest first
	versions map[string]int32    // seen last
}

// Load makes every client do one burst after another, of mixed kinds.
func (r *sessionRun) Load(ctx context.Context, over <-chan struct{}) error {
	defer r.lookOn(ctx)()
	defer r.listen(ctx)()
	r.env.each(func(c *Client) {
		s := r.clients[c.ID]
		for n, at := range newPace(r.env, 1, s.rng).arrivals(ctx, over) {
			c.arrives(r.env, n)
			key := r.env.Key(s.rng.IntN(r.env.Keys))
			if s.rng.IntN(visitEvery) == 0 && !c.idle && r.visit(ctx, s, key, at) {
				continue
			}
			if burst := s.someBurst(key); !c.idle {
				_ = s.pipe.do(ctx, c, burst, at, r.env.OpTimeout)
			}
		}
	})
	return nil
}

// data returns data that is never the same twice.
func (s *sessionClient) data() []byte {
	s.writes++
	return fmt.Appendf(nil, "%d.%d", s.ID, s.writes)
}
