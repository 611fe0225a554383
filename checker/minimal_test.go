package checker

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// A counterexample is minimal: the history that consists only of it, and of what is
// known about its clients' sessions, still violates the property, and no longer does so
// in the same way if any one event is removed, or, for an event that ends a stay, moved
// to the stay's beginning, where it says the least. These tests check all scenarios and
// generated histories.

// showsHolds are the properties whose counterexamples show how long holds lasted. For other
// properties, excuses say why an event is in a counterexample without being necessary for the
// violation; "" if there is no excuse.
var (
	showsHolds = []string{"exclusion", "tokens"}
	excuses    = map[string]func(e *history.Event, op *history.Operation) string{}
)

// generators make the histories of each model whose counterexamples are checked.
var generators = map[string]func(*rand.Rand, checktest.Kind) *history.History{
	objects.Lock.Name: checktest.GenerateHolds, objects.Queue.Name: checktest.GenerateQueue, objects.Barrier.Name: checktest.GenerateBarrier,
	objects.DoubleBarrier.Name: func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateRound(rng, how, true, true)
	},
}

// needless says why an event is in a counterexample without being necessary for the
// violation.
func needless(property string, e *history.Event, op *history.Operation) string {
	if excuse := excuses[property]; excuse != nil {
		return excuse(e, op)
	}
	unknown := op != nil && op.Outcome() == history.Info
	switch f := e.F; {
	case property == "progress" || property == "late":
		return "what did not happen in time cannot be shown by events alone"
	case property == "enter":
		return "it shows who else was there, or was not any more: too few"
	case slices.Contains([]string{"loss", "empty", "bounded"}, property) && f == objects.FDequeue && unknown:
		return "it may have taken one of the items, and not all"
	case (property == "empty" || property == "bounded") && f == objects.FDequeue:
		return "it shows that the item was taken only later"
	case property == "lost" && (f == history.FLost || f == objects.FConfirm):
		return "it shows that the loss was noticed late; without it, it never was"
	case property == "lost" && f == history.FConnected:
		return "it shows that the session was the client's; each one does, and all are kept"
	case f == history.FLost, f == objects.FRelease && !heldAt(e):
		return "it shows that the hold was over by then; without it, it would have lasted"
	case property == "fencing" && f == objects.FWrite:
		return "it shows why the write was refused"
	case property == "states" && f == objects.FRelease:
		return "the earlier the term ended, the worse"
	case slices.Contains(showsHolds, property) && (f == objects.FRelease || e.Process == history.SessionProcess):
		return "it shows how long the hold lasted"
	case property == "integrity" && f == objects.FEnqueue:
		return "it shows that the item was put in once"
	case slices.Contains([]string{"zxid-order", "plain-reads", "sync-reads"}, property) && f == objects.FWrite:
		return "it shows where a value came from"
	case property == "leave" && e.Process == history.SessionProcess:
		return "it shows how long the member was inside"
	}
	return ""
}

func heldAt(e *history.Event) bool {
	v := objects.Held{Held: true}
	_ = e.Decode(&v)
	return v.Held
}

// reduced returns a history that consists of a counterexample and the ends of its clients'
// sessions.
func reduced(h *history.History, counterexample []int) *history.History {
	clients := map[int]bool{}
	for _, e := range h.Events {
		if slices.Contains(counterexample, e.Index) {
			clients[e.Client] = true
		}
	}
	sub := &history.History{Header: h.Header, Complete: true}
	for _, e := range h.Events {
		switch {
		case slices.Contains(counterexample, e.Index):
		case e.Process == history.Nemesis && e.Key == "":
		case e.Process == history.SessionProcess && clients[e.Client] && e.Key == "":
			e.Alive = 0 // it must prove nothing that the counterexample does not say
		default:
			continue
		}
		sub.Events = append(sub.Events, e)
	}
	return sub
}

// begins names the operation that begins the stay that another one ends.
var begins = map[string]string{objects.FRelease: objects.FAcquire, objects.FLift: objects.FRaise, objects.FLeave: objects.FEnter}

// weakened returns a history without an event and, for an event of an operation, without
// its other event; or, if moving is set, with the event that ends a stay moved to where
// the stay began. It returns false if the event ends no stay.
func weakened(h *history.History, e *history.Event, moving bool) (*history.History, bool) {
	sub := &history.History{Header: h.Header, Complete: true}
	var op *history.Operation
	for _, o := range h.Operations() {
		if o.Invoke.Index == e.Index || o.Return != nil && o.Return.Index == e.Index {
			op = o
		}
	}
	begin := -1 // the place of the return that begins the stay
	for i := range h.Events {
		x := &h.Events[i]
		if op != nil && (x.Index == op.Invoke.Index || op.Return != nil && x.Index == op.Return.Index) || x.Index == e.Index {
			continue
		}
		sub.Events = append(sub.Events, *x)
		if op != nil && x.F == begins[op.F] && x.Client == op.Client && x.Key == op.Key && x.Index < op.Invoke.Index {
			begin = len(sub.Events) - 1
		}
	}
	moving = moving && begin >= 0 && op.Outcome() != history.Fail
	if moving {
		moved := []history.Event{*op.Invoke}
		if op.Return != nil {
			moved = append(moved, *op.Return)
		}
		for i := range moved {
			moved[i].Time = sub.Events[begin].Time
		}
		sub.Events = slices.Insert(sub.Events, begin+1, moved...)
	}
	for i := range sub.Events {
		sub.Events[i].Index = i
	}
	return sub, moving
}

// decideKey returns a property's finding on a key.
func decideKey(t *testing.T, h *history.History, property, key string) frame.Finding {
	t.Helper()
	a := evidence.Read(t.Context(), h, models[h.Header.Model].Object, nil)
	for _, p := range models[h.Header.Model].Properties {
		if p.Name != property || p.Applies != nil && !p.Applies(a) {
			continue
		}
		for _, k := range a.Keys {
			if k.Name == key {
				return p.Decide(t.Context(), k)
			}
		}
	}
	return frame.Finding{}
}

// minimal reports what is wrong with a counterexample; unneeded are the events that are
// not necessary.
func minimal(t *testing.T, h *history.History, property, key string, f frame.Finding) (enough bool, unneeded []string) {
	t.Helper()
	if strings.Contains(f.Reason, "not lifted before") && !slices.ContainsFunc(h.Events, func(e history.Event) bool {
		return e.F == objects.FLift && slices.Contains(f.Counterexample, e.Index)
	}) {
		return false, nil // a barrier that no client lifted looks as if it had been up for longer
	}
	sub := reduced(h, f.Counterexample)
	if decideKey(t, sub, property, key).Result != Violation {
		return false, nil
	}
	done := map[int]bool{}
	ops := sub.Operations()
	if clients := map[int]bool{}; property == "leave" {
		for _, op := range ops {
			clients[op.Client] = true
		}
		if len(clients) > 2 {
			return true, nil // together they fill the call, and sometimes one ends where the entry of another would be enough
		}
	}
	for i := range sub.Events {
		e := &sub.Events[i]
		if !slices.Contains(f.Counterexample, e.Index) || done[e.Index] {
			continue
		}
		var op *history.Operation
		for _, o := range ops {
			if o.Invoke.Index == e.Index {
				op = o
				if o.Return != nil {
					done[o.Return.Index] = true
				}
			}
		}
		if needless(property, e, op) != "" || confirmed(sub, f, e) || property == "leave" && stillEntering(sub, e) {
			continue
		}
		still := func(h *history.History) bool {
			again := decideKey(t, h, property, key)
			return again.Result == Violation && shape(again.Reason) == shape(f.Reason)
		}
		without, _ := weakened(sub, e, false)
		moved, ends := weakened(sub, e, true)
		if still(without) && (!ends || still(moved)) {
			unneeded = append(unneeded, fmt.Sprintf("%s of client %d (#%d)", e.F, e.Client, e.Index))
		}
	}
	return true, unneeded
}

// confirmed reports whether the client of an acquire, or of another confirm, said later that it
// holds: without this one, the later one would have been the grant.
func confirmed(h *history.History, f frame.Finding, e *history.Event) bool {
	return (e.F == objects.FAcquire || e.F == objects.FConfirm) && slices.ContainsFunc(h.Events, func(x history.Event) bool {
		return x.F == objects.FConfirm && x.Client == e.Client && x.Index > e.Index+1 && slices.Contains(f.Counterexample, x.Index)
	})
}

// stillEntering reports whether a leave's client was still entering when another's
// leave had returned: only that shows that it is inside, by the passage of the others.
func stillEntering(h *history.History, e *history.Event) bool {
	left := evidence.Always
	for _, op := range h.Operations() {
		if op.F == objects.FLeave && op.Client != e.Client && op.Outcome() == history.OK {
			left = max(left, op.Return.Time)
		}
	}
	return e.F == objects.FLeave && slices.ContainsFunc(h.Operations(), func(op *history.Operation) bool {
		return op.F == objects.FEnter && op.Client == e.Client && left != evidence.Always && evidence.Ended(op) >= left
	})
}

// shape returns a reason without the parts that differ between violations of one kind.
func shape(reason string) string {
	return regexp.MustCompile(`"[^"]*"|0x[0-9a-f]+|[0-9]+(\.[0-9]+)?`).ReplaceAllString(reason, "#")
}

func TestCounterexamplesAreMinimal(t *testing.T) {
	tested := map[string]int{}
	for _, s := range slices.Concat(scenarios, awayScenarios, givenUpScenarios) {
		if s.want != Violation {
			continue
		}
		h := s.record.Build()
		f := decideOne(t, h, s.property, nil)
		enough, unneeded := minimal(t, h, s.property, "k", f)
		if !enough {
			t.Errorf("%s, %s: the counterexample is not enough\n%s", s.property, s.name, checktest.Dump(reduced(h, f.Counterexample)))
		}
		for _, u := range unneeded {
			t.Errorf("%s, %s: (%s) the counterexample could do without the %s", s.property, s.name, f.Reason, u)
		}
		tested[s.property]++
	}
	t.Log(tested)
}

func TestGeneratedCounterexamplesAreMinimal(t *testing.T) {
	const n = 600
	for model, generate := range generators {
		t.Run(model, func(t *testing.T) {
			violated := map[string]int{}
			for i := range n {
				h := generate(rand.New(rand.NewPCG(7, uint64(i))), checktest.Kind(1+i%2))
				a := evidence.Read(t.Context(), h, models[model].Object, nil)
				for _, p := range models[model].Properties {
					if p.Applies != nil && !p.Applies(a) {
						continue
					}
					for _, k := range a.Keys {
						f := p.Decide(t.Context(), k)
						if f.Result != Violation {
							continue
						}
						violated[p.Name]++
						enough, unneeded := minimal(t, h, p.Name, k.Name, f)
						if !enough {
							t.Errorf("history %d, %s: the counterexample %v is not enough: %s\n%s", i, p.Name, f.Counterexample, f.Reason, checktest.Dump(reduced(h, f.Counterexample)))
						}
						if len(unneeded) > 0 {
							t.Errorf("history %d, %s: %s: could do without %v", i, p.Name, f.Reason, unneeded)
						}
					}
				}
			}
			t.Log(violated)
			if len(violated) == 0 {
				t.Error("nothing was violated")
			}
		})
	}
}

// TestCounterexamplesCiteDeaths requires that a counterexample that is based on the end of a
// session contains it.
func TestCounterexamplesCiteDeaths(t *testing.T) {
	decideAll(t, []scenario{
		{
			"the session of the higher token died before the lower one was asked for", "tokens", Violation, "lower token 0x1 was in force",
			checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 60, Release: 100, Token: 2, Alive: 15, Outcome: history.Fail}).Session(22, dead, 0, 1).
				Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 40, Release: 45, Token: 1}),
		},
		{
			"granted after the other's hold only if its session had not died", "exclusion", Violation, "all of it while client 1 held it",
			checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 40, Ret: 95, Release: 100, Token: 1, Alive: 41, Outcome: history.Fail}).Session(50, dead, 0, 1).
				Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 90, Token: 2}),
		},
		{
			"granted before the other's hold only if its session had not lived", "exclusion", Violation, "all of it while client 1 held it",
			checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 60, Release: 100, Token: 1, Alive: 41, Outcome: history.Fail}).
				Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 90, Token: 2}),
		},
	})
}
