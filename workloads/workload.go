package workloads

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/virtual/jitter"
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

// Parameterized is a workload whose checks need more parameters than others.
type Parameterized interface {
	// Params sets the parameters that others do not need. The number of clients is
	// already set.
	Params(p *history.Params)
}

// Served is a workload whose subjects a client's own process can make. A workload gets the subject of a client that
// lives in a process of its own from the contract (contracts.Contract), or from subjects.Client.Remote.
type Served interface {
	Maker() subjects.Maker
}

// Declares is a workload of objects that zklab does not know: it declares them itself. Package
// object makes such workloads.
type Declares interface {
	// Declared returns the same declaration at each call. Its model has the name of the workload.
	Declared() models.Declared
}

// DeclaredBy returns the declaration of a workload, or nil if zklab knows its objects.
func DeclaredBy(w Workload) models.Declared {
	if own, ok := w.(Declares); ok {
		return own.Declared()
	}
	return nil
}

// HeaderOf returns the header of a workload's histories.
func HeaderOf(w Workload, p history.Params) history.Header {
	h := history.Header{Model: w.Name(), Params: p}
	if own := DeclaredBy(w); own != nil {
		h.Declared, h.Object, h.Declaration = own, own.Written(), own.Identity()
	}
	return h
}

// WrittenBy returns the text that declares the objects of a workload; "" if a program or zklab does.
func WrittenBy(w Workload) string {
	if own := DeclaredBy(w); own != nil {
		return own.Written()
	}
	return ""
}

// ModelOf returns the model of a workload's objects.
func ModelOf(w Workload) *models.Model {
	if own := DeclaredBy(w); own != nil {
		return own.Model()
	}
	return models.Named(w.Name())
}

// Run is a workload in one run. Load is called once, then Quiesce once.
type Run interface {
	// Load runs all clients until over is closed, or each client has begun as much as it
	// should (Env.Ops). It returns when the last operation has ended: operations under way continue
	// within their own time limits. ctx cuts them short.
	Load(ctx context.Context, over <-chan struct{}) error
	// Quiesce runs after everything is healed. It gives every contender its turn, drains
	// queues, takes final readings, and closes subjects. It ends by itself in a time that
	// follows from Env.Bound; ctx cuts it short.
	Quiesce(ctx context.Context) error
}

// Env is the environment of a workload in a run.
type Env struct {
	Record  *history.Recorder
	Clients []*Client
	// Admin is a connection that no fault reaches, for final readings.
	Admin *zk.Conn
	// Visit opens a session in addition to those of the clients; nil unless the workload is
	// Wired. The caller must close it.
	Visit func(ctx context.Context) (*Visitor, error)
	// Listen opens a session with a single bare connection. The caller must close it.
	Listen func(ctx context.Context) (*Listener, error)
	// Root is an existing znode of this run's own.
	Root string
	// Settings holds the experiment's settings, with all defaults filled in.
	settings.Settings
	Seed int64
	// Arrivals are the arrivals of the load that take place; nil means all. OnArrival, if
	// not nil, is called for each. It must be safe for concurrent use.
	Arrivals  []Arrival
	OnArrival func(Arrival)
	// Disturbed is true if faults are injected during the load.
	Disturbed bool
	// Patient is true if waiting costs nothing, because time is virtual: then the workload
	// tries waits that would otherwise make a run too long.
	Patient bool
	// Bound is how long something may take in a healthy ensemble before it counts as stuck
	// (properties "progress", "late").
	Bound time.Duration
}

// Key returns the name of the i-th object of a run; Path is its znode.
func (e *Env) Key(i int) string { return fmt.Sprintf("k%d", i+1) }

// keys lists the keys.
func (e *Env) keys() (all []string) {
	for i := range e.Keys {
		all = append(all, e.Key(i))
	}
	return all
}

// Path returns the znode of a key.
func (e *Env) Path(key string) string { return e.Root + "/" + key }

// each runs f for every client at once and waits for all.
func (e *Env) each(f func(c *Client)) {
	var wg sync.WaitGroup
	for _, c := range e.Clients {
		wg.Go(func() {
			jitter.Wait(c.ID)
			f(c)
			c.idle = false
		})
	}
	wg.Wait()
}

// eachKey runs f for every client at once, and in each client for one key after the other.
func (e *Env) eachKey(f func(c *Client, key string)) {
	e.each(func(c *Client) {
		for i := range e.Keys {
			f(c, e.Key((i+c.ID)%e.Keys))
		}
	})
}

// toExpire returns how long after its last request a session on healthy servers has ended:
// servers check at whole ticks.
func (e *Env) toExpire() time.Duration {
	params := e.Record.Header().Params
	return params.SessionTimeout + 3*params.Tick
}

// closeOne closes a subject within the bound.
func (e *Env) closeOne(ctx context.Context, c *Client, subject any) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	c.closeSubject(ctx, subject)
}
