// Package canary watches an ensemble that others use, and injects no faults: it uses a lock and a register at one
// operation per second, checks them as in every run, and asks the servers for their roles. It reports what happened
// by itself: leader changes, servers that did not answer, sessions that moved or expired, and how long clients
// waited.
//
// Each object is a run of package experiment, without faults, and is stored as one. All of them work below one znode,
// an [external.Claim]. A check in windows runs them again and again, each time with objects and sessions of their own,
// and judges each window while the check goes on: see windows.go. servers.go polls the servers, clients.go follows the
// records of the runs, result.go sums them up, and metrics.go exports the figures to Prometheus.
package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// How much load the check puts on an ensemble. docs/external.md also documents these figures.
const (
	// Clients of each object, each with a session.
	Clients = 3
	// MostRate is the most operations per second and object.
	MostRate = 10
	// probeRate is how many writes per second each probe makes: one for each server, and one that uses all of them.
	probeRate = 1
	// held is how long a client holds the lock, as a multiple of the time between two operations: long enough that
	// other clients contend for it, which its properties need. It costs the servers nothing.
	held = 1.5
)

// Config says what to check, for how long, and how.
type Config struct {
	Servers external.Config // without commands
	For     time.Duration   // of the load; 0: until it is interrupted, in windows
	Window  time.Duration   // how long a window is; 0: the whole check is one
	Keep    int             // number of windows whose runs are kept, and of further ones with a violation
	Rate    float64         // operations per second of each object
	Out     string          // the store
	Program string          // the command that its command lines begin with; "" is zklab

	SessionTimeout time.Duration // of the clients

	Interrupt <-chan struct{} // closed: the load ends early
	// OnEvent is called with each event, one call after the other; nil means that no caller is
	// told.
	OnEvent func(Event)
}

// objects lists the objects that a check uses.
var objects = []struct {
	recipe string
	pace   float64 // factor of Config.Rate: clients of a register wait for each other, so only half of the operations take place
	probes bool    // the object's record contains the probes
}{
	{models.Register.Name, 2, true},
	{models.Lock.Name, 1, false},
}

// Check is a check under way. Its methods are safe for concurrent use.
type Check struct {
	Config
	ensemble ensemble.Ensemble
	claim    *external.Claim

	mu         sync.Mutex
	began      time.Time
	events     []Event
	left       int // number of events that were not kept
	servers    []*serverState
	leader     int   // 0: none is known
	epoch      int64 // of the latest leader
	change     *FailOver
	failOvers  []FailOver
	failedOver int
	clients    clients
	windows    windows
}

// Run checks an ensemble, and leaves nothing in it. Before the load, it calls begins with the check, whose metrics
// can be read from then on. The error says why there is no result.
func Run(ctx context.Context, c Config, begins func(*Check) error) (*Result, error) {
	k := &Check{Config: c, began: time.Now(), clients: newClients(), windows: windows{counts: map[checker.Result]int{}}}
	if err := k.start(ctx); err != nil {
		return nil, err
	}
	defer k.ensemble.Close()
	if err := begins(k); err != nil {
		return nil, errors.Join(err, k.claim.Close())
	}
	k.removeAbandoned(ctx, true)
	result, err := k.run(ctx)
	if result != nil {
		result.Warnings = append(result.Warnings, k.ensemble.Profile().Warnings...)
	}
	k.removeAbandoned(context.WithoutCancel(ctx), false) // of checks that were killed a short time ago
	closed := k.claim.Close()
	if result != nil && closed != nil { // the verdict stands
		result.Warnings = append(result.Warnings, closed.Error())
		closed = nil
	}
	if result != nil {
		result.keep()
	}
	return result, errors.Join(err, closed)
}

// start inspects the ensemble and claims a znode in it. An interrupt ends start.
func (k *Check) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-k.Interrupt:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := k.reach(ctx); err != nil {
		return err
	}
	if k.claim, err = k.Servers.Claim(ctx); err != nil {
		return errors.Join(err, k.ensemble.Close())
	}
	return nil
}

// reach starts the ensemble, if need be without servers that are down. Those are only watched.
func (k *Check) reach(ctx context.Context) (err error) {
	all, err := k.Servers.Sketch()
	if err != nil {
		return err
	}
	if k.ensemble, err = k.Servers.Start(ctx); err != nil {
		fewer := k.Servers
		fewer.Servers, fewer.Absent = serving(ctx, all)
		if len(fewer.Servers) == 0 || len(fewer.Absent) == 0 {
			return err
		}
		e, errFewer := fewer.Start(ctx)
		if errFewer != nil {
			return err
		}
		k.ensemble, k.Servers = e, fewer
	}
	now := time.Now()
	for _, server := range all.Servers() {
		s := &serverState{server: server}
		if slices.Contains(k.Servers.Absent, server.Addr()) {
			s.asked, s.why, s.since = true, silent, now
			k.note(Event{At: now, Kind: Gone, Server: server.ID(), Text: fmt.Sprintf("server %d at %s does not serve: the check begins without it, and its clients will not use it", server.ID(), server.Addr())})
		}
		k.servers = append(k.servers, s)
	}
	return nil
}

// serving asks all servers at once, and returns the addresses of those that serve, and of the others.
func serving(ctx context.Context, e ensemble.Ensemble) (up, down []string) {
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	servers := e.Servers()
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i, s := range servers {
		all.Go(func() { _, errs[i] = s.Status(asked) })
	}
	all.Wait()
	for i, s := range servers {
		if errs[i] == nil {
			up = append(up, s.Addr())
		} else {
			down = append(down, s.Addr())
		}
	}
	return up, down
}

// removeAbandoned removes the znodes that killed checks left behind.
func (k *Check) removeAbandoned(ctx context.Context, tellRunning bool) {
	removed, running, err := k.claim.Abandoned(ctx)
	for _, path := range removed {
		k.tell(Cleaned, "removed %s, which a check left that was killed", path)
	}
	if tellRunning && len(running) > 0 {
		k.tell(Cleaned, "left %s alone: another check runs, or was killed a moment ago", strings.Join(running, ", "))
	}
	if err != nil && ctx.Err() == nil {
		k.tell(Cleaned, "cannot look for what killed checks left: %v", err)
	}
}

// run runs all objects, and watches the servers meanwhile.
func (k *Check) run(ctx context.Context) (*Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watching, over := context.WithCancel(ctx)
	var watched sync.WaitGroup
	defer watched.Wait()
	defer over()
	k.watchServers(watching, &watched)
	go func() {
		select {
		case err := <-k.claim.Lost():
			stop(err)
		case <-watching.Done():
		}
	}()
	err := k.inWindows(ctx)
	over()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	watched.Wait()
	return k.result(), err
}

// window runs all objects for a time, and returns their outcomes: nil for one that could not be run.
func (k *Check) window(ctx context.Context, length time.Duration) ([]*experiment.Outcome, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	outcomes, errs := make([]*experiment.Outcome, len(objects)), make([]error, len(objects))
	var runs sync.WaitGroup
	for i := range objects {
		runs.Go(func() {
			if outcomes[i], errs[i] = k.object(ctx, i, length); errs[i] != nil && k.Window == 0 {
				stop(errs[i]) // the others would go on for hours
			}
		})
	}
	runs.Wait()
	return outcomes, cmp.Or(context.Cause(ctx), errors.Join(errs...))
}

// object runs the load of one object, and checks its record.
func (k *Check) object(ctx context.Context, i int, length time.Duration) (*experiment.Outcome, error) {
	of := objects[i]
	w, err := specimens.Named(of.recipe, workloads.Own)
	if err != nil {
		return nil, err
	}
	s := settings.Settings{
		Clients: Clients, Keys: 1, Rate: k.Rate * of.pace, TimeLimit: length, SessionTimeout: k.SessionTimeout, Label: "ensemble check",
		Hold: time.Duration(held * float64(time.Second) / k.Rate),
	}
	if of.probes {
		s.Probe = probeRate
	}
	x := experiment.Experiment{
		Config:  engine.Config{Workload: w, Subject: workloads.Own, Ensemble: place{k.ensemble, k.claim.Path}, Settings: s, Out: k.Out, Interrupt: k.Interrupt, TreeWatch: engine.Never},
		Program: k.Program, OnEvent: k.follow(of.recipe), UsualRate: true,
	}
	o, err := x.Run(ctx)
	if err != nil {
		return o, fmt.Errorf("%s: %w", of.recipe, err)
	}
	return o, nil
}

// place is the ensemble with another root: runs in it stay below that root.
type place struct {
	ensemble.Ensemble
	root string
}

var (
	_ ensemble.Starter = place{}
	_ ensemble.Shared  = place{}
)

func (p place) Start(context.Context) (ensemble.Ensemble, error) { return p, nil }

func (p place) Root() string { return p.root }

// Close does nothing: the check closes the ensemble.
func (p place) Close() error { return nil }
