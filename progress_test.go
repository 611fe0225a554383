package zklab

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

func step(step string) history.Event {
	return history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: "pause",
		Value: history.Value(history.FaultStep{Fault: 1, Step: step, Spec: "pause:one"}),
	}
}

func TestProgressFollowsTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newReporter(history.ModelLock, Experiment{TimeLimit: 10 * time.Second})
		p.plan(2)
		defer p.close()
		p.phase(history.PhaseLoad)
		for _, e := range []history.Event{
			{Process: 0, Type: history.Invoke, F: history.FAcquire},
			{Process: 0, Type: history.OK, F: history.FAcquire},
			{Process: 0, Type: history.OK, F: history.FConfirm}, // asks nothing of the servers
			{Process: 0, Type: history.Fail, F: history.FAcquire},
			{Process: 0, Type: history.Info, F: history.FRelease},
			{Process: history.SessionProcess, Type: history.Info, F: history.FExpired},
			step(history.StepInject), step(history.StepVerified),
		} {
			p.observe(e)
		}
		time.Sleep(3 * time.Second)
		want := Progress{
			Phase: "load", Elapsed: 3 * time.Second, Limit: 10 * time.Second,
			OK: 1, Failed: 1, Unknown: 1, Fault: "pause:one", Faults: 1, Planned: 2,
		}
		if diff := cmp.Diff(want, p.snapshot()); diff != "" {
			t.Error(diff)
		}
		p.observe(step(history.StepHealed))
		time.Sleep(time.Hour)
		if s := p.snapshot(); s.Fault != "" || s.Elapsed != s.Limit {
			t.Errorf("%+v", s)
		}
	})
}

// Progress is told at a steady pace by one goroutine, which ends with the run.
func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		p := newReporter(history.ModelLock, Experiment{Progress: func(Progress) { told++ }})
		time.Sleep(10*progressEvery + progressEvery/2)
		p.close()
		time.Sleep(time.Hour)
		if told != 10 {
			t.Errorf("told %d times", told)
		}
	})
}

// broken is a disk that is full.
type broken struct{ room int }

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A record that cannot be written ends the load.
func TestHeartbeatStopsWithTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		record := history.NewRecorder(&broken{room: 1000}, history.Header{})
		defer record.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var stopped atomic.Bool
		go heartbeat(ctx, record, func() { stopped.Store(true) })
		time.Sleep(time.Second)
		if stopped.Load() {
			t.Fatal("stopped while everything was well")
		}
		for range 20 {
			record.Record(history.Event{Type: history.Invoke, F: "set", Key: string(bytes.Repeat([]byte("k"), 100))})
		}
		time.Sleep(time.Second)
		if !stopped.Load() {
			t.Error("the load goes on, though nothing of it is recorded")
		}
	})
}

// The heartbeat ends with the run, and a harness that was not held up has no stall.
func TestHeartbeatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		r := &run{record: history.NewRecorder(&file, history.Header{}), progress: newReporter(history.ModelLock, Experiment{})}
		r.closers = append(r.closers, r.record.Close)
		r.watchHeartbeat(func() {})
		time.Sleep(time.Minute)
		if err := r.close(nil); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(file.Bytes(), []byte(history.FStall)) {
			t.Error("a stall was recorded")
		}
	})
}

// Closers run last first, all of them, and what is known already is not told twice.
func TestClose(t *testing.T) {
	errKnown, errNew := errors.New("known"), errors.New("new")
	var order []int
	closer := func(n int, err error) func() error {
		return func() error { order = append(order, n); return err }
	}
	r := &run{progress: newReporter(history.ModelLock, Experiment{})}
	r.closers = []func() error{closer(1, errKnown), closer(2, errNew), closer(3, nil)}
	err := r.close(errors.Join(errKnown))
	if !errors.Is(err, errNew) || errors.Is(err, errKnown) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]int{3, 2, 1}, order); diff != "" {
		t.Error(diff)
	}
	if err := r.close(nil); err != nil || len(order) != 3 {
		t.Errorf("closed again: %v, %v", err, order)
	}
}
