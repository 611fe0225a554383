package faults_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

func TestActivityFollowsTheRecord(t *testing.T) {
	clients := []faults.Client{{ID: 0}, {ID: 1}, {ID: 2}}
	a := faults.NewActivity(models.Lock)
	op := func(client int, f string, typ history.Type) {
		a.Observe(history.Event{Process: history.Process(client), Client: client, F: f, Type: typ})
	}
	check := func(want []int, states ...string) {
		t.Helper()
		got, _ := a.Who(clients, states...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", states, diff)
		}
	}
	check([]int{0, 1, 2}, faults.Idle)

	op(0, models.FAcquire, history.Invoke)
	op(0, models.FAcquire, history.OK)
	op(1, models.FAcquire, history.Invoke)
	op(2, models.FConfirm, history.Invoke) // does not show whether the client holds or waits
	check([]int{0}, faults.Holding)
	check([]int{1}, faults.Waiting)
	check([]int{2}, faults.Idle)

	_, changed := a.Who(clients, faults.Holding)
	op(0, models.FRelease, history.Invoke)
	select {
	case <-changed:
	default:
		t.Error("a release changed nothing")
	}
	op(1, models.FAcquire, history.Info)
	check(nil, faults.Holding, faults.Waiting)

	// Past activity is remembered for a while.
	a.Observe(history.Event{Client: 0, F: models.FAcquire, Type: history.OK, Time: 10})
	a.Observe(history.Event{Client: 0, F: models.FRelease, Type: history.Invoke, Time: 20})
	for at, want := range map[time.Duration]string{9: faults.Idle, 10: faults.Holding, 19: faults.Holding, 20: faults.Idle, 30: faults.Idle} {
		if got := a.At(0, at); got != want {
			t.Errorf("at %d client 0 was %s, want %s", at, got, want)
		}
	}

	a = faults.NewActivity(models.Queue)
	op(2, models.FDequeue, history.Invoke)
	check([]int{2}, faults.Waiting)
	op(2, models.FDequeue, history.OK)
	check([]int{0, 1, 2}, faults.Idle)
}

// If objects cannot be held, a fault of holders hits the client that wrote last; for a barrier, the one
// that raised it; for a transaction, all that began it or voted.
func TestActivityOfObjectsWithoutHolds(t *testing.T) {
	clients := []faults.Client{{ID: 0}, {ID: 1}, {ID: 2}}
	type step struct {
		client int
		f      string
		typ    history.Type
		want   []int // the holders then
	}
	for model, steps := range map[*models.Model][]step{
		models.Register: {
			{0, models.FRead, history.OK, nil},
			{0, models.FWrite, history.Invoke, nil},
			{0, models.FWrite, history.OK, []int{0}},
			{0, models.FRead, history.OK, []int{0}},
			{1, models.FCAS, history.Fail, []int{0}},
			{1, models.FCAS, history.OK, []int{1}},
		},
		models.Queue: {
			{0, models.FEnqueue, history.OK, []int{0}},
			{1, models.FDequeue, history.Invoke, []int{0}},
			{1, models.FDequeue, history.OK, []int{0}},
			{1, models.FEnqueue, history.OK, []int{1}},
		},
		models.Barrier: {
			{0, models.FRaise, history.OK, []int{0}},
			{1, models.FAwait, history.Invoke, []int{0}},
			{0, models.FLift, history.Invoke, nil},
		},
		models.TwoPhaseCommit: {
			{0, models.FPrepare, history.OK, []int{0}},
			{1, models.FVote, history.OK, []int{0, 1}},
			{0, models.FDecide, history.Invoke, []int{1}},
		},
		models.Membership: {
			{0, models.FJoin, history.OK, []int{0}},
			{1, models.FJoin, history.OK, []int{0, 1}},
			{0, models.FList, history.OK, []int{0, 1}},
			{0, models.FLeave, history.Invoke, []int{1}},
		},
	} {
		a := faults.NewActivity(model)
		for i, s := range steps {
			a.Observe(history.Event{Process: history.Process(s.client), Client: s.client, Key: "k0", F: s.f, Type: s.typ, Time: time.Duration(i)})
			if got, _ := a.Who(clients, faults.Holding); !cmp.Equal(got, s.want) {
				t.Errorf("%s, %d (%s %s): %v hold, want %v", model.Name, i, s.f, s.typ, got, s.want)
			}
		}
	}
}
