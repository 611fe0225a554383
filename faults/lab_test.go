package faults_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
)

// lab is an ensemble with real clients, each behind its link.
type lab struct {
	t        *testing.T
	ensemble ensemble.Ensemble
	target   *faults.Target
	clients  []*labClient
	began    time.Time
	timeout  time.Duration   // of sessions
	seed     uint64          // for the draws of faults
	effects  []faults.Effect // injected so far
}

type labClient struct {
	*zk.Conn
	id   int
	link *link.Link

	mu     sync.Mutex
	states []zk.State
	facts  []history.Event
}

const (
	labTimeout = 4 * time.Second // of sessions in virtual time
	// patience is how long something that is not measured may take.
	patience = time.Minute
)

var open = zk.WorldACL(zk.PermAll)

// inBubble runs a test on three embedded servers in virtual time.
func inBubble(t *testing.T, clients int, f func(*lab)) {
	t.Helper()
	inBubbleOf(t, embedded.Config{}, clients, f)
}

// inBubbleOf runs a test on the given servers, with latencies of 200 µs unless others are given.
func inBubbleOf(t *testing.T, cfg embedded.Config, clients int, f func(*lab)) {
	t.Helper()
	cfg.InMemory, cfg.KeepLog = true, true
	cfg.Latency = cmp.Or(cfg.Latency, 200*time.Microsecond)
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(cfg))(t)
		// go-zookeeper's Close returns after a second without a reply: the rest ends by itself.
		defer time.Sleep(labTimeout)
		defer e.Close()
		l := newLab(t, e, labTimeout, clients)
		defer l.close()
		f(l)
	})
}

// newLab connects n clients, each first to a different server, and an admin, below a root of its own
// with the folder k1.
func newLab(t *testing.T, e ensemble.Ensemble, timeout time.Duration, n int) *lab {
	t.Helper()
	l := &lab{t: t, ensemble: e, began: time.Now(), timeout: timeout}
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	l.target = &faults.Target{
		Ensemble: e, Activity: faults.NewActivity(models.Lock), Now: func() time.Duration { return time.Since(l.began) },
		Root: fmt.Sprintf("/faults-%d", time.Now().UnixNano()), Lasts: 5 * time.Second,
	}
	admin, events, err := zkconn.Open(ctx, zkconn.Config{Servers: addrs, Timeout: l.timeout, Dial: e.Dial})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range events {
		}
	}()
	l.target.Admin = admin
	l.create(l.target.Root, 0)
	l.create(l.folder(), 0)
	for i := range n {
		l.clients = append(l.clients, l.connect(ctx, i, slices.Concat(addrs[i%len(addrs):], addrs[:i%len(addrs)])))
	}
	return l
}

func (l *lab) connect(ctx context.Context, id int, addrs []string) *labClient {
	c := &labClient{id: id}
	c.link = link.New(link.Config{
		Client: id, Dial: l.ensemble.Dial, Clock: l.target.Now,
		Record: func(e history.Event) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.facts = append(c.facts, e)
		},
	})
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: addrs, Timeout: l.timeout, Dial: c.link.Dial})
	if err != nil {
		l.t.Fatal(err)
	}
	go func() {
		for e := range events {
			c.mu.Lock()
			c.states = append(c.states, e.State)
			c.mu.Unlock()
		}
	}()
	c.Conn = conn
	l.target.Clients = append(l.target.Clients, faults.Client{ID: id, Link: c.link})
	return c
}

// close ends everything, including faults that a failed test left in effect.
func (l *lab) close() {
	for _, e := range l.effects {
		e.Heal(context.Background())
	}
	var wg sync.WaitGroup
	for _, c := range l.clients {
		wg.Go(func() {
			c.Close()
			c.link.Close()
		})
	}
	wg.Wait()
	l.target.Admin.Close()
}

// folder returns the recipe's folder that clients use.
func (l *lab) folder() string { return l.target.Root + "/k1" }

func (l *lab) create(path string, flags int32) {
	l.t.Helper()
	if _, err := l.target.Admin.Create(path, nil, flags, open); err != nil {
		l.t.Fatal(err)
	}
}

// does records what a client does with k1 from now on.
func (l *lab) does(client int, state string) {
	e := history.Event{Process: history.Process(client), Client: client, F: models.FAcquire, Key: "k1", Time: l.target.Now()}
	switch state {
	case faults.Holding:
		e.Type = history.OK
	case faults.Waiting:
		e.Type = history.Invoke
	default:
		e.F, e.Type = models.FRelease, history.Invoke
	}
	l.target.Activity.Observe(e)
}

// contend puts a contender of each client into the folder, in this order: the
// first one holds, the others wait.
func (l *lab) contend(clients ...int) {
	l.t.Helper()
	for i, id := range clients {
		_, err := l.clients[id].Create(l.folder()+"/c-", nil, zk.FlagEphemeral|zk.FlagSequence, open)
		if err != nil {
			l.t.Fatal(err)
		}
		l.does(id, faults.Waiting)
		if i == 0 {
			l.does(id, faults.Holding)
		}
	}
	time.Sleep(5 * time.Millisecond)
}

func (l *lab) inject(f faults.Fault) (faults.Effect, error) {
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	return f.Inject(ctx, l.target, rand.New(rand.NewPCG(1, l.seed)))
}

// injected injects and verifies a fault, and returns its effect.
func (l *lab) injected(f faults.Fault) faults.Effect {
	l.t.Helper()
	e, err := l.inject(f)
	if err != nil {
		l.t.Fatalf("inject %s: %v", f.Spec(), err)
	}
	return e
}

func (l *lab) verify(e faults.Effect) error {
	ctx, cancel := context.WithTimeout(l.t.Context(), patience+l.target.Lasts)
	defer cancel()
	err := e.Verify(ctx)
	if kind, _, _ := strings.Cut(e.Describe().Spec, ":"); err == nil {
		seenKinds.Store(kind, true)
	}
	return err
}

// seenKinds has the kinds whose effect a test has seen from outside.
var seenKinds sync.Map

// heal heals an effect twice, and fails if anything is left: a claim, or a fault on a link.
func (l *lab) heal(e faults.Effect) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := errors.Join(e.Heal(ctx), e.Heal(ctx)); err != nil {
		l.t.Errorf("heal: %v", err)
	}
	l.clean()
}

// clean fails if a fault is still in effect.
func (l *lab) clean() {
	l.t.Helper()
	for _, c := range l.clients {
		release, ok := l.target.Claims.Take(fmt.Sprintf("client %d", c.id))
		if !ok {
			l.t.Errorf("client %d is still claimed", c.id)
			continue
		}
		release()
		if err := c.link.Clean(); err != nil {
			l.t.Errorf("the link of client %d: %v", c.id, err)
		}
	}
	release, ok := l.target.Claims.Take("folder " + l.folder())
	if !ok {
		l.t.Error("the folder is still claimed")
		return
	}
	release()
}

// awaits waits until so returns true.
func (l *lab) awaits(what string, so func() bool) {
	l.t.Helper()
	for late := time.Now().Add(patience); !so(); {
		if time.Now().After(late) {
			l.t.Fatalf("not so after %s: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// children lists what is in the folder, as the leader knows it.
func (l *lab) children() []string {
	l.t.Helper()
	if _, err := l.target.Admin.Sync(l.folder()); err != nil {
		l.t.Fatal(err)
	}
	names, _, err := l.target.Admin.Children(l.folder())
	if err != nil {
		l.t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// catchUp makes a client's server know what was committed before: it may lag behind the
// one that others write to.
func (c *labClient) catchUp(t *testing.T) {
	t.Helper()
	must.Get(c.Sync("/"))(t)
}

// works reports whether a client has a session and its requests are answered.
func (c *labClient) works(path string) bool {
	_, _, err := c.Exists(path)
	return err == nil && c.State() == zk.StateHasSession
}

// saw returns how often a client entered a state.
func (c *labClient) saw(s zk.State) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.states {
		if x == s {
			n++
		}
	}
	return n
}

// told lists the facts of the client's sessions, without those.
func (c *labClient) told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, e := range c.facts {
		all = append(all, e.F)
	}
	return all
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func containing(list []string, part string) (n int) {
	for _, s := range list {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}
