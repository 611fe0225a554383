package engine

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// record is the record of a run, to which the run itself also adds events.
type record struct {
	*history.Recorder
	watcher  Watcher
	activity *faults.Activity // what each client does, according to the record
}

// openRecord creates the run's folder with the experiment and the record.
func (r *run) openRecord() error {
	params := r.params()
	r.bound = checker.Bound(params)
	if given := params.SessionTimeout; given > 0 && given != r.SessionTimeout.Truncate(time.Millisecond) {
		r.warn("", fmt.Errorf("the servers grant session timeouts of %s instead of the requested %s, which is out of their bounds (minSessionTimeout, maxSessionTimeout)", given, r.SessionTimeout))
	}
	recorder, err := r.newRecorder(workloads.HeaderOf(r.Workload, params))
	if err != nil {
		return err
	}
	r.undo.add(recorder.Close)
	r.record = &record{Recorder: recorder, watcher: r.Watcher, activity: faults.NewActivity(workloads.ModelOf(r.Workload))}
	r.record.Observe(r.record.activity.Observe)
	r.record.Observe(r.Watcher.Observe)
	r.links.begin(r.record, r.admin.root)
	return nil
}

// newRecorder begins the record, in a folder or in memory.
func (r *run) newRecorder(h history.Header) (*history.Recorder, error) {
	if r.Out == "" {
		recorder := history.NewMemory(h)
		r.undo.add(func() (err error) { // the history is complete once the recorder is closed
			r.History, err = recorder.History()
			return err
		})
		return recorder, nil
	}
	var err error
	if r.Run, err = r.folder(r.Out, r.started); err != nil {
		return nil, err
	}
	return history.Create(r.Run.History(), h)
}

// folder creates a run's folder that contains the experiment.
func (f *Finished) folder(out string, started time.Time) (*store.Run, error) {
	run, err := store.Create(out, f.Workload.Name(), started)
	if err != nil {
		return nil, err
	}
	run.Declares = func(string) models.Declared { return workloads.DeclaredBy(f.Workload) }
	return run, store.WriteExperiment(run.Experiment(), f.Stored())
}

// Stored returns the run's experiment as experiment.yaml stores it.
func (f *Finished) Stored() store.Experiment { return f.stored(f.Profile, f.Schedule) }

// Keep writes a run without a folder into a new folder of a store, which is named after started.
func (f *Finished) Keep(out string, started time.Time) error {
	run, err := f.folder(out, started)
	if run == nil {
		return err
	}
	if err == nil {
		err = store.WriteFile(run.History(), f.Record())
	}
	if err == nil && f.Txns != nil {
		err = store.WriteFile(run.Transactions(), f.Transactions())
	}
	if err != nil {
		return errors.Join(err, run.Remove())
	}
	f.Run = run
	return nil
}

// Record returns the record of a run without a folder, in the format of history.jsonl.
func (f *Finished) Record() []byte {
	const usual = 256 // bytes of an event
	b := bytes.NewBuffer(make([]byte, 0, usual*len(f.History.Events)))
	_ = history.Write(b, f.History) // the recorder has made sure that all of it can be written
	return b.Bytes()
}

// Transactions returns the transactions of a run without a folder, in the format of
// transactions.jsonl.
func (f *Finished) Transactions() []byte {
	var b bytes.Buffer
	_ = history.WriteTxns(&b, f.Txns) // writing to a buffer never fails
	return b.Bytes()
}

// params returns the parameters of the run that checks need.
func (r *run) params() history.Params {
	_, logged := r.ensemble.(ensemble.TransactionReader)
	p := history.Params{
		Clients: r.Clients, Servers: r.Profile.Servers, SessionTimeout: r.admin.granted(), Tick: r.Profile.Tick, SyncLimit: r.Profile.SyncLimit, Sweep: r.Profile.Sweep,
		MinSession: r.Profile.MinSession, MaxSession: r.Profile.MaxSession,
		Reconnect: reconnectBound(r.Profile.Servers), MinLoad: r.MinLoad,
		SameClock: r.Profile.Backend == "embedded", Unlogged: !logged, Root: r.admin.root,
		Addresses: r.links.addrs, Subject: r.Subject, Expects: r.expects(), Optional: r.optional(r.Schedule), Seed: r.Seed,
	}
	if r.TimeLimit <= history.LongestParameter { // without this parameter, checks take the load to end with the heal
		p.Load = r.TimeLimit
	}
	if r.Slack != history.UsualSlack {
		p.Slack = r.Slack
	}
	if w, ok := r.Workload.(workloads.Parameterized); ok {
		w.Params(&p)
	}
	return p
}

// reconnectBound returns how long a client needs at most to find a server that
// serves: it waits for each of the others until the link gives them up, and
// for a second after each round.
func reconnectBound(servers int) time.Duration {
	return time.Duration(servers)*link.DefaultConnectTimeout + time.Second
}

func (r *record) phase(name string) {
	r.fact(history.FPhase, history.Phase{Name: name})
	r.watcher.Phase(name)
}

func (r *record) health(when string, h ensemble.Health, err error) {
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

func (r *record) fact(f string, value any) {
	r.Record(history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(value),
	})
}
