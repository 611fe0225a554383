package sweep

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/link"
)

// fault adds a fault that takes effect a millisecond after it was injected.
func fault(b *historytest.Builder, n int, from, to float64, kind, spec string, clients ...int) {
	step := func(at float64, step string) {
		b.Fact(at, kind, "", history.FaultStep{Fault: n, Step: step, Spec: spec, Clients: clients})
	}
	step(from, history.StepInject)
	step(from+1, history.StepVerified)
	step(to, history.StepHealed)
}

// request returns a request and its reply, unless the reply never came.
func request(p link.Point, from, to float64) []link.Passed {
	sent := []link.Passed{{Point: p, At: historytest.At(from)}}
	if to == historytest.Never {
		return sent
	}
	p.Reply = true
	return append(sent, link.Passed{Point: p, At: historytest.At(to)})
}

func TestExercise(t *testing.T) {
	b := historytest.New(models.Lock.Name)
	b.Op(0, models.FAcquire, "k", 0, 100, history.OK, nil, nil)
	acquire := link.Point{Operation: models.FAcquire, Nth: 1}
	of := func(p link.Point, message string, which int) link.Point {
		p.Message, p.Which = message, which
		return p
	}
	passed := slices.Concat(
		request(of(acquire, "create", 1), 1, 10),
		request(of(acquire, "getChildren", 1), 11, 20),
		request(of(acquire, "getChildren", 2), 40, 60),
		request(of(acquire, "getChildren", 3), 70, 80),
		request(of(acquire, "delete", 1), 120, 130), // after the operation, and before the next
		request(of(acquire, link.Connect, 1), 120, 130),
		request(of(acquire, link.Event, 1), 120, historytest.Never),
	)

	b.Op(1, models.FRelease, "k", 0, historytest.Never, "", nil, nil)
	release := link.Point{Client: 1, Operation: models.FRelease, Nth: 1}
	passed = append(passed, request(of(release, "delete", 1), 5, historytest.Never)...)
	b.Session(3, 1, 101, history.FDisconnected, "", nil) // before the request was sent
	b.Session(50, 1, 101, history.FDisconnected, "", nil)
	b.Op(1, models.FConfirm, "k", 0, 1, history.OK, nil, nil) // answered from the harness's own memory

	fault(b, 1, 15, 45, "stall-link", "stall-link", 0)
	fault(b, 2, 48, 55, "pause", "pause:leader")
	fault(b, 3, 4, 6, "lose-reply", "lose-reply:delete:who=1", 1)
	fault(b, 4, 5, 7, "lose-request", "lose-request:create", 1) // it hit the request of another client
	b.Fact(1, "reset", "", history.FaultStep{Fault: 5, Step: history.StepInject})
	b.Fact(99, "reset", "", history.FaultStep{Fault: 5, Step: history.StepFailed})

	want := Exercised{
		"acquire":                   {1, map[string]int{"stall-link": 1, "pause": 1}},
		"acquire create":            {1, nil},
		"acquire getChildren":       {1, map[string]int{"stall-link": 1}},
		"acquire getChildren again": {2, map[string]int{"stall-link": 1, "pause": 1}},
		"acquire delete":            {1, nil},
		"release":                   {1, map[string]int{"pause": 1, "lose-reply": 1, "lose-request": 1}},
		"release delete":            {1, map[string]int{"pause": 1, "lose-reply": 1}},
	}
	if diff := cmp.Diff(want, Exercise(b.History(), passed)); diff != "" {
		t.Error(diff)
	}
}

// A fault at a message meets that request.
func TestExerciseAtAMessage(t *testing.T) {
	b := historytest.New(models.Lock.Name)
	b.Op(0, models.FAcquire, "k", 0, 100, history.OK, nil, nil)
	fault(b, 1, 15, 45, "lose-reply", "lose-reply@client0/acquire#1/create#1/reply", 0)
	acquire := link.Point{Operation: models.FAcquire, Nth: 1, Which: 1}
	create, list := acquire, acquire
	create.Message, list.Message = "create", "getChildren"
	rows := Exercise(b.History(), slices.Concat(request(create, 10, 20), request(list, 10, 20)))
	if got := rows["acquire create"].Met["lose-reply"]; got != 1 {
		t.Errorf("the create met it %d times", got)
	}
	if got := rows["acquire getChildren"].Met["lose-reply"]; got != 0 {
		t.Errorf("the list met it %d times", got)
	}
}

// Requests that faults at messages could hit but never did are listed, with a command that aims at them.
func TestUnmet(t *testing.T) {
	s := &Summary{
		Description: Description{
			Command:  "zklab sweep lock --fault-interval=10s --faults=kill:leader+5s '--label=two words' --rate=50 --seeds 1..9",
			Settings: []Setting{{"fault-interval", "10s"}, {"faults", "kill:leader+5s"}, {"label", "two words"}, {"rate", "50"}},
		},
		Faults: []FaultCount{{Kind: "lose-reply", Verified: 1}, {Kind: "late-request", Verified: 1}, {Kind: "touch", Verified: 1}},
		Met: Exercised{
			"acquire":             {Count: 3},
			"acquire create":      {Count: 3, Met: map[string]int{"lose-reply": 1}},
			"acquire getChildren": {Count: 3},
		},
	}
	want := []Unmet{{"acquire create", "late-request"}, {"acquire getChildren", "lose-reply"}}
	if diff := cmp.Diff(want, s.Unmet()); diff != "" {
		t.Error(diff)
	}
	if got := s.ToMeet(want); got != "zklab sweep lock --rate=50 --seeds 1..9 --faults aimed,late-request,lose-reply --fault-interval 250ms" {
		t.Error(got)
	}
}
