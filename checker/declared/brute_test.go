package declared

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// tested is a register with a lease. Its operations are set and get, peek for a plain read, kept
// for the answer of a cache, take, which tells whether the caller's session has the lease, and
// free, which is refused to all other sessions.
type tested struct {
	value  int
	holder int64
}

// decoded returns the argument and the answer, both of which are numbers.
func decoded(c *Call) (any, bool, error) {
	var v [2]int
	for i, raw := range []json.RawMessage{c.Argument, c.Answer} {
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &v[i]); err != nil {
				return nil, false, err
			}
		}
	}
	if c.Outcome == Refused {
		v[1] = refused
	}
	return v, true, nil
}

// apply returns the state after a call; ok reports whether its answer is right.
func (s tested) apply(f string, argument, answer int, session int64, heard bool) (tested, bool) {
	want := s.value
	switch f {
	case "set":
		return tested{argument, s.holder}, true
	case "take":
		want = 0
		if s.holder == 0 || s.holder == session {
			s.holder, want = session, 1
		}
	case "free":
		want = refused
		if s.holder == session {
			s.holder, want = 0, 0
		}
	}
	return s, !heard || answer == want
}

// refused is the answer that stands for a refusal.
const refused = -1

func (s tested) ends(session int64) tested {
	if s.holder == session {
		s.holder = 0
	}
	return s
}

func testedSpec() *Spec {
	spec := &Spec{Name: "sequential", Begin: func() any { return tested{} }}
	spec.Step = func(f string) (Step, bool) {
		return Step{
			Reads: f == "get" || f == "peek" || f == "kept", Plain: f == "peek", Cached: f == "kept", Decode: decoded,
			Next: func(state, value any, c *Call, who Caller, heard bool) ([]any, error) {
				v := value.([2]int)
				next, ok := state.(tested).apply(f, v[0], v[1], who.Session, heard)
				if !ok {
					return nil, fmt.Errorf("%s answered %d", f, v[1])
				}
				return []any{next}, nil
			},
		}, true
	}
	spec.SessionEnds = func(state any, who Caller) any { return state.(tested).ends(who.Session) }
	return spec
}

var testedModel = models.Model{Name: "leased-register", Operations: []models.Operation{{F: "set"}, {F: "get"}, {F: "peek"}, {F: "kept"}, {F: "take"}, {F: "free"}}}

// drawn is a call, or, if f is empty, the end of a session, which is known to lie between two
// times.
type drawn struct {
	f                string
	client           int
	session          int64
	from, to         int // to < 0: the outcome is unknown
	argument, answer int
	alive            int  // its session was shown nothing older than this
	order            int  // place among the calls of the client
	relaxed          bool // its answer does not count
}

// draw draws a history: the answers of an object that works, with a mistake now and then.
func draw(rng *rand.Rand) (all []drawn) {
	state, now := tested{}, 10
	alive := map[int64]int{}
	session := []int64{1, 2, 3}
	free := []int{0, 0, 0} // when the client can make its next call
	for range 2 + rng.IntN(4) {
		now += 1 + rng.IntN(4)
		c := rng.IntN(3)
		if rng.IntN(6) == 0 { // its session ends, between its last sign of life and a little later
			s := session[c]
			state = state.ends(s)
			end := max(now, free[c]) + 1 + rng.IntN(3)
			all = append(all, drawn{client: c, session: s, from: alive[s], to: end})
			session[c], free[c], now = s+3, end+1, now+1
			alive[s+3] = 0
			continue
		}
		from := max(free[c], now-rng.IntN(6))
		now = max(now, from)
		d := drawn{f: []string{"set", "get", "peek", "kept", "take", "free"}[rng.IntN(6)], client: c, session: session[c], from: from, to: now + rng.IntN(6), alive: alive[session[c]], order: len(all)}
		d.argument = 1 + rng.IntN(2)
		happened := true
		if rng.IntN(4) == 0 {
			free[c] = d.to + 1
			d.to, happened = -1, rng.IntN(2) == 0
		} else {
			free[c] = d.to + 1
		}
		before := state
		if happened {
			state, _ = state.apply(d.f, d.argument, 0, d.session, false)
		}
		d.answer = before.value
		switch mine := before.holder == d.session; {
		case d.f == "take":
			d.answer = 0
			if mine || before.holder == 0 {
				d.answer = 1
			}
		case d.f == "free":
			d.answer = refused
			if mine {
				d.answer = 0
			}
		}
		if rng.IntN(5) == 0 {
			d.answer = rng.IntN(3)
			if d.f == "free" {
				d.answer = -rng.IntN(2)
			}
		}
		if d.to >= 0 && rng.IntN(2) == 0 { // a quorum answered it
			alive[d.session] = d.from
		}
		all = append(all, d)
	}
	for _, d := range slices.Clone(all) { // no event shows that the other sessions went on
		if d.f != "" && !slices.ContainsFunc(all, func(e drawn) bool { return e.f == "" && e.session == d.session }) {
			all = append(all, drawn{client: d.client, session: d.session, to: -1})
		}
	}
	for i := range all { // what a session was shown last is a lower bound on its end
		if all[i].f == "" {
			all[i].from = 0
			for _, d := range all {
				if d.f != "" && d.session == all[i].session {
					all[i].from = max(all[i].from, d.alive)
				}
			}
		}
	}
	return all
}

// record returns what was drawn as a history.
func record(all []drawn) *history.History {
	b := historytest.New(testedModel.Name)
	for _, d := range all {
		if d.f == "" && d.to < 0 {
			continue
		}
		if d.f == "" {
			b.Session(float64(d.to), d.client, history.ID(d.session), history.FDead, "", nil)
			b.Session(float64(d.to), d.client, history.ID(d.session), history.FDisconnected, "", nil)
			continue
		}
		outcome, end := history.OK, float64(d.to)
		if d.to < 0 {
			outcome, end = history.Info, float64(d.from)+0.5
		}
		op := b.Op(d.client, d.f, "k", float64(d.from), end, outcome, d.argument, d.answer).Session(history.ID(d.session))
		if outcome == history.OK && d.answer == refused {
			op.Return.Type, op.Return.Value, op.Return.Error = history.Fail, nil, &history.Error{Code: history.CodeRefused, Message: "not mine"}
		}
		if d.alive > 0 {
			op.Alive(float64(d.alive))
		}
	}
	return b.History()
}

// explained tries all orders, by the rules in words: a call without an answer happened at some time
// after it began, or never; a session ended at one time between the bounds, or perhaps never if
// none is known; what changes something happened before the session ended; a plain read happened
// after all that its session had been told, at a time that is not before the last state that the
// session had seen; the answer of a cache was right at some time after its previous answer.
func explained(all []drawn, done []bool, state tested, dead map[string]bool) bool {
	at := fmt.Sprint(done, state)
	if dead[at] { // already tried
		return false
	}
	dead[at] = true
	due, open := 1<<30, false
	for i, d := range all {
		if !done[i] && d.to >= 0 {
			due, open = min(due, d.to), true
		}
	}
	if !open {
		return true
	}
	for i, d := range all {
		from := d.from
		if d.f == "peek" {
			from = min(from, d.alive)
		}
		if d.f == "kept" {
			from = 0
		}
		if done[i] || from > due {
			continue
		}
		next, right := state.ends(d.session), true
		if d.f != "" {
			if d.f == "peek" && slices.ContainsFunc(all, func(e drawn) bool {
				return e.f != "" && e.session == d.session && e.order < d.order && e.to >= 0 && !done[slices.IndexFunc(all, func(x drawn) bool { return x.f != "" && x.order == e.order })]
			}) {
				continue
			}
			if d.f == "kept" && slices.ContainsFunc(all, func(e drawn) bool {
				return e.f == "kept" && e.client == d.client && e.order < d.order && e.to >= 0 && !done[slices.IndexFunc(all, func(x drawn) bool { return x.f != "" && x.order == e.order })]
			}) {
				continue
			}
			if over := slices.IndexFunc(all, func(e drawn) bool { return e.f == "" && e.session == d.session }); over >= 0 && done[over] && (d.f == "set" || d.f == "take" || d.f == "free" && (d.to < 0 || d.answer != refused)) {
				continue
			}
			next, right = state.apply(d.f, d.argument, d.answer, d.session, d.to >= 0 && !d.relaxed)
			if d.relaxed && d.f == "free" && d.answer == refused {
				next = state // a refusal changes nothing
			}
		}
		if !right {
			continue
		}
		done[i] = true
		ok := explained(all, done, next, dead)
		done[i] = false
		if ok {
			return true
		}
	}
	return false
}

// only returns what was drawn, reduced to what some events show: the other calls may have had any
// answer, and the other sessions perhaps never ended.
func only(a *evidence.Record, all []drawn, events []int) []drawn {
	all = slices.Clone(all)
	for i := range all {
		d := &all[i]
		d.relaxed = !slices.ContainsFunc(events, func(n int) bool {
			e := a.History.Events[n]
			return e.Client == d.client && (d.f == e.F && e.Time == historytest.At(float64(d.from)) || d.f == "" && int64(e.Session) == d.session && e.F == history.FDead)
		})
		if d.f == "" && d.relaxed {
			d.to = -1
		}
	}
	return all
}

// The rules for unknown outcomes, ends of sessions, plain reads and caches agree with trying all
// orders one by one. The events that show a violation have no order by themselves.
func TestAgreesWithAllOrders(t *testing.T) {
	n := checktest.Rounds(t, 5_000)
	spec := testedSpec()
	var legal, not int
	for i := range n {
		all := draw(rand.New(rand.NewPCG(48, uint64(i))))
		want := explained(all, make([]bool, len(all)), tested{}, map[string]bool{})
		a := evidence.Read(t.Context(), record(all), &testedModel, nil)
		if len(a.Keys) == 0 {
			continue
		}
		f := spec.decide(t.Context(), a.Keys[len(a.Keys)-1])
		if got := f.Result != frame.Violation; got != want || f.Result == frame.Unknown {
			for _, d := range all {
				t.Logf("%+v", d)
			}
			for _, c := range keyOf(a.Keys[len(a.Keys)-1]).Calls {
				t.Logf("%+v", c)
			}
			t.Fatalf("%d: all orders: %v; %q %s", i, want, f.Result, f.Reason)
		}
		if want {
			legal++
			continue
		}
		not++
		if shown := only(a, all, f.Counterexample); explained(shown, make([]bool, len(all)), tested{}, map[string]bool{}) {
			for _, d := range shown {
				t.Logf("%+v", d)
			}
			t.Fatalf("%d: %s: what is shown has an order: %v", i, f.Reason, f.Counterexample)
		}
	}
	t.Logf("%d legal, %d not", legal, not)
	if min(legal, not) < n/10 {
		t.Errorf("%d legal and %d not: one kind is rare", legal, not)
	}
}
