package zklab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Run runs the experiment: starts the ensemble, lets the clients work while
// faults happen, heals, quiesces, stops everything, checks and reports. A
// violation is an Outcome and no error; an error means that there is none: the
// experiment makes no sense (ErrUsage), could not be run, or ctx ended.
// Nothing that Run started is left when it returns.
func (x Experiment) Run(ctx context.Context) (*Outcome, error) {
	began := time.Now()
	x, err := x.Complete()
	if err != nil {
		return nil, err
	}
	r := &run{x: x, timings: map[string]time.Duration{}, calm: make(chan struct{})}
	r.progress = newReporter(x.Workload.Name(), x)
	defer r.progress.close()
	if err := r.perform(ctx, began); err != nil {
		return nil, err
	}
	return r.judge(ctx)
}

// run is one run under way. Its stages are methods, in the order of perform.
type run struct {
	x        Experiment
	plan     []faults.Step
	progress *reporter

	ensemble ensemble.Ensemble
	wiring   wiring
	profile  ensemble.Profile
	stored   *store.Run
	record   *history.Recorder
	admin    *zk.Conn
	root     string
	bound    time.Duration
	clients  []*workloads.Client
	logs     *clientLogs // of clients that are processes
	activity *faults.Activity
	work     workloads.Run
	started  time.Time
	ended    time.Time     // after the last operation
	calm     chan struct{} // closed when the load is over and every fault healed

	interrupted bool
	unhealthy   bool // after the heal
	warnings    []string
	timings     map[string]time.Duration
	closers     []func() error // undo what was opened, last first
}

// perform does everything that needs the ensemble. What it opened is closed
// when it returns, however it returns; the record then is complete.
func (r *run) perform(ctx context.Context, began time.Time) (err error) {
	defer func() { err = errors.Join(err, r.close(err)) }()
	for _, stage := range []func(context.Context) error{r.start, r.open} {
		if err := stage(ctx); err != nil {
			return r.abandon(ctx, err)
		}
	}
	r.timings["start"] = time.Since(began)
	for _, stage := range []func(context.Context) error{r.load, r.heal, r.quiesce} {
		if err := stage(ctx); err != nil {
			return r.abandon(ctx, err)
		}
		if ctx.Err() != nil {
			return hardStop(ctx)
		}
	}
	r.leaveWires()
	r.collect(ctx)
	return nil
}

// abandon prefers the reason of a stop over the errors that it caused, and
// removes the folder of a run that recorded no operation.
func (r *run) abandon(ctx context.Context, err error) error {
	if r.stored != nil && r.work == nil {
		err = errors.Join(err, r.stored.Remove())
	}
	if ctx.Err() != nil {
		return hardStop(ctx)
	}
	return err
}

// start starts the ensemble, which then may have less than its sketch.
func (r *run) start(ctx context.Context) error {
	r.progress.phase("starting the ensemble")
	e, err := r.x.Ensemble.Start(ctx)
	if err != nil {
		return err
	}
	r.ensemble, r.profile = e, e.Profile()
	r.connectWires()
	r.closers = append(r.closers, e.Close)
	if r.x, err = r.x.choose(e); err != nil {
		return err
	}
	r.plan = r.x.Plan()
	r.progress.plan(len(r.plan))
	return nil
}

// load lets clients and faults work for as long as the time limit says, or
// until the run is interrupted, or the record cannot be written any more.
func (r *run) load(ctx context.Context) error {
	load, stop := context.WithTimeout(ctx, r.x.TimeLimit)
	defer stop()
	r.watchHeartbeat(stop)

	r.phase(history.PhaseLoad)
	played := make(chan error, 1)
	go func() { played <- faults.Play(load, r.plan, r.target(), r.record) }()
	worked := make(chan error, 1)
	go func() { worked <- guarded(func() error { return r.work.Load(ctx, load.Done()) }) }()
	select {
	case <-r.x.Interrupt:
		r.interrupted = true
		stop()
	case <-load.Done():
	case err := <-worked: // only an error ends it before its time
		worked <- err
		stop()
	}
	// What was injected is healed before the last operations have ended: they
	// may be waiting for just that.
	if err := <-played; err != nil {
		r.warnings = append(r.warnings, err.Error())
	}
	r.revive(ctx)
	close(r.calm)
	return errors.Join(<-worked, r.record.Err())
}

// heal waits until the ensemble is healthy again. One that is not leaves a
// record that says so, and nothing valid.
func (r *run) heal(ctx context.Context) error {
	r.phase(history.PhaseHeal)
	bound := 15*time.Second + r.x.TimeLimit/4
	h, err := ensemble.WaitHealthy(ctx, r.ensemble, bound)
	r.health("after", h, err)
	if err != nil {
		r.unhealthy = true
		r.warnings = append(r.warnings, "after the faults were healed: "+err.Error())
	}
	return nil
}

// quiesce gives every contender its turn. It is left out when the ensemble
// could not serve it.
func (r *run) quiesce(ctx context.Context) error {
	if !r.unhealthy {
		r.phase(history.PhaseQuiesce)
		err := guarded(func() error { return r.work.Quiesce(ctx) })
		if err != nil && ctx.Err() == nil {
			r.warnings = append(r.warnings, "quiesce: "+err.Error())
		}
	}
	r.ended = time.Now()
	r.dropped()
	for _, c := range r.clients {
		if err := c.Stuck(); err != nil {
			r.warnings = append(r.warnings, fmt.Sprintf("client %d was left out from then on: %v", c.ID, err))
		}
	}
	return nil
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

// collect keeps the servers' logs and what they committed with the run. A run
// without them is still a run.
func (r *run) collect(ctx context.Context) {
	r.progress.phase("collecting logs")
	ctx, cancel := context.WithTimeout(ctx, collectWait)
	defer cancel()
	if logs, ok := r.ensemble.(ensemble.LogReader); ok {
		if err := logs.CollectLogs(ctx, r.stored.Servers()); err != nil {
			r.warnings = append(r.warnings, "collect the servers' logs: "+err.Error())
		}
	}
	if txns, ok := r.ensemble.(ensemble.TransactionReader); ok {
		if err := r.collectTransactions(ctx, txns); err != nil {
			r.warnings = append(r.warnings, "collect the committed transactions: "+err.Error())
		}
	}
}

func (r *run) collectTransactions(ctx context.Context, from ensemble.TransactionReader) error {
	txns, err := from.Transactions(ctx)
	if err != nil {
		return err
	}
	return history.CreateTxns(r.stored.Transactions(), txns)
}

// close undoes what was opened, last first. Its error is what failed beyond known.
func (r *run) close(known error) error {
	r.progress.phase("stopping")
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		if err := r.closers[i](); !errors.Is(known, err) {
			errs = append(errs, err)
		}
	}
	r.closers = nil
	return errors.Join(errs...)
}

func (r *run) target() *faults.Target {
	t := &faults.Target{
		Ensemble: r.ensemble, Activity: r.activity, Now: r.record.Now, Admin: r.admin, Root: r.root,
	}
	for _, c := range r.clients {
		client := faults.Client{ID: c.ID, Link: c.Link}
		if p, ok := c.Process.(*clientProcess); ok {
			client.Process = p
		}
		t.Clients = append(t.Clients, client)
	}
	return t
}

func (r *run) phase(name string) {
	r.fact(history.FPhase, history.Phase{Name: name})
	r.progress.phase(name)
}

func (r *run) health(when string, h ensemble.Health, err error) {
	v := history.Health{Healthy: err == nil, When: when, Leader: h.Leader}
	if err != nil {
		v.Detail = err.Error()
	}
	for _, s := range h.Servers {
		if s.ID == h.Leader {
			v.Epoch = s.Status.Epoch()
		}
	}
	r.fact(history.FHealth, v)
}

func (r *run) fact(f string, value any) {
	r.record.Record(history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(value),
	})
}

// healthy is an ensemble's health before the load.
func (r *run) healthy(ctx context.Context) (ensemble.Health, error) {
	h, err := ensemble.WaitHealthy(ctx, r.ensemble, 30*time.Second)
	if err != nil {
		return h, fmt.Errorf("the ensemble did not become healthy: %w", err)
	}
	return h, nil
}
