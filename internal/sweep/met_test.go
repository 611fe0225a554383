package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
)

// fault adds one that takes effect a millisecond after it was injected.
func fault(b *historytest.Builder, n int, from, to float64, kind, spec string, clients ...int) {
	step := func(at float64, step string) {
		b.Fact(at, kind, "", history.FaultStep{Fault: n, Step: step, Spec: spec, Clients: clients})
	}
	step(from, history.StepInject)
	step(from+1, history.StepVerified)
	step(to, history.StepHealed)
}

// request adds one, with its reply unless that never came.
func request(b *historytest.Builder, client int, xid int32, op string, from, to float64) {
	session := history.ID(client + 100)
	b.Session(from, client, session, history.FRequest, "", history.Request{Xid: xid, Op: op})
	if to != historytest.Never {
		b.Session(to, client, session, history.FReply, "", history.Reply{Xid: xid})
	}
}

func TestExercise(t *testing.T) {
	b := historytest.New(history.ModelLock)
	b.Op(0, history.FAcquire, "k", 0, 100, history.OK, nil, nil)
	request(b, 0, 1, "create", 1, 10)
	request(b, 0, 2, "getChildren", 11, 20)
	request(b, 0, 3, "getChildren", 40, 60)
	request(b, 0, 4, "getChildren", 70, 80)
	request(b, 0, 5, "delete", 120, 130) // nobody asked for it

	b.Op(1, history.FRelease, "k", 0, historytest.Never, "", nil, nil)
	request(b, 1, 1, "delete", 5, historytest.Never)
	b.Session(50, 1, 101, history.FDisconnected, "", nil)
	b.Op(1, history.FConfirm, "k", 0, 1, history.OK, nil, nil) // of the harness's own memory
	request(b, -1, 1, "create", 5, 6)                          // a visitor's

	fault(b, 1, 15, 45, "stall-link", "stall-link", 0)
	fault(b, 2, 48, 55, "pause", "pause:leader")
	fault(b, 3, 4, 6, "lose-reply", "lose-reply:delete:who=1", 1)
	fault(b, 4, 5, 7, "lose-request", "lose-request:create", 1) // it was another's
	b.Fact(1, "reset", "", history.FaultStep{Fault: 5, Step: history.StepInject})
	b.Fact(99, "reset", "", history.FaultStep{Fault: 5, Step: history.StepFailed})

	want := Exercised{
		"acquire":                   {1, map[string]int{"stall-link": 1, "pause": 1}},
		"acquire create":            {1, nil},
		"acquire getChildren":       {1, map[string]int{"stall-link": 1}},
		"acquire getChildren again": {2, map[string]int{"stall-link": 1, "pause": 1}},
		"between delete":            {1, nil},
		"release":                   {1, map[string]int{"pause": 1, "lose-reply": 1, "lose-request": 1}},
		"release delete":            {1, map[string]int{"pause": 1, "lose-reply": 1}},
	}
	if diff := cmp.Diff(want, Exercise(b.History())); diff != "" {
		t.Error(diff)
	}
}
