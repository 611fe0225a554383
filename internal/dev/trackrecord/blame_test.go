package trackrecord

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
)

// met returns a run in which client 3 lost replies, left a znode in line for k1, and was refused for
// k2.
func met(detail string) finished {
	fact := func(t time.Duration, f, key string, value any) history.Event {
		return history.Event{Process: history.Nemesis, Client: -1, Time: t, Type: history.Info, F: f, Key: key, Value: history.Value(value)}
	}
	connected := history.Event{Process: history.SessionProcess, Client: 3, Type: history.Info, F: history.FConnected, Session: 9}
	refused := history.Event{Process: 3, Client: 3, Time: 30, Type: history.Invoke, F: models.FAcquire, Key: "k2"}
	step := history.FaultStep{Fault: 1, Step: history.StepVerified, Clients: []int{3}, Detail: detail}
	return finished{
		history: &history.History{Events: []history.Event{
			connected, fact(10, "lose-reply", "", step), refused,
			fact(50, history.FFinal, "k1", models.Final{Contenders: []models.Contender{{Name: "lock-1", Owner: 9}}}),
		}},
		result: &store.Result{Verdict: checker.Violation, Verdicts: []checker.Verdict{
			{Property: "progress", Key: "k2", Result: checker.Violation, Reason: "client 3 asked and was refused at once each time: twice", Counterexample: []int{2}},
		}},
	}
}

// lostReplyBugs are the bugs of the first command.
var lostReplyBugs = byCommand(bugs)[0]

// A run counts for the bug whose trigger its record shows, and for no other.
func TestBlame(t *testing.T) {
	const list, create, remove, other = "client 3: lost the reply to getChildren2 /r/k1", "client 3: lost the reply to create /r/k1/_c_1-lock-, whose write is in the tree",
		"client 3: lost the reply to delete /r/k2/lock-1", "client 2: lost the reply to getChildren2 /r/k1"
	for name, tt := range map[string]struct {
		detail string
		want   [3]bool // of lostReplyBugs
	}{
		"list":                {list, [3]bool{true, false, false}},
		"delete":              {remove, [3]bool{false, true, false}},
		"create and list":     {create + "; " + list, [3]bool{false, false, true}},
		"create alone":        {create, [3]bool{}},
		"of another client":   {other, [3]bool{}},
		"of another key":      {"client 3: lost the reply to getChildren2 /r/k3", [3]bool{}},
		"of a key of its own": {"client 3: lost the reply to delete /r/k1/lock-1", [3]bool{}},
	} {
		run := met(tt.detail)
		for i, b := range lostReplyBugs {
			if got := b.met(run); got != tt.want[i] {
				t.Errorf("%s: %s: %v", name, b.name, got)
			}
			if n := count([]finished{run, {history: run.history, result: &store.Result{Verdict: checker.Valid}}}, b); (n == 1) != tt.want[i] {
				t.Errorf("%s: %s: counted in %d runs", name, b.name, n)
			}
		}
		if n := unattributed([]finished{run}, lostReplyBugs); (n == 1) != (tt.want == [3]bool{}) {
			t.Errorf("%s: %d without a known bug", name, n)
		}
	}
}

// A loss that comes too late explains nothing.
func TestBlameNeedsTheCauseFirst(t *testing.T) {
	run := met("client 3: lost the reply to delete /r/k2/lock-1")
	run.history.Events[1].Time = 40
	if lostReplyBugs[1].met(run) {
		t.Error("a reply that was lost later is blamed for a refusal")
	}
}
