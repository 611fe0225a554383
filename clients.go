package zklab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zkconn"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// connectWait is how long a client may take to get its first session.
const connectWait = 15 * time.Second

// open makes the run's folder and record, connects the clients, and makes the
// subjects.
func (r *run) open(ctx context.Context) error {
	h, err := r.healthy(ctx)
	if err != nil {
		return err
	}
	negotiated, err := r.openAdmin(ctx)
	if err != nil {
		return err
	}
	if err := r.openRecord(negotiated); err != nil {
		return err
	}
	r.phase(history.PhaseSetup)
	r.health("before", h, nil)
	if err := r.openClients(ctx); err != nil {
		return err
	}
	return r.startWork(ctx)
}

// startWork makes the subjects.
func (r *run) startWork(ctx context.Context) error {
	return guarded(func() error {
		env := &workloads.Env{
			Record: r.record, Clients: r.clients, Admin: r.admin, Root: r.root,
			Rate: r.x.Rate, Keys: r.x.Keys, Seed: r.x.Seed, OpTimeout: r.x.OpTimeout, Bound: r.bound,
		}
		if err := r.wireUp(ctx, env); err != nil {
			return err
		}
		work, err := r.x.Workload.Start(ctx, env)
		if err == nil {
			r.work = work
		}
		return err
	})
}

// openAdmin connects the harness's own client and makes the run's root znode.
// The time-out that the servers granted it is what they grant the others.
func (r *run) openAdmin(ctx context.Context) (negotiated time.Duration, err error) {
	l := link.New(link.Config{Client: -1, Dial: r.ensemble.Dial, Clock: func() time.Duration { return 0 }})
	r.closers = append(r.closers, l.Close)
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{
		Servers: addresses(r.ensemble), Timeout: r.x.SessionTimeout, Dial: l.Dial,
	})
	if err != nil {
		return 0, fmt.Errorf("connect to the ensemble: %w", err)
	}
	go drain(events)
	r.admin = conn
	r.closers = append(r.closers, closing(conn.Close))
	r.started = time.Now().UTC()
	r.root = "/zklab/" + r.started.Format("20060102T150405.000000000")
	if err := makePath(conn, r.root); err != nil {
		return 0, fmt.Errorf("make znode %s: %w", r.root, err)
	}
	return grantedBy(l), nil
}

func (r *run) openRecord(negotiated time.Duration) (err error) {
	r.stored, err = store.Create(r.x.Out, r.x.Workload.Name(), r.started)
	if err != nil {
		return err
	}
	if err := store.WriteExperiment(r.stored.Experiment(), r.x.stored(r.profile, r.plan)); err != nil {
		return err
	}
	params := history.Params{
		Clients: r.x.Clients, Servers: r.profile.Servers, SessionTimeout: negotiated, Tick: r.profile.Tick,
		Reconnect: reconnectBound(r.profile.Servers), MinLoad: r.x.minLoad(),
		SameClock: r.profile.Backend == "embedded", Subject: r.x.Subject, Expects: r.x.kinds(r.plan), Optional: r.x.optional(r.plan), Seed: r.x.Seed,
	}
	r.x.Workload.Params(&params)
	r.bound = checker.Bound(params)
	r.record, err = history.Create(r.stored.History(), history.Header{Model: r.x.Workload.Name(), Params: params})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, r.record.Close)
	r.activity = faults.NewActivity()
	r.record.Observe(r.activity.Observe)
	r.record.Observe(r.progress.observe)
	return nil
}

// reconnectBound is how long a client needs at most to find a server that
// serves: it waits for each of the others until the link gives them up, and
// for a second after each round.
func reconnectBound(servers int) time.Duration {
	return time.Duration(servers)*link.DefaultConnectTimeout + time.Second
}

// openClients connects all clients at once, each to another server first.
// Those that are processes of their own start a few at a time.
func (r *run) openClients(ctx context.Context) error {
	open, wait, turns := r.openClient, connectWait, r.x.Clients
	if r.x.Command != nil {
		open, wait, turns = r.openProcess, processWait, startsAtOnce
		r.logs = newClientLogs(r.stored.Clients())
		r.closers = append(r.closers, r.logs.close)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	turn := make(chan struct{}, turns)
	type opened struct {
		client *workloads.Client
		err    error
	}
	results := make(chan opened, r.x.Clients)
	links := make([]*link.Link, r.x.Clients)
	for i := range links {
		links[i] = r.newLink(i, r.wiring.dial)
		r.closers = append(r.closers, links[i].Close)
		go func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			c, err := open(ctx, i, links[i])
			results <- opened{c, err}
		}()
	}
	r.closers = append(r.closers, r.closeClients)
	var errs []error
	for range links {
		o := <-results
		if o.err != nil {
			errs = append(errs, o.err)
			cancel() // for the others there is nothing to do
			continue
		}
		r.clients = append(r.clients, o.client)
	}
	slices.SortFunc(r.clients, func(a, b *workloads.Client) int { return a.ID - b.ID })
	return first(errs)
}

// first is the first of some errors: the others follow from it.
func first(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}

// closeClients closes all clients at once: each may take seconds when the
// ensemble does not answer.
func (r *run) closeClients() error {
	var wg sync.WaitGroup
	unruly := make([]error, len(r.clients))
	for i, c := range r.clients {
		wg.Go(func() { unruly[i] = closeClient(c) })
	}
	wg.Wait()
	for _, err := range unruly {
		if err != nil {
			r.warnings = append(r.warnings, err.Error())
		}
	}
	return nil
}

func (r *run) openClient(ctx context.Context, id int, l *link.Link) (*workloads.Client, error) {
	servers := r.serversFor(id)
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: servers, Timeout: r.x.SessionTimeout, Dial: l.Dial})
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", id, err)
	}
	c := workloads.NewClient(&subjects.Client{
		ID: id, Servers: servers, Timeout: grantedBy(l), Dial: zkconn.Lossy(l.Dial), Conn: conn, Events: events,
	}, l, r.record, r.x.Clients)
	c.GiveUp(r.calm, r.bound)
	return c, nil
}

// serversFor are the servers in the order in which a client tries them.
func (r *run) serversFor(id int) []string {
	servers := addresses(r.ensemble)
	first := id % len(servers)
	return slices.Concat(servers[first:], servers[:first])
}

// closeClient ends what subjects shared, then the session. Clean-ups that are
// still under way have had their time. The error is that of a process that did
// not end when it was asked to.
func closeClient(c *workloads.Client) error {
	if p, ok := c.Process.(*clientProcess); ok {
		return p.close(context.Background())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Close(ctx)
	c.Conn.Close()
	return nil
}

// grantedBy is the session time-out that the servers granted.
func grantedBy(l *link.Link) time.Duration {
	s, _ := l.Session()
	return s.Timeout
}

func addresses(e ensemble.Ensemble) []string {
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	return addrs
}

// makePath makes a znode and its parents.
func makePath(conn *zk.Conn, path string) error {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		_, err := conn.Create(path[:i], nil, 0, zk.WorldACL(zk.PermAll))
		if err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return fmt.Errorf("%s: %w", strings.TrimSuffix(path[:i], "/"), err)
		}
	}
	return nil
}

// drain reads events that nobody else does.
func drain(events <-chan zk.Event) {
	for range events {
	}
}

func closing(f func()) func() error { return func() error { f(); return nil } }
