package engine

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// clients holds the clients of a run, which are goroutines or processes.
type clients struct {
	*Config
	links  *links
	record *record
	bound  time.Duration // how long something may take before it counts as stuck
	calm   chan struct{} // closed when the load is over and every fault is healed
	logs   *clientLogs   // of processes

	open []*workloads.Client // by id
}

// openClients connects all clients at once, each first to another server. Clients that are processes of
// their own start a few at a time.
func (r *run) openClients(ctx context.Context) error {
	cs := &clients{
		Config: &r.Config, links: r.links, record: r.record, bound: r.bound,
		calm: make(chan struct{}), logs: &clientLogs{dir: r.clientsDir(), files: map[int]*os.File{}},
	}
	r.clients = cs
	r.undo.add(cs.logs.close)
	through := make([]*link.Link, r.Clients)
	for i := range through {
		through[i] = r.links.make(i, r.links.dial)
		r.undo.add(through[i].Close)
	}
	r.undo.add(r.closeClients)
	return cs.connectAll(ctx, through)
}

// clientsDir returns where the logs of processes go; "" is nowhere.
func (r *run) clientsDir() string {
	if r.Run == nil {
		return ""
	}
	return r.Run.Clients()
}

// connectAll opens a client through each link. It returns only the first error, of which the others are
// consequences.
func (cs *clients) connectAll(ctx context.Context, through []*link.Link) error {
	connect, wait, atOnce := cs.connect, connectWait, len(through)
	if cs.Command != nil {
		connect, wait, atOnce = cs.launch, processWait, startsAtOnce
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	all := make([]*workloads.Client, len(through))
	for i, l := range through {
		g.Go(func() (err error) {
			jitter.Wait(i)
			all[i], err = connect(ctx, i, l)
			return err
		})
	}
	err := g.Wait()
	cs.open = slices.DeleteFunc(all, func(c *workloads.Client) bool { return c == nil })
	return err
}

// connect opens a client that is a goroutine.
func (cs *clients) connect(ctx context.Context, id int, l *link.Link) (*workloads.Client, error) {
	conn, events, err := cs.links.connect(ctx, l, id)
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", id, err)
	}
	c := workloads.NewClient(&subjects.Client{
		ID: id, Servers: cs.links.servers(id), Timeout: granted(l), Dial: zkconn.Lossy(l.Dial),
		Conn: conn, Events: events.All(), Subscribe: events.Subscribe,
	}, l, cs.record.Recorder, cs.Clients)
	c.GiveUp(cs.calm, workloads.Patience(cs.bound))
	return c, nil
}

// closeClients closes all clients at once: each may take seconds when the
// ensemble does not answer. It warns of processes that did not end when asked to.
func (r *run) closeClients() error {
	unruly := make([]error, len(r.clients.open))
	_ = await.All(r.clients.open, func(i int, c *workloads.Client) error {
		unruly[i] = closeClient(c)
		return nil
	})
	for _, err := range unruly {
		r.warn("", err)
	}
	return nil
}

// closeClient closes the connections that the client's subjects share, and then the session. Clean-ups
// that are still under way get one more second at most.
func closeClient(c *workloads.Client) error {
	if p, ok := c.Process.(*process); ok {
		return p.close(context.Background())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Close(ctx)
	c.Conn.Close()
	return nil
}

// targets returns the clients as faults see them.
func (cs *clients) targets() []faults.Client {
	var all []faults.Client
	for _, c := range cs.open {
		t := faults.Client{ID: c.ID, Link: c.Link}
		if p, ok := c.Process.(*process); ok {
			t.Process = p
		}
		all = append(all, t)
	}
	return all
}

// leftOut returns the reasons why clients dropped out of the run.
func (cs *clients) leftOut() (why []error) {
	for _, p := range cs.processes() {
		if err := p.Over(); err != nil {
			why = append(why, fmt.Errorf("client %d dropped out: %w", p.client, err))
		}
	}
	for _, c := range cs.open {
		if err := c.Stuck(); err != nil {
			why = append(why, fmt.Errorf("client %d was not used from then on: %w", c.ID, err))
		}
	}
	return why
}
