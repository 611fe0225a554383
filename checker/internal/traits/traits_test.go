package traits_test

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/locks"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/checker/internal/traits"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/linearize"
)

// own is the model of an object that zklab does not know.
var own = &models.Model{Name: "own", Others: &models.Operation{}}

// decide returns what the properties find in a history, by name.
func decide(h *history.History, of *models.Model, properties []*frame.Property) map[string]frame.Finding {
	a := evidence.Read(context.Background(), h, of, nil)
	found := map[string]frame.Finding{}
	for _, p := range properties {
		if p.Applies != nil && !p.Applies(a) {
			continue
		}
		for _, k := range a.Keys {
			if f := p.Decide(context.Background(), k); f.Result != "" || found[p.Name].Result == "" {
				found[p.Name] = f
			}
		}
	}
	return found
}

// renamed changes the operations of a history. rename returns the name, the argument and the answer.
func renamed(h *history.History, rename func(op *history.Operation) (f string, argument, answer any)) *history.History {
	all := h.With(slices.Clone(h.Events))
	set := func(e *history.Event, f string, v any) {
		i := slices.IndexFunc(all.Events, func(x history.Event) bool { return x.Index == e.Index })
		all.Events[i].F, all.Events[i].Value = f, nil
		if v != nil {
			all.Events[i].Value, _ = json.Marshal(v)
		}
	}
	for _, op := range h.Operations() {
		f, argument, answer := rename(op)
		set(op.Invoke, f, argument)
		if op.Return != nil && op.Outcome() == history.OK {
			set(op.Return, f, answer)
		} else if op.Return != nil {
			set(op.Return, f, nil)
		}
	}
	all.Header.Model = "own"
	return all
}

// sum returns the parts of findings that matter.
func sum(found map[string]frame.Finding) map[string][]any {
	all := map[string][]any{}
	for name, f := range found {
		all[name] = []any{string(f.Result), f.Reason, f.Counterexample, f.Figures}
	}
	return all
}

// A history of a lock, with other names and values, has the same findings.
func TestExclusiveIsALock(t *testing.T) {
	violated := map[string]int{}
	names := []string{"exclusion", "tokens", "belief"}
	hold := traits.Hold{Begin: "borrow", End: "bring back", Confirm: "mine?", Token: func(answer json.RawMessage) int64 {
		var v struct{ Ticket int64 }
		_ = json.Unmarshal(answer, &v)
		return v.Ticket
	}}
	for i := range 600 {
		h := checktest.GenerateHolds(rand.New(rand.NewPCG(7, uint64(i))), checktest.Kind(1+i%2))
		said := false // a release that reports that nothing was held has no counterpart
		mine := renamed(h, func(op *history.Operation) (string, any, any) {
			switch op.F {
			case models.FAcquire:
				var g models.Grant
				if op.Outcome() == history.OK {
					_ = op.Return.Decode(&g)
				}
				return "borrow", nil, map[string]int64{"Ticket": int64(g.Token)}
			case models.FRelease:
				v := models.Held{Held: true}
				_ = op.Invoke.Decode(&v)
				said = said || !v.Held
				return "bring back", nil, nil
			case models.FConfirm:
				v := models.Held{}
				if op.Outcome() == history.OK {
					_ = op.Return.Decode(&v)
				}
				said = said || v.Token != 0
				return "mine?", nil, v.Held
			}
			return op.F, nil, nil
		})
		if said {
			continue
		}
		like := []*frame.Property{locks.OwnProgress, locks.OwnLost}
		for _, p := range locks.Lock.Properties {
			if slices.Contains(names, p.Name) {
				like = append(like, p)
			}
		}
		want, got := decide(h, models.Lock, like), decide(mine, own, traits.Exclusive(hold))
		for name, f := range want {
			if f.Result == frame.Violation {
				violated[name]++
			}
		}
		if diff := cmp.Diff(sum(want), sum(got)); diff != "" {
			t.Fatalf("history %d: %s", i, diff)
		}
	}
	t.Log(violated)
	if violated["exclusion"] == 0 || violated["tokens"] == 0 {
		t.Error("too little was violated")
	}
}

// A history of a queue, with other names and values, has the same findings.
func TestQueuedIsAQueue(t *testing.T) {
	violated := map[string]int{}
	for i := range 600 {
		h := checktest.GenerateQueue(rand.New(rand.NewPCG(7, uint64(i))), checktest.Kind(1+i%2))
		mine := renamed(h, func(op *history.Operation) (string, any, any) {
			var v models.Item
			if op.F == models.FEnqueue {
				_ = op.Invoke.Decode(&v)
				return "offer", v.Item, nil
			}
			if op.Outcome() == history.OK {
				_ = op.Return.Decode(&v)
			}
			if v.Item == "" {
				return "poll", nil, nil
			}
			return "poll", nil, v.Item
		})
		var like []*frame.Property
		for _, p := range queues.Queue.Properties {
			if slices.Contains([]string{"integrity", "order", "loss"}, p.Name) {
				like = append(like, p)
			}
		}
		want, got := decide(h, models.Queue, like), decide(mine, own, traits.Queued(traits.Queue{Put: "offer", Take: "poll"}))
		for name, y := range got {
			x := want[name]
			x.Reason = strings.NewReplacer("enqueue", "offer", "dequeues", "calls of poll", "dequeue", "poll").Replace(x.Reason)
			if x.Result == frame.Violation {
				violated[name]++
			}
			// An empty answer at the end shows that the queue is drained, which lets loss decide more.
			if name == "loss" && x.Result != frame.Violation {
				if y.Result == frame.Violation && orderly(t, h) {
					t.Fatalf("history %d: %v, but the items have an order", i, y)
				}
				continue
			}
			if x.Result != y.Result || x.Result == frame.Violation && x.Reason != y.Reason && name != "loss" { // loss may see a violation sooner
				t.Fatalf("history %d, %s: %v, as a queue %v", i, name, y, x)
			}
		}
	}
	t.Log(violated)
	if violated["integrity"] == 0 || violated["order"] == 0 || violated["loss"] == 0 {
		t.Error("too little was violated")
	}
}

// orderly reports whether there is an order of the operations on a queue, its empty answers included.
func orderly(t *testing.T, h *history.History) bool {
	p := linearize.Problem{Model: porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, _ any) (bool, any) {
			list, op := state.(string), input.(*history.Operation)
			var v models.Item
			head, rest, _ := strings.Cut(list, ",")
			switch {
			case op.F == models.FEnqueue:
				_ = op.Invoke.Decode(&v)
				return true, list + v.Item + ","
			case op.Outcome() == history.Info:
				return list != "", rest
			}
			_ = op.Return.Decode(&v)
			return head == v.Item, rest
		},
	}}
	var unknown []bool
	for _, op := range h.Operations() {
		o := porcupine.Operation{Input: op, Call: int64(op.Began()), Return: linearize.Never}
		switch op.Outcome() {
		case history.Fail:
			continue
		case history.OK:
			o.Return = int64(op.Return.Time)
		}
		p.Operations, unknown = append(p.Operations, o), append(unknown, op.Outcome() == history.Info)
	}
	p.Optional = func(i int) bool { return unknown[i] }
	return linearize.Decide(t.Context(), p, linearize.Budget{}).Result == linearize.Legal
}

const (
	ok   = history.OK
	fail = history.Fail
	info = history.Info
)

// call is an operation of a client: its name, times, outcome and answer.
type call struct {
	client   int
	f        string
	from, to int
	outcome  history.Type
	in, out  any
	session  history.ID
}

func recordOf(calls ...call) *history.History {
	r := checktest.Foreign("own")
	sessions := map[history.ID]int{}
	for _, c := range calls {
		if c.session != 0 {
			maps.DeleteFunc(sessions, func(_ history.ID, client int) bool { return client == c.client })
			sessions[c.session] = c.client // its newest session is alive
		}
		r.Op(checktest.Args{Client: c.client, F: c.f, Key: "k", Inv: c.from, Ret: c.to, Outcome: c.outcome, In: c.in, Out: c.out, Session: c.session})
	}
	for session, client := range sessions {
		r.Proof(client, session, 1000)
	}
	return r.Build()
}

// A nested hold lasts from the outermost begin to the end that may be the last.
func TestNested(t *testing.T) {
	hold := traits.Hold{Begin: "lock", End: "unlock", Nested: true}
	for name, tt := range map[string]struct {
		want  frame.Result
		calls []call
	}{
		"in turn": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1},
			{0, "lock", 3, 4, ok, nil, nil, 1},
			{0, "unlock", 5, 6, ok, nil, nil, 1},
			{0, "unlock", 7, 8, ok, nil, nil, 1},
			{1, "lock", 9, 10, ok, nil, nil, 2},
		}},
		"released at the inner end": {frame.Violation, []call{
			{0, "lock", 1, 2, ok, nil, nil, 1},
			{0, "lock", 3, 4, ok, nil, nil, 1},
			{0, "unlock", 5, 6, ok, nil, nil, 1},
			{1, "lock", 7, 8, ok, nil, nil, 2},
			{0, "unlock", 9, 10, ok, nil, nil, 1},
		}},
		"the inner begin may not have happened": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1},
			{0, "lock", 3, 4, info, nil, nil, 1},
			{0, "unlock", 5, 6, ok, nil, nil, 1},
			{1, "lock", 7, 8, ok, nil, nil, 2},
			{0, "unlock", 9, 10, ok, nil, nil, 1},
		}},
		"the inner begin was refused": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, fail, nil, nil, 1}, {0, "unlock", 5, 6, ok, nil, nil, 1}, {1, "lock", 7, 8, ok, nil, nil, 2},
		}},
		"the inner begin got nothing": {"", []call{
			{0, "lock", 1, 2, ok, nil, true, 1}, {0, "lock", 3, 4, ok, nil, false, 1}, {0, "unlock", 5, 6, ok, nil, nil, 1}, {1, "lock", 7, 8, ok, nil, true, 2},
		}},
		"the first end had no effect": {frame.Violation, []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "unlock", 3, 4, fail, nil, nil, 1}, {1, "lock", 5, 6, ok, nil, nil, 2}, {0, "unlock", 7, 8, ok, nil, nil, 1},
		}},
		"the end may have happened": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "unlock", 3, 4, info, nil, nil, 1}, {1, "lock", 5, 6, ok, nil, nil, 2},
		}},
		"the hold may be an older one": {"", []call{
			{0, "lock", 1, 2, info, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 1}, {1, "lock", 5, 6, ok, nil, nil, 2},
		}},
		"another session's hold ends at its first end": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 3}, {0, "unlock", 5, 6, ok, nil, nil, 3}, {1, "lock", 7, 8, ok, nil, nil, 2},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decide(recordOf(tt.calls...), own, traits.Exclusive(hold))["exclusion"]
			if got.Result != tt.want {
				t.Errorf("%q: %s", got.Result, got.Reason)
			}
		})
	}
}

// A client's other sessions, which come and go, say nothing of its hold: it lasts until its own session ends.
func TestNestedInOwnSession(t *testing.T) {
	own := &models.Model{Name: "own", Operations: []models.Operation{{F: "lock", Begins: true}, {F: "unlock", Ends: true}}}
	for name, tt := range map[string]struct {
		dies history.ID // 1 is another session of the client, and 2 has the hold
		told int        // when the client was told; the second begin lasts from 30 to 33
		made bool       // the second begin made a znode in a new session
		want frame.Result
		at   int // when another client is granted; the client ends its holds at 60 and at 85
	}{
		"still held":                         {1, 20, false, frame.Violation, 50},
		"released in turn":                   {1, 20, false, "", 90},
		"its session ended":                  {2, 20, true, "", 80},
		"its session ended, and held":        {2, 20, true, frame.Violation, 50},
		"its session ended within the begin": {2, 31, true, frame.Violation, 50},
		"it may have ended before the begin": {2, 31, false, "", 50},
	} {
		t.Run(name, func(t *testing.T) {
			r := checktest.Ours("own", history.Params{}).Connected(0, 0, 1).Connected(0, 0, 2).Connected(0, 0, 1).Connected(0, 1, 4)
			lock := func(at int, named history.ID, used ...history.Use) {
				r.Op(checktest.Args{Client: 0, F: "lock", Key: "k", Inv: at, Ret: at + 3, Outcome: ok, Session: named})
				r.Events[len(r.Events)-1].Used = used
			}
			other := checktest.Args{Client: 1, F: "lock", Key: "k", Inv: tt.at, Ret: tt.at + 1, Outcome: ok, Session: 4}
			lock(1, 1, history.Use{Session: 2, Made: true})
			r.Session(tt.told, history.FExpired, 0, tt.dies).Connected(tt.told+1, 0, 3)
			if tt.made {
				lock(30, 3, history.Use{Session: 3, Made: true})
			} else {
				lock(30, 3)
			}
			if tt.at == 50 {
				r.Op(other)
			}
			r.Op(checktest.Args{Client: 0, F: "unlock", Key: "k", Inv: 60, Ret: 61, Outcome: ok, Session: 3})
			if tt.at == 80 {
				r.Op(other)
			}
			r.Op(checktest.Args{Client: 0, F: "unlock", Key: "k", Inv: 85, Ret: 86, Outcome: ok, Session: 3})
			if tt.at == 90 {
				r.Op(other)
			}
			for s := history.ID(1); s <= 4; s++ {
				if s != tt.dies {
					r.Proof(int(s/4), s, 1000)
				}
			}
			got := decide(r.Build(), own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock", Nested: true}))["exclusion"]
			if got.Result != tt.want {
				t.Errorf("%q: %s", got.Result, got.Reason)
			}
		})
	}
}

// The counterexample of a nested hold shows the first and the last inner end before another client's hold, each
// with its begin, and no others.
func TestShowsInnerBegins(t *testing.T) {
	calls := func(inner ...call) []call {
		all := append([]call{{0, "lock", 1, 2, ok, nil, true, 1}}, inner...)
		return append(all, call{1, "lock", 51, 52, ok, nil, true, 2}, call{0, "lock", 61, 62, ok, nil, true, 1}, call{0, "unlock", 71, 72, ok, nil, nil, 1}, call{0, "unlock", 81, 82, ok, nil, nil, 1})
	}
	pair := func(at int) []call {
		return []call{{0, "lock", at, at + 1, ok, nil, true, 1}, {0, "unlock", at + 2, at + 3, ok, nil, nil, 1}}
	}
	for name, tt := range map[string]struct {
		inner []call
		want  []int // when what is shown began
	}{
		"no inner hold":        {nil, []int{1, 51}},
		"an inner hold":        {pair(11), []int{1, 11, 13, 51}},
		"declined":             {append([]call{{0, "lock", 5, 6, ok, nil, false, 1}, {0, "lock", 7, 8, fail, nil, nil, 1}}, pair(11)...), []int{1, 11, 13, 51}},
		"three":                {slices.Concat(pair(11), pair(21), pair(31)), []int{1, 11, 13, 31, 33, 51}},
		"one that is not over": {[]call{{0, "lock", 11, 12, ok, nil, true, 1}}, []int{1, 51}},
	} {
		t.Run(name, func(t *testing.T) {
			h := recordOf(calls(tt.inner...)...)
			got := decide(h, own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock", Nested: true}))["exclusion"]
			var began []int
			for _, op := range h.Operations() {
				if op.Invoke.Time < historytest.At(60) && slices.Contains(got.Counterexample, op.Invoke.Index) {
					began = append(began, int(op.Invoke.Time.Milliseconds()))
				}
			}
			if got.Result != frame.Violation || !slices.Equal(began, tt.want) {
				t.Errorf("%q %s: %v, want %v", got.Result, got.Reason, began, tt.want)
			}
		})
	}
}

// No client waits in vain for a nested hold that may go on.
func TestNestedProgress(t *testing.T) {
	hold := traits.Hold{Begin: "lock", End: "unlock", Nested: true}
	for name, tt := range map[string]struct {
		want  frame.Result
		calls []call
	}{
		"nobody holds": {frame.Violation, []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 1}, {0, "unlock", 5, 6, ok, nil, nil, 1}, {0, "unlock", 7, 8, ok, nil, nil, 1},
		}},
		"the inner hold goes on": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 1}, {0, "unlock", 5, 6, ok, nil, nil, 1},
		}},
		"a hold after a begin of unknown outcome goes on": {"", []call{
			{0, "lock", 1, 2, info, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 1},
		}},
		"a begin of unknown outcome may have made the hold deeper": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, info, nil, nil, 1}, {0, "unlock", 5, 6, ok, nil, nil, 1},
		}},
		"an inner end of unknown outcome may not have happened": {"", []call{
			{0, "lock", 1, 2, ok, nil, nil, 1}, {0, "lock", 3, 4, ok, nil, nil, 1}, {0, "unlock", 5, 6, info, nil, nil, 1}, {0, "unlock", 7, 8, ok, nil, nil, 1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := checktest.Ours("own", history.Params{}).Phases(0, 0, 0).Connected(0, 0, 1).Connected(0, 1, 2)
			for _, c := range append(tt.calls, call{1, "lock", 9, 60_000, info, nil, nil, 2}) {
				r.Op(checktest.Args{Client: c.client, F: c.f, Key: "k", Inv: c.from, Ret: c.to, Outcome: c.outcome, Session: c.session})
			}
			got := decide(r.Build(), own, traits.Exclusive(hold))["progress"]
			if got.Result != tt.want {
				t.Errorf("%q: %s", got.Result, got.Reason)
			}
		})
	}
}

// A begin that is declined for long is no violation: the lock answered. An error that it does not declare is one.
func TestDeclined(t *testing.T) {
	for code, want := range map[string]frame.Result{history.CodeRefused: "", "error": frame.Violation} {
		r := checktest.Ours("own", history.Params{}).Phases(0, 0, 0).Connected(0, 0, 1)
		r.Op(checktest.Args{Client: 0, F: "lock", Key: "k", Inv: 1, Ret: 2, Outcome: ok, Session: 1})
		r.Op(checktest.Args{Client: 0, F: "unlock", Key: "k", Inv: 3, Ret: 4, Outcome: ok, Session: 1})
		for at := 10; at < 60_000; at += 500 {
			r.Op(checktest.Args{Client: 0, F: "lock", Key: "k", Inv: at, Ret: at + 1, Outcome: fail, Session: 1, Err: &history.Error{Code: code, Message: "busy"}})
		}
		got := decide(r.Build(), own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock"}))["progress"]
		if got.Result != want {
			t.Errorf("%s: %q %s", code, got.Result, got.Reason)
		}
	}
}

// A begin that is declined while another client holds met a holder, just like one that waits. A
// begin that is declined while no other client holds did not.
func TestDeclinedMeetsAHolder(t *testing.T) {
	refused := &history.Error{Code: history.CodeRefused, Message: "busy"}
	for name, tt := range map[string]struct {
		client int
		at     int
		out    any
		err    *history.Error
		want   float64
	}{
		"declined":                {client: 1, at: 10, out: false, want: 1},
		"refused":                 {client: 1, at: 10, err: refused, want: 1},
		"an error of other kinds": {client: 1, at: 10, err: &history.Error{Code: "error"}},
		"the holder itself":       {client: 0, at: 10, out: false},
		"after the hold":          {client: 1, at: 110, out: false},
	} {
		t.Run(name, func(t *testing.T) {
			r := checktest.Ours("own", history.Params{}).Phases(0, 0, 0).Connected(0, 0, 1).Connected(0, 1, 2)
			r.Op(checktest.Args{Client: 0, F: "lock", Key: "k", Inv: 1, Ret: 2, Outcome: ok, Out: true, Session: 1})
			c := checktest.Args{Client: tt.client, F: "lock", Key: "k", Inv: tt.at, Ret: tt.at + 1, Outcome: ok, Out: tt.out, Session: history.ID(tt.client + 1), Err: tt.err}
			if tt.err != nil {
				c.Outcome = fail
			}
			end := checktest.Args{Client: 0, F: "unlock", Key: "k", Inv: 100, Ret: 101, Outcome: ok, Session: 1}
			if tt.at < 100 {
				r.Op(c).Op(end)
			} else {
				r.Op(end).Op(c)
			}
			r.Proof(0, 1, 1000)
			for _, nested := range []bool{false, true} {
				f := decide(r.Build(), own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock", Nested: nested}))["exclusion"]
				if f.Result != "" || f.Figures["contended"] != tt.want {
					t.Errorf("nested %v: %+v", nested, f)
				}
			}
		})
	}
}

// A client that begins every hold twice, and ends it twice, has the same findings as one that does
// so once.
func TestNestedIsALock(t *testing.T) {
	violated := 0
	for i := range 400 {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		var flat, nested []call
		for client := range 3 {
			at := 10 * rng.IntN(30)
			for range 2 {
				from := at + 10*rng.IntN(20)
				mid, to := from+10, from+20+10*rng.IntN(4)
				s := history.ID(client + 1)
				flat = append(flat, call{client, "lock", from, mid, ok, nil, nil, s}, call{client, "unlock", to, to + 9, ok, nil, nil, s})
				nested = append(nested,
					call{client, "lock", from, mid, ok, nil, nil, s}, call{client, "lock", mid + 1, mid + 2, ok, nil, nil, s},
					call{client, "unlock", to - 5, to - 4, ok, nil, nil, s}, call{client, "unlock", to, to + 9, ok, nil, nil, s})
				at = to + 20
			}
		}
		want := decide(recordOf(flat...), own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock"}))["exclusion"]
		got := decide(recordOf(nested...), own, traits.Exclusive(traits.Hold{Begin: "lock", End: "unlock", Nested: true}))["exclusion"]
		if got.Result != want.Result || got.Reason != want.Reason {
			t.Fatalf("history %d: %q %s, flat %q %s", i, got.Result, got.Reason, want.Result, want.Reason)
		}
		if want.Result == frame.Violation {
			violated++
		}
	}
	if violated < 50 || violated > 350 {
		t.Errorf("%d of 400 histories are violated", violated)
	}
}

// If the takes of a queue may wait for a dead client, only a take that began after the session of
// that client had ended shows that the queue is empty.
func TestWaitingTake(t *testing.T) {
	const session = 10.0 // milliseconds
	for name, tt := range map[string]struct {
		waits bool
		began float64 // when the take that returns nothing began; the load is over at 10
		want  frame.Result
	}{
		"does not wait":       {false, 11, frame.Violation},
		"waits, early":        {true, 11, frame.Unknown},
		"waits, nearly early": {true, 10 + session + history.UsualSlack.Seconds()*1000 - 1, frame.Unknown},
		"waits, late":         {true, 10 + session + history.UsualSlack.Seconds()*1000 + 1, frame.Violation},
	} {
		t.Run(name, func(t *testing.T) {
			b := historytest.New(own.Name)
			b.Header.Params.SessionTimeout = historytest.At(session)
			b.Fact(0, history.FPhase, "", history.Phase{Name: history.PhaseLoad})
			b.Op(0, "offer", "k", 1, 2, history.OK, "a", nil)
			b.Fact(10, history.FPhase, "", history.Phase{Name: history.PhaseQuiesce})
			b.Op(1, "poll", "k", tt.began, tt.began+1, history.OK, nil, nil)
			f := decide(b.History(), own, traits.Queued(traits.Queue{Put: "offer", Take: "poll", Waits: tt.waits}))["loss"]
			if f.Result != tt.want {
				t.Errorf("%s: %s", f.Result, f.Reason)
			}
		})
	}
}

func TestUnordered(t *testing.T) {
	calls := []call{{0, "offer", 1, 2, ok, "a", nil, 0}, {0, "offer", 3, 4, ok, "b", nil, 0}, {1, "poll", 5, 6, ok, nil, "b", 0}, {1, "poll", 7, 8, ok, nil, "a", 0}}
	for name, tt := range map[string]struct {
		calls     []call
		unordered bool
		want      string
	}{
		"in order":           {calls, false, "order"},
		"unordered":          {calls, true, ""},
		"lost when empty":    {append(slices.Clone(calls[:3]), call{2, "poll", 9, 10, ok, nil, nil, 0}), true, "loss"},
		"not empty yet":      {slices.Clone(calls[:3]), true, ""},
		"put at that time":   {append(slices.Clone(calls[:2]), call{2, "poll", 4, 10, ok, nil, nil, 0}), true, ""},
		"twice":              {append(slices.Clone(calls), call{2, "poll", 9, 10, ok, nil, "a", 0}), true, "integrity"},
		"of a number: twice": {[]call{{0, "offer", 1, 2, ok, 7, nil, 0}, {1, "poll", 5, 6, ok, nil, 7, 0}, {1, "poll", 7, 8, ok, nil, 7, 0}}, true, "integrity"},
	} {
		t.Run(name, func(t *testing.T) {
			var violated []string
			for p, f := range decide(recordOf(tt.calls...), own, traits.Queued(traits.Queue{Put: "offer", Take: "poll", Unordered: tt.unordered})) {
				if f.Result == frame.Violation {
					violated = append(violated, p)
				}
			}
			if got := strings.Join(violated, ", "); got != tt.want {
				t.Errorf("violated: %q, want %q", got, tt.want)
			}
		})
	}
}

// The verdicts on answers agree with comparing each pair of them.
func TestAnswersAgreeWithBruteForce(t *testing.T) {
	counts := map[string]int{}
	for i := range 3000 {
		rng := rand.New(rand.NewPCG(5, uint64(i)))
		var calls []call
		for client := range 4 {
			at := rng.IntN(10)
			for range 1 + rng.IntN(3) {
				to := at + rng.IntN(8)
				n := at/2 + rng.IntN(8)
				calls = append(calls, call{client, "next", at, to, []history.Type{ok, ok, ok, info}[rng.IntN(4)], nil, n, 0})
				at = to + 1 + rng.IntN(5)
			}
		}
		twice, fell := false, false
		for x, a := range calls {
			for y, b := range calls {
				if x != y && a.outcome == ok && b.outcome == ok {
					twice = twice || a.out == b.out
					fell = fell || a.to < b.from && a.out.(int) > b.out.(int)
				}
			}
		}
		h := recordOf(calls...)
		got := decide(h, own, []*frame.Property{traits.Distinct("next"), traits.Rising("next")})
		if (got["next-distinct"].Result == frame.Violation) != twice || (got["next-rising"].Result == frame.Violation) != fell {
			t.Fatalf("history %d: %+v; twice %v, fell %v: %+v", i, got, twice, fell, calls)
		}
		counts["all"]++
		if twice {
			counts["twice"]++
		}
		if fell {
			counts["fell"]++
		}
	}
	t.Log(counts)
	none := decide(recordOf(call{0, "next", 1, 2, ok, nil, "x", 0}), own, []*frame.Property{traits.Rising("next")})["next-rising"]
	if none.Result != frame.Unknown || !strings.Contains(none.Reason, `answered "x", which is no number`) {
		t.Errorf("%+v", none)
	}
	if why := traits.Distinct("next").Exercise(nil, map[string]float64{"answers": 1}); why != "next was answered only 1 time, of 2 wanted" {
		t.Error(why)
	}
}
