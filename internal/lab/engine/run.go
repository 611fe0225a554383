package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/faults/plan"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/workloads"
)

// run is one run under way. Its stages are methods, in the order of perform.
type run struct {
	Finished
	undo    cleanup
	started time.Time
	bound   time.Duration // how long something may take before it counts as stuck

	ensemble     ensemble.Ensemble
	links        *links
	admin        *admin
	record       *record
	transactions *spool       // nil: the ensemble does not hand over what it commits
	treeWatch    *treeWatched // nil without
	clients      *clients
	probes       *probes // nil without
	work         workloads.Run
	finals       *workloads.Visitor // for final readings that are in the record; nil for the admin
	unhealthy    bool               // after the heal
}

// perform does everything that needs the ensemble. However it returns, it has then closed what it
// opened, and the record is complete.
func (r *run) perform(ctx context.Context) (err error) {
	began := time.Now()
	defer func() {
		r.Watcher.Phase("stopping")
		err = errors.Join(err, r.undo.run(err))
	}()
	if err := r.setUp(ctx); err != nil {
		return err
	}
	r.Timings["start"] = time.Since(began)
	for _, stage := range []func(context.Context) error{r.load, r.heal, r.quiesce, r.agree, r.noteWatches} {
		err := stage(ctx)
		if ctx.Err() != nil {
			return Stopped(ctx)
		}
		if err != nil {
			return err
		}
	}
	r.leave()
	r.recordTreeWatch()
	r.collect(ctx)
	return nil
}

// setUp starts and opens everything. An interrupt ends it at once, since before the load there is nothing to decide.
func (r *run) setUp(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	r.undo.add(func() error { cancel(); return nil })    // what is opened may use ctx as long as it is open
	interrupt, ready := r.Interrupt, make(chan struct{}) // start changes r.Config
	defer close(ready)
	go func() {
		select {
		case <-interrupt:
			cancel()
		case <-ready:
		}
	}()
	for _, stage := range []func(context.Context) error{r.start, r.open} {
		if err := stage(ctx); err != nil {
			return r.abandon(ctx, err)
		}
		if ctx.Err() != nil {
			return r.abandon(ctx, Stopped(ctx))
		}
	}
	return nil
}

// abandon prefers the reason of a stop over the errors that it caused, and
// removes the folder of a run whose load did not begin.
func (r *run) abandon(ctx context.Context, err error) error {
	if r.Run != nil {
		err = errors.Join(err, r.Run.Remove())
	}
	if ctx.Err() != nil {
		return Stopped(ctx)
	}
	return err
}

// warn keeps an error for the result, unless it is nil.
func (r *run) warn(doing string, err error) {
	if err != nil {
		r.Warnings = append(r.Warnings, doing+err.Error())
	}
}

// start starts the ensemble, which may then have fewer abilities than its sketch.
func (r *run) start(ctx context.Context) error {
	r.Watcher.Phase("starting the ensemble")
	starter := r.Ensemble
	if p, ok := starter.(ensemble.Preparer); ok && workloads.Sweeps(r.Workload) {
		starter = p.Prepare(ensemble.CanSweep)
	}
	e, err := starter.Start(ctx)
	if err != nil {
		return err
	}
	r.undo.add(e.Close)
	r.ensemble, r.Profile = e, e.Profile()
	r.Warnings = append(r.Warnings, r.Profile.Warnings...)
	if err := r.room(); err != nil {
		return err
	}
	r.links = newLinks(e, r.Workload, r.SessionTimeout)
	r.links.onPoint, r.links.onMessage = r.listMessages(), r.tellMessages()
	if r.Config, err = r.choose(e); err != nil {
		return err
	}
	r.Schedule = r.Plan()
	r.Watcher.Planned(len(r.Schedule))
	return nil
}

// room returns an error if the servers do not take the connections of all clients, which come from one address, and
// warns if they do not without those servers that a fault takes away.
func (r *run) room() error {
	most, servers := r.Profile.MaxConnections, r.Profile.Servers
	if most == 0 || r.Clients <= most {
		return nil
	}
	text := fmt.Sprintf("each server takes %s of one address (maxClientCnxns), and %s of the run connect to %s: take fewer (--clients), or raise the limit",
		prose.Count(most, "connection"), prose.Count(r.Clients, "client"), prose.Count(servers, "server"))
	if r.Clients > most*servers {
		return errors.New(text)
	}
	r.Warnings = append(r.Warnings, text)
	return nil
}

// open makes the run's folder and record, connects the clients, and makes the
// subjects.
func (r *run) open(ctx context.Context) error {
	before, err := r.enter(ctx)
	if err != nil {
		return err
	}
	if err := r.openRecord(); err != nil {
		return err
	}
	r.followTransactions(ctx)
	r.watchTree(ctx)
	r.record.phase(history.PhaseSetup)
	r.record.health("before", before, nil)
	if err := r.openClients(ctx); err != nil {
		return err
	}
	if err := guarded(func() error { return r.startWork(ctx) }); err != nil {
		return err
	}
	if err := r.clients.sessionsAlike(); err != nil {
		return err
	}
	return r.openProbes(ctx)
}

// enter waits until the ensemble is healthy and creates the run's znode. In an ensemble that is not
// the run's alone, the znode comes first, since the check writes below it.
func (r *run) enter(ctx context.Context) (h ensemble.Health, err error) {
	const bound = 30 * time.Second
	stages := []func() error{
		func() error {
			if h, err = r.awaitHealth(ctx, bound); err != nil {
				return fmt.Errorf("the ensemble did not become healthy: %w", err)
			}
			return nil
		},
		func() error { return r.openAdmin(ctx) },
		func() error {
			r.started = time.Now().UTC()
			return r.makeRoot()
		},
	}
	if _, shared := r.ensemble.(ensemble.Shared); shared {
		stages = append(stages[1:], stages[0])
	}
	for _, stage := range stages {
		if err := stage(); err != nil {
			return h, err
		}
	}
	return h, nil
}

// startWork makes the subjects.
func (r *run) startWork(ctx context.Context) error {
	env := &workloads.Env{
		Record: r.record.Recorder, Clients: r.clients.open, Admin: r.admin.conn, Root: r.admin.root,
		Settings: r.Settings, Seed: r.Seed, Bound: r.bound, Arrivals: r.Arrivals, OnArrival: r.OnArrival,
		Disturbed: len(r.Schedule) > 0, Patient: r.Virtual,
	}
	if r.links.wire {
		finals, err := r.links.visit(ctx, r.links.direct) // not through a corrupting proxy
		if err != nil {
			return err
		}
		r.undo.add(func() error { finals.Close(); return nil })
		r.finals, env.Admin = finals, finals.Conn
		env.Listen = func(ctx context.Context) (*workloads.Listener, error) { return r.links.listen(ctx, r.links.dial) }
		env.Visit = func(ctx context.Context) (*workloads.Visitor, error) { return r.links.visit(ctx, r.links.dial) }
	}
	work, err := r.Workload.Start(ctx, env)
	if err == nil {
		r.work = work
	}
	return err
}

// load lets clients and faults work for as long as the time limit says, or
// until clients have done all that they are to do, the run is interrupted, or the record
// cannot be written any more.
func (r *run) load(ctx context.Context) error {
	load, stop := context.WithTimeout(ctx, r.TimeLimit)
	defer stop()
	if !r.Virtual {
		r.undo.add(watchHeartbeat(r.record, stop))
	}

	r.record.phase(history.PhaseLoad)
	played := make(chan error, 1)
	r.links.loading.Store(true)
	player := plan.Ready(r.Schedule, r.target(), r.record.Recorder) // before clients begin
	r.probes.begin()
	go func() { played <- player.Play(load) }()
	compared := make(chan struct{})
	go func() {
		defer close(compared)
		r.agreeMeanwhile(load)
	}()
	defer func() { stop(); <-compared }()
	worked := make(chan error, 1)
	go func() { worked <- guarded(func() error { return r.work.Load(ctx, load.Done()) }) }()
	select {
	case <-r.Interrupt:
		r.Interrupted = true
		stop()
	case <-load.Done():
	case err := <-worked: // there was an error, or enough is done
		worked <- err
		if err == nil {
			player.Enough()
		} else {
			stop()
		}
	}
	r.links.loading.Store(false)
	// Faults are healed before the last operations have ended, since these may be waiting for just
	// that.
	r.warn("", <-played)
	r.Schedule = player.Played()
	r.clients.revive(ctx)
	close(r.clients.calm)
	err := <-worked
	r.probes.end(r.OpTimeout)
	return errors.Join(err, r.record.Err())
}

// target returns everything that faults can hit.
func (r *run) target() *faults.Target {
	return &faults.Target{
		Ensemble: r.ensemble, Clients: r.clients.targets(), Activity: r.record.activity, Now: r.record.Now,
		Admin: r.admin.conn, Root: r.admin.root,
	}
}

// heal waits until the ensemble is healthy again. If it is not, the record says so, and nothing in
// the run is valid.
func (r *run) heal(ctx context.Context) error {
	r.record.phase(history.PhaseHeal)
	bound := 15 * time.Second
	if len(r.Schedule) > 0 { // servers need longer after longer faults
		bound += r.TimeLimit / 4
	}
	h, err := r.awaitHealth(ctx, bound)
	r.record.health("after", h, err)
	r.unhealthy = err != nil
	r.warn("after the faults were healed: ", err)
	return nil
}

// awaitHealth waits until the ensemble is healthy. In a shared ensemble, its check writes only
// below the run's znode.
func (r *run) awaitHealth(ctx context.Context, bound time.Duration) (ensemble.Health, error) {
	e := r.ensemble
	if _, ok := e.(ensemble.Shared); ok {
		e = ensemble.Under(e, r.admin.root)
	}
	return ensemble.WaitHealthy(ctx, e, bound)
}

// quiesce lets every contender get what it waits for. It does nothing if the ensemble is unhealthy.
func (r *run) quiesce(ctx context.Context) error {
	if !r.unhealthy {
		r.record.phase(history.PhaseQuiesce)
		err := guarded(func() error { return r.work.Quiesce(ctx) })
		if ctx.Err() == nil {
			r.warn("quiesce: ", err)
		}
	}
	r.Ended = time.Now()
	for _, why := range r.clients.leftOut() {
		r.warn("", why)
	}
	return nil
}

// leave ends the sessions of the clients and the session for final readings, if the record includes
// the wire. The servers' transactions, which are read later, then include the ends of these
// sessions. Visitors have left already; the sessions of those that vanished a short while ago may
// not have expired yet.
func (r *run) leave() {
	if r.finals != nil {
		_ = r.closeClients()
		r.finals.Close()
	}
}

// guarded turns a panic of a workload, or of a subject where a workload does
// not expect one, into an error: what was started must be stopped.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the workload panicked: %v", p)
		}
	}()
	return f()
}

// collectWait bounds the copying of the servers' logs and transactions.
const collectWait = time.Minute

// collect stores the servers' logs and transactions with the run. A run without them is still a
// run.
func (r *run) collect(ctx context.Context) {
	r.Watcher.Phase("collecting logs")
	ctx, cancel := context.WithTimeout(ctx, collectWait)
	defer cancel()
	if logs, ok := r.ensemble.(ensemble.LogReader); ok && r.Run != nil {
		r.warn("collect the servers' logs: ", logs.CollectLogs(ctx, r.Run.Servers()))
	}
	r.warn("collect the committed transactions: ", r.collectTransactions(ctx))
}
