package checker

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// called is a call of a counter in a record about recovery.
type called struct {
	client, at int
	session    history.ID
	ok         bool
}

// recovery describes a record in which client 0 was answered, lost its session at 1 s, was never
// answered again, and got a new subject at 21 s.
type recovery struct {
	calls   []called
	renewed map[int]int // by client: when it got a new subject
	expired int
	other   int  // when client 1's session ended, if it did
	made    bool // client 0's old subject was made again after its session had ended
	barrier bool // clients call await on a barrier, instead of adding to a counter
}

func dying() recovery {
	return recovery{
		expired: 1000, renewed: map[int]int{0: 21000},
		calls: []called{
			{0, 100, 1, true},
			{1, 200, 2, true},
			{0, 2000, 3, false},
			{0, 12000, 3, false},
			{0, 20000, 3, false},
			{0, 22000, 3, true},
			{1, 23000, 2, true},
		},
	}
}

func (x recovery) build() *history.History {
	object, f := objects.Counter.Name, objects.FAdd
	if x.barrier {
		object, f = objects.Barrier.Name, objects.FAwait
	}
	r := checktest.Ours(object, history.Params{Clients: 2, Servers: 3}).Phases(10, 9000, 10000)
	r.Proof(0, 1, 50)
	r.Proof(1, 2, 50)
	if x.expired > 0 {
		r.Session(x.expired, history.FDisconnected, 0, 1).Session(x.expired, history.FExpired, 0, 1)
		r.Proof(0, 3, x.expired+10)
	}
	if x.other > 0 {
		r.Session(x.other, history.FDisconnected, 1, 2).Session(x.other, history.FExpired, 1, 2)
	}
	for _, c := range x.calls {
		o := checktest.Args{Client: c.client, F: f, Key: "k", Inv: c.at, Ret: c.at + 5, Outcome: history.OK, Session: c.session}
		if !c.ok {
			o.Outcome, o.Err = history.Fail, &history.Error{Code: history.CodeError, Message: "connection closed"}
		}
		r.Op(o)
	}
	if x.made {
		r.Add(1020, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FMade, Key: "k", Value: history.Value(history.Made{Began: checktest.Unit * 1005})})
	}
	for client, at := range x.renewed {
		r.Add(at, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FRenewed, Key: "k"})
	}
	return r.Build()
}

// recovers decides the property; it returns false if the property does not apply.
func recovers(t *testing.T, h *history.History) (f frame.Finding, applies bool) {
	a := evidence.Read(t.Context(), h, models[h.Header.Model].Object, nil)
	if !frame.Recovers.Applies(a) {
		return f, false
	}
	return frame.Recovers.Decide(context.Background(), a.Keys[0]), true
}

func TestRecovers(t *testing.T) {
	f, _ := recovers(t, dying().build())
	want := "client 0's session ended at 1.000 s; since then each of its 3 calls of add on k failed with connection closed, the last at 20.000 s, while a new subject of it was answered at 22.005 s, and client 1 at 23.005 s"
	if f.Result != Violation || f.Reason != want || len(f.Counterexample) == 0 {
		t.Errorf("%+v, want %q", f, want)
	}
	if alone, _ := recovers(t, checktest.Only(dying().build(), f.Counterexample)); alone.Result != Violation {
		t.Errorf("the counterexample alone: %+v", alone)
	}
}

// The counterexample has the call of New that came before the client's next session.
func TestRecoversMade(t *testing.T) {
	x := dying()
	before, _ := recovers(t, x.build())
	x.made = true
	h := x.build()
	f, _ := recovers(t, h)
	if f.Result != Violation || f.Reason != before.Reason || len(f.Counterexample) != len(before.Counterexample)+1 ||
		!slices.ContainsFunc(f.Counterexample, func(i int) bool { return h.Events[i].F == history.FMade }) {
		t.Errorf("%+v", f)
	}
}

// A client that was never answered at a barrier still expects an answer if its subject was made
// before its session ended: the barrier is down for good.
func TestRecoversAtABarrier(t *testing.T) {
	x := dying()
	x.barrier, x.calls[0].at, x.calls[0].ok = true, 998, false
	f, _ := recovers(t, x.build())
	if f.Result != Violation || !strings.Contains(f.Reason, "its 3 calls of await on k failed") {
		t.Errorf("%+v", f)
	}
	if alone, _ := recovers(t, checktest.Only(x.build(), f.Counterexample)); alone.Result != Violation {
		t.Errorf("the counterexample alone: %+v", alone)
	}
	x.calls = x.calls[1:] // the subject may belong to the next session
	if f, _ := recovers(t, x.build()); f.Result != "" {
		t.Errorf("%+v", f)
	}
}

// A client that is refused for ever accuses its subject only if nothing but its old subject was in
// the way.
func TestRecoversByRight(t *testing.T) {
	for name, change := range map[string]func(*recovery){
		"no session ended":                    func(x *recovery) { x.expired = 0 },
		"it was refused before that":          func(x *recovery) { x.calls = append(x.calls, called{0, 500, 1, false}) },
		"it was never answered":               func(x *recovery) { x.calls = x.calls[1:] },
		"it was answered in the next session": func(x *recovery) { x.calls = append(x.calls, called{0, 20500, 3, true}) },
		"it was asked once after that":        func(x *recovery) { x.calls = slices.Delete(x.calls, 2, 4) },
		"not for long":                        func(x *recovery) { x.calls[2].at, x.calls[3].at = 19000, 19500 },
		"not after the heal": func(x *recovery) {
			x.calls = slices.Delete(x.calls, 3, 5)
			x.calls = append(x.calls, called{0, 8000, 3, false})
		},
		"the new subject is refused, too":      func(x *recovery) { x.calls[5].ok = false },
		"another client called in between":     func(x *recovery) { x.calls = append(x.calls, called{1, 21500, 2, true}) },
		"no other client is answered any more": func(x *recovery) { x.calls[6].ok = false },
		"the other client was never answered":  func(x *recovery) { x.calls = slices.Delete(x.calls, 1, 2) },
		"the other client has a new subject":   func(x *recovery) { x.renewed[1] = 22500 },
	} {
		t.Run(name, func(t *testing.T) {
			x := dying()
			change(&x)
			if f, applies := recovers(t, x.build()); f.Result != "" || !applies {
				t.Errorf("%+v, applies: %t", f, applies)
			}
		})
	}
	x := dying()
	x.renewed = nil
	if _, applies := recovers(t, x.build()); applies {
		t.Error("it is decided although no client got a new subject")
	}
}

// A client that lost its session while it waited, and is not answered either, shows nothing: neither that the
// subject is right, nor that another one took something away.
func TestRecoversWithoutAControl(t *testing.T) {
	x := dying()
	x.calls[6].ok = false
	h := func(over int) *history.History {
		x.other = over
		return x.build()
	}
	if f, _ := recovers(t, h(15000)); f.Result != Unknown || !strings.Contains(f.Reason, "no client is left to show") {
		t.Errorf("its session ended while it waited: %+v", f)
	}
	if f, _ := recovers(t, h(150)); f.Result != "" {
		t.Errorf("it was answered in its next session: %+v", f)
	}
}

// If all clients are dead, the answer is unknown, since no client is left to show the difference.
func TestNobodyRecovers(t *testing.T) {
	x := dying()
	x.calls = append(slices.Delete(x.calls, 1, 2), called{1, 24000, 2, false})
	x.calls = slices.DeleteFunc(x.calls, func(c called) bool { return c.client == 1 })
	f, _ := recovers(t, x.build())
	if f.Result != Unknown || !strings.HasPrefix(f.Reason, "add of k failed for every client") {
		t.Errorf("%+v", f)
	}
}
