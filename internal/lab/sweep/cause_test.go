package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
)

// twoHolders returns a run in which two clients hold a key at once from at on, and a server is paused
// for the given clients from pause to pause+5.
func twoHolders(first, second int, at, pause float64, clients []int) (*history.History, checker.Verdict) {
	b := historytest.New(models.Lock.Name)
	fault := func(at float64, step string) {
		b.Fact(at, "pause", "", history.FaultStep{Fault: 1, Step: step, Spec: "pause:leader", Servers: []int{1}, Clients: clients})
	}
	b.Op(first, models.FAcquire, "k", at, at+2, history.OK, nil, nil)
	b.Op(second, models.FAcquire, "k", at+1, at+3, history.OK, nil, nil)
	if first < second { // the client that releases first differs from run to run
		b.Op(first, models.FRelease, "k", at+5, at+6, history.OK, nil, nil)
		b.Op(second, models.FRelease, "k", at+7, at+8, history.OK, nil, nil)
	} else {
		b.Op(second, models.FRelease, "k", at+5, at+6, history.OK, nil, nil)
		b.Op(first, models.FRelease, "k", at+7, at+8, history.OK, nil, nil)
	}
	fault(pause, history.StepInject)
	fault(pause+1, history.StepVerified)
	fault(pause+5, history.StepHealed)
	h := b.History()
	v := checker.Verdict{Property: "exclusion", Result: checker.Violation, Key: "k"}
	for i := range h.Events {
		if h.Events[i].Process >= 0 {
			v.Counterexample = append(v.Counterexample, i)
		}
	}
	return h, v
}

// Other clients, times or an other order make no different cause, but another kind of fault in the
// counterexample does.
func TestCause(t *testing.T) {
	type cause struct {
		Shape  string
		Faults []string
	}
	const shape = "acquire ok, release ok"
	for name, test := range map[string]struct {
		first, second int
		at, pause     float64
		clients       []int
		want          cause
	}{
		"at a time":                {0, 1, 100, 50, nil, cause{shape, nil}},
		"others, at another":       {4, 2, 700, 50, nil, cause{shape, nil}},
		"a fault of all":           {0, 1, 100, 97, nil, cause{shape, []string{"pause"}}},
		"a fault of one of them":   {0, 1, 100, 103, []int{1}, cause{shape, []string{"pause"}}},
		"a fault of somebody else": {0, 1, 100, 103, []int{2}, cause{shape, nil}},
	} {
		h, v := twoHolders(test.first, test.second, test.at, test.pause, test.clients)
		c := causesOfRun{h: h}
		var got cause
		if got.Shape, got.Faults = c.of(v); !cmp.Equal(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// A call that never returned makes a different shape from one that did; the number of repetitions makes
// no difference.
func TestShape(t *testing.T) {
	shape := func(repeats int, outcome history.Type) string {
		b := historytest.New(models.Lock.Name)
		for i := range repeats {
			b.Op(0, models.FAcquire, "k", float64(10*i), float64(10*i+5), history.Info, nil, nil)
		}
		to := 100.0
		if outcome == "" {
			to = historytest.Never
		}
		b.Op(1, models.FAcquire, "k", 50, to, outcome, nil, nil)
		b.Fact(99, history.FFinal, "k", nil)
		h := b.History()
		var counterexample []int
		for i := range h.Events {
			if f := h.Events[i].F; f == models.FAcquire || f == history.FFinal {
				counterexample = append(counterexample, i)
			}
		}
		c := causesOfRun{h: h}
		text, _ := c.of(checker.Verdict{Counterexample: append(counterexample, 9999)})
		return text
	}
	for _, test := range []struct {
		repeats int
		outcome history.Type
		want    string
	}{
		{1, history.OK, "acquire info | acquire ok | harness: final"},
		{2, history.OK, "acquire info again | acquire ok | harness: final"},
		{3, history.OK, "acquire info again | acquire ok | harness: final"},
		{1, "", "acquire info | acquire open | harness: final"},
		{1, history.Info, "acquire info | harness: final"},
	} {
		if got := shape(test.repeats, test.outcome); got != test.want {
			t.Errorf("%d, %s: %q, want %q", test.repeats, test.outcome, got, test.want)
		}
	}
}

// The shape of messages has their types, but neither znodes nor numbers.
func TestShapeOfTheWire(t *testing.T) {
	b := historytest.New(models.Session.Name)
	b.Session(1, 0, 100, history.FRequest, "", history.Request{Xid: 7, Op: "setData"})
	b.Session(2, 0, 100, history.FReply, "", history.Reply{Xid: 7})
	b.Session(3, 1, 101, history.FEvent, "", history.WatchEvent{Type: "nodeDeleted", Path: "/a"})
	h := b.History()
	c := causesOfRun{h: h}
	if got, _ := c.of(checker.Verdict{Counterexample: []int{1, 2, 3}}); got != "event nodeDeleted | request setData, reply" {
		t.Errorf("%q", got)
	}
}

func TestOf(t *testing.T) {
	h, v := twoHolders(0, 1, 100, 103, []int{1})
	other := v
	other.Key = "k2"
	l := Of(&store.Result{
		Seed: 5, Verdict: checker.Violation,
		Verdicts: []checker.Verdict{
			v, other,
			{Property: "belief", Result: checker.Violation, Measured: true, Counterexample: v.Counterexample},
			{Property: "order", Result: checker.Valid},
			{Property: "order", Result: checker.Valid, Key: "k2"},
			{Property: "fencing", Result: checker.Unknown, Reason: checker.NothingWrong + "68 operations succeeded"},
			{Property: "progress", Result: checker.Unknown, Reason: "client 3 asked for k2 at 13.284 s (keys k1, k2), token 0x1f"},
		},
		Assumptions: []checker.Assumption{{Name: "load"}, {Name: "faults"}, {Name: "record", Met: true}},
	}, h, nil, 0)
	want := []Property{
		{Name: "exclusion", Result: checker.Violation, Shape: "acquire ok, release ok", Faults: []string{"pause"}},
		{Name: "belief", Result: checker.Violation, Measured: true, Shape: "acquire ok, release ok", Faults: []string{"pause"}},
		{Name: "fencing", Result: checker.Unknown, Why: "assumption load, faults", Example: "68 operations succeeded"},
		{Name: "progress", Result: checker.Unknown, Why: "client # asked for k# at # s, token #", Example: "client 3 asked for k2 at 13.284 s, token 0x1f"},
	}
	if diff := cmp.Diff(want, l.NotValid); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"order"}, l.Valid); diff != "" || l.Events != len(h.Events) || l.Seed != 5 || !l.Failed() {
		t.Errorf("%+v %s", l, diff)
	}
}
