package workloads

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/apart"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
)

// Workload is a recipe under load.
type Workload interface {
	// Name is the recipe's name: the command's argument and the history's model.
	Name() string
	// Start makes the subjects, one for each client and key, for one run.
	Start(ctx context.Context, env *Env) (Run, error)
}

// Parameterized is a workload of which checking needs to know more than of any other.
type Parameterized interface {
	// Params fills that in. The number of clients is set already.
	Params(p *history.Params)
}

// Processes is a workload that can do with clients that are processes of their
// own. One that is not makes its subjects from subjects.Client.Remote itself.
type Processes interface {
	// InProcesses is the same workload with subjects that live there; constructors
	// of this process are left aside. It is nil where other processes have no such
	// subjects.
	InProcesses() Workload
}

// Served is a workload whose subjects a process can make that is a client itself.
type Served interface {
	Maker() subjects.Maker
}

// Run is a workload at work in one run. Load is called once, then Quiesce once.
type Run interface {
	// Load runs all clients until over is closed, or each has begun as much as it is to
	// (Env.Ops), and returns when the last operation has ended: those under way then go on
	// within their own time limits. ctx cuts them short.
	Load(ctx context.Context, over <-chan struct{}) error
	// Quiesce comes after heal: every contender gets its turn, queues are
	// drained, final readings are taken, subjects are closed. It ends by itself
	// in a time that follows from Env.Bound; ctx cuts it short.
	Quiesce(ctx context.Context) error
}

// Env is the surroundings of a workload in a run.
type Env struct {
	Record  *history.Recorder
	Clients []*Client
	// Admin is a connection that no fault reaches, for final readings.
	Admin *zk.Conn
	// Visit opens a session beside those of the clients; nil unless the workload is
	// Wired. Whoever opens one ends it.
	Visit func(ctx context.Context) (*Visitor, error)
	// Listen opens a session that is one bare connection, likewise.
	Listen func(ctx context.Context) (*Listener, error)
	// Root is a znode of this run's own; it exists.
	Root string
	// Settings are those of the experiment, complete.
	settings.Settings
	Seed int64
	// Arrivals are those of the load that take place; nil: all. OnArrival is told of each;
	// nil for nobody. It may be called by many goroutines at once.
	Arrivals  []Arrival
	OnArrival func(Arrival)
	// Disturbed says that faults are injected while the load lasts.
	Disturbed bool
	// Patient says that waiting costs nothing, since time is virtual: waits are tried for longer
	// than anybody would otherwise wait for the end of a run.
	Patient bool
	// Bound is how long, in a healthy ensemble, something may take before it
	// counts as stuck (properties "progress", "late").
	Bound time.Duration
}

// Key names the i-th object of a run; Path is its znode.
func (e *Env) Key(i int) string { return fmt.Sprintf("k%d", i+1) }

// Path is the znode of a key.
func (e *Env) Path(key string) string { return e.Root + "/" + key }

// each runs f for every client at once and waits for all.
func (e *Env) each(f func(c *Client)) {
	var wg sync.WaitGroup
	for _, c := range e.Clients {
		wg.Go(func() {
			apart.Wait(c.ID)
			f(c)
			c.idle = false
		})
	}
	wg.Wait()
}

// eachKey runs f for every client at once, and of each for one key after the other.
func (e *Env) eachKey(f func(c *Client, key string)) {
	e.each(func(c *Client) {
		for i := range e.Keys {
			f(c, e.Key((i+c.ID)%e.Keys))
		}
	})
}

// toExpire is how long after its last word a session on healthy servers has ended: servers look at
// whole ticks.
func (e *Env) toExpire() time.Duration {
	params := e.Record.Header().Params
	return params.SessionTimeout + 3*params.Tick
}

// closeOne ends a subject within the bound.
func (e *Env) closeOne(ctx context.Context, c *Client, subject any) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	c.closeSubject(ctx, subject)
}
