package declared

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A specification with an endless loop is reported in one line, and is not asked again.
func TestEndlessLoop(t *testing.T) {
	before := mostTime
	mostTime = 50 * time.Millisecond
	defer func() { mostTime = before }()
	loop := make(chan struct{})
	defer close(loop)
	spec := testedSpec()
	right := spec.Step
	spec.Step = func(f string) (Step, bool) {
		step, ok := right(f)
		step.Next = func(state, _ any, _ *Call, _ Caller, _ bool) ([]any, error) { <-loop; return []any{state}, nil }
		return step, ok
	}
	b := historytest.New(testedModel.Name)
	b.Op(0, "set", "k", 1, 2, history.OK, 1, nil).Session(1)
	a := evidence.Read(t.Context(), b.History(), &testedModel, nil)
	for range 2 {
		if f := spec.decide(t.Context(), a.Keys[0]); f.Result != frame.Unknown || !strings.Contains(f.Reason, "did not return") {
			t.Errorf("%q %s", f.Result, f.Reason)
		}
	}
}

// The log shows that one of two calls without an answer was committed. The first search assumes
// that.
func TestSettled(t *testing.T) {
	b := historytest.New(testedModel.Name)
	b.Op(0, "set", "k", 1, 1.5, history.Info, 1, nil).Session(1)
	b.Op(1, "set", "k", 1, 1.6, history.Info, 2, nil).Session(2)
	b.Op(2, "get", "k", 10, 11, history.OK, nil, 1).Session(3).Return.Seen = 5
	model := testedModel
	model.OnZnodes = true
	a := evidence.Read(t.Context(), b.History(), &model, []history.Txn{{Zxid: 5, Session: 1, Type: "setData", Path: "/k"}})
	spec := testedSpec()
	p := must.Get(spec.problem(keyOf(a.Keys[0])))(t)
	items := p.settled()
	if len(items) < 2 || items[0].call.Client != 0 || items[0].by != historytest.At(11) || items[1].call.Operation != "get" {
		t.Errorf("%+v", items)
	}
	if f := spec.decide(t.Context(), a.Keys[0]); f.Result != "" {
		t.Errorf("%q %s", f.Result, f.Reason)
	}
}

// What a client committed before a call, such as the creation of the znode, is not taken for what the call did.
func TestSettledBefore(t *testing.T) {
	b := historytest.New(testedModel.Name)
	b.Op(0, "set", "k", 1, 1.5, history.Info, 1, nil).Session(1).Invoke.Seen = 3
	b.Op(1, "get", "k", 10, 11, history.OK, nil, 0).Session(2).Return.Seen = 5
	model := testedModel
	model.OnZnodes = true
	a := evidence.Read(t.Context(), b.History(), &model, []history.Txn{{Zxid: 3, Session: 1, Type: "create", Path: "/k"}})
	p, err := testedSpec().problem(keyOf(a.Keys[0]))
	if err != nil {
		t.Fatal(err)
	}
	if items := p.settled(); len(items) == 0 || items[0].call.Operation != "get" { // the ends of sessions follow
		t.Errorf("%+v", items)
	}
}

// A counterexample shows the call that led to the state in which the last answer is wrong, even if
// that call's own answer proves nothing.
func TestShowsWhatLedToTheState(t *testing.T) {
	b := historytest.New(testedModel.Name)
	b.Op(0, "set", "k", 1, 2, history.OK, 7, nil).Session(1)
	b.Op(1, "take", "k", 3, 4, history.OK, nil, 1).Session(2)
	b.Op(0, "take", "k", 5, 6, history.OK, nil, 1).Session(1)
	b.Op(1, "get", "k", 7, 8, history.OK, nil, 7).Session(2).Alive(7)
	a := evidence.Read(t.Context(), b.History(), &testedModel, nil)
	f := testedSpec().decide(t.Context(), a.Keys[0])
	want := []int{3, 4, 5, 6} // both takes
	if f.Result != frame.Violation || !slices.Equal(f.Counterexample, want) {
		t.Errorf("%q %s: events %v, want %v", f.Result, f.Reason, f.Counterexample, want)
	}
}

// A longer time for searches also raises the number of tries. Bounds that a rule sets itself
// stay.
func TestSearchTime(t *testing.T) {
	for _, c := range []struct {
		search time.Duration
		bounds Bounds
		time   time.Duration
		tries  int64
	}{
		{0, Bounds{}, mostTime, mostTries},
		{time.Second, Bounds{}, mostTime, mostTries},
		{3 * mostTime, Bounds{}, 3 * mostTime, 3 * mostTries},
		{3 * mostTime, Bounds{Time: time.Second, Tries: 5}, time.Second, 5},
	} {
		got := c.bounds.of(&evidence.Record{SearchTime: c.search})
		if got.Time != c.time || got.Tries != c.tries {
			t.Errorf("%+v: %s, %d tries", c, got.Time, got.Tries)
		}
	}
}
