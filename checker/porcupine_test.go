package checker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
)

// kvInput, kvOutput and kvModel are written only from porcupine's documentation.
type kvInput struct {
	op    string // "get", "put", "append" or "cas"
	key   string
	value string
	old   string
}

type kvOutput struct{ value string }

var kvModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		m := make(map[string][]porcupine.Operation)
		for _, v := range history {
			key := v.Input.(kvInput).key
			m[key] = append(m[key], v)
		}
		var ret [][]porcupine.Operation
		for _, v := range m {
			ret = append(ret, v)
		}
		return ret
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in, out, st := input.(kvInput), output.(kvOutput), state.(string)
		switch in.op {
		case "get":
			return out.value == st, state
		case "put":
			return true, in.value
		case "append":
			return true, st + in.value
		default: // a compare-and-set answers "swapped" or "refused"
			if st == in.old {
				return out.value == "swapped", in.value
			}
			return out.value == "refused", state
		}
	},
	DescribeOperation: func(input, output any) string {
		in := input.(kvInput)
		return fmt.Sprintf("%s(%q, %q) -> %q", in.op, in.key, in.value, output.(kvOutput).value)
	},
}

// kvArgument is the JSON in the histories of these tests.
type kvArgument struct{ Value, Old string }

func kvOperation(op *history.Operation) (any, any, bool) {
	input, output, ok := Typed[kvArgument, kvInput, string](func(f, key string, a kvArgument) kvInput {
		return kvInput{op: f, key: key, value: a.Value, old: a.Old}
	})(op)
	if !ok {
		return nil, nil, false
	}
	return input, kvOutput{output.(string)}, true
}

var kvCheck = Porcupine{Model: kvModel, Operation: kvOperation, ReadOnly: func(op *history.Operation) bool { return op.F == "get" }}

type kvCall struct {
	f        string
	from, to int
	outcome  history.Type
	in       kvArgument
	out      any
	client   int
}

func kvHistory(calls ...kvCall) *history.History {
	r := checktest.Foreign("kv")
	for i, c := range calls {
		r.Op(checktest.Args{Client: max(c.client, i), F: c.f, Key: "k", Inv: c.from, Ret: c.to, Outcome: c.outcome, In: c.in, Out: c.out})
	}
	return r.Build()
}

func TestPorcupineModelUnchanged(t *testing.T) {
	put := func(from, to int, v string, o history.Type) kvCall {
		return kvCall{f: "put", from: from, to: to, outcome: o, in: kvArgument{Value: v}}
	}
	get := func(from, to int, v string) kvCall {
		return kvCall{f: "get", from: from, to: to, outcome: history.OK, out: v}
	}
	cas := func(from, to int, old, v string, o history.Type, out any) kvCall {
		return kvCall{f: "cas", from: from, to: to, outcome: o, in: kvArgument{v, old}, out: out}
	}
	swaps := kvCheck
	swaps.Outputs = func(input any) []any {
		if input.(kvInput).op == "cas" {
			return []any{kvOutput{"swapped"}, kvOutput{"refused"}}
		}
		return []any{kvOutput{}}
	}
	for name, tt := range map[string]struct {
		check Porcupine
		want  Result
		says  string
		calls []kvCall
	}{
		"right":                {kvCheck, Valid, "", []kvCall{put(1, 2, "a", history.OK), get(3, 4, "a")}},
		"stale":                {kvCheck, Violation, `no order of the calls explains the answer that client 2 got from get at 0.006 s: get("k", "") -> "a" is impossible`, []kvCall{put(1, 2, "a", history.OK), put(3, 4, "b", history.OK), get(5, 6, "a")}},
		"unheard, and seen":    {kvCheck, Valid, "", []kvCall{put(1, 2, "a", history.Info), get(3, 4, ""), get(5, 6, "a")}},
		"unheard, seen, unset": {kvCheck, Violation, "", []kvCall{put(1, 2, "a", history.Info), get(3, 4, "a"), get(5, 6, "")}},
		"without effect":       {kvCheck, Violation, "", []kvCall{put(1, 2, "a", history.Fail), get(3, 4, "a")}},
		"a read unheard":       {kvCheck, Valid, "", []kvCall{put(1, 2, "a", history.OK), {f: "get", from: 3, to: 4, outcome: history.Info}, get(5, 6, "a")}},
		"swap unheard":         {swaps, Valid, "", []kvCall{put(1, 2, "a", history.OK), cas(3, 4, "a", "b", history.Info, nil), get(5, 6, "b")}},
		"swap unheard, stale":  {swaps, Violation, "", []kvCall{put(1, 2, "a", history.OK), cas(3, 4, "a", "b", history.Info, nil), get(5, 6, "b"), get(7, 8, "a")}},
		"answers not known":    {kvCheck, Unknown, "say in Outputs which answers there can be", []kvCall{put(1, 2, "a", history.OK), cas(3, 4, "a", "b", history.Info, nil), get(5, 6, "b"), get(7, 8, "a")}},
		"nothing happened":     {kvCheck, Valid, "", nil},
		"no operation":         {Porcupine{Model: kvModel}, Unknown, "has no Operation", []kvCall{get(1, 2, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			vs := tt.check.Check(t.Context(), kvHistory(tt.calls...))
			if len(vs) != 1 || vs[0].Result != tt.want || !strings.Contains(vs[0].Reason, tt.says) {
				t.Errorf("%+v", vs)
			}
		})
	}
}

// A wrong model is reported in one line, and decides nothing.
func TestWrongPorcupineModels(t *testing.T) {
	calls := []kvCall{{f: "put", from: 1, to: 2, outcome: history.OK}, {f: "put", from: 1, to: 2, outcome: history.OK}}
	step := func(f func(state, input, output any) (bool, any)) Porcupine {
		p := kvCheck
		p.Model.Step = f
		return p
	}
	changes := kvCheck
	changes.Model.Init = func() any { return map[string]int{} }
	changes.Model.Equal = func(a, b any) bool { return true }
	changes.Model.Step = func(state, _, _ any) (bool, any) {
		state.(map[string]int)["puts"]++
		return true, state
	}
	asks := kvCheck
	asks.Operation = func(*history.Operation) (any, any, bool) { panic("no") }
	for name, tt := range map[string]struct {
		check Porcupine
		says  string
	}{
		"panics":      {step(func(any, any, any) (bool, any) { panic("no") }), `the model panicked in its step for put("k", "") -> "": no, at porcupine_test.go:`},
		"returns nil": {step(func(any, any, any) (bool, any) { return true, nil }), `the model's step for put("k", "") -> "" says that it is possible, and returns nil instead of a state`},
		"changes":     {changes, "put changed the state that it was given: return a new one instead"},
		"operation":   {asks, "the function that reads the values of calls panicked at put of k: no, at porcupine_test.go:"},
	} {
		t.Run(name, func(t *testing.T) {
			vs := tt.check.Check(t.Context(), kvHistory(calls...))
			if len(vs) != 1 || vs[0].Result != Unknown || !strings.Contains(vs[0].Reason, tt.says) || strings.Contains(vs[0].Reason, "\n") {
				t.Errorf("%+v", vs)
			}
		})
	}
}

// The rule for unknown outcomes agrees with trying which of these calls happened, when, and with
// which answers.
func TestUnknownOutcomesAgreeWithBruteForce(t *testing.T) {
	check := kvCheck
	check.Outputs = func(any) []any { return []any{kvOutput{}, kvOutput{"swapped"}, kvOutput{"refused"}} }
	counts := map[Result]int{}
	for i := range 1500 {
		rng := rand.New(rand.NewPCG(9, uint64(i)))
		var calls []kvCall
		for range 2 + rng.IntN(4) {
			c := kvCall{from: rng.IntN(12), outcome: []history.Type{history.OK, history.OK, history.Info, history.Fail}[rng.IntN(4)]}
			c.to = c.from + rng.IntN(6)
			v := func() string { return []string{"", "a", "b"}[rng.IntN(3)] }
			switch rng.IntN(4) {
			case 0:
				c.f, c.in.Value = "put", v()
			case 1:
				c.f, c.in = "cas", kvArgument{v(), v()}
				c.out = []string{"swapped", "refused"}[rng.IntN(2)]
			default:
				c.f, c.out = "get", v()
			}
			if c.outcome != history.OK {
				c.out = nil
			}
			calls = append(calls, c)
		}
		want := Violation
		if kvBrute(calls, "", 0) {
			want = Valid
		}
		vs := check.Check(t.Context(), kvHistory(calls...))
		if len(vs) != 1 || vs[0].Result != want {
			t.Fatalf("history %d: %+v, want %s: %+v", i, vs, want, calls)
		}
		counts[want]++
	}
	t.Log(counts)
	if counts[Valid] < 300 || counts[Violation] < 300 {
		t.Error(counts)
	}
}

// kvBrute reports whether the calls that are not done can follow in a state.
func kvBrute(calls []kvCall, state string, done uint) bool {
	first, left := 1<<30, false
	for i, c := range calls {
		if done&(1<<i) == 0 && c.outcome == history.OK {
			first, left = min(first, c.to), true
		}
	}
	if !left {
		return true // the calls of unknown outcome never happened
	}
	for i, c := range calls {
		if done&(1<<i) != 0 || c.outcome == history.Fail || c.from > first {
			continue
		}
		outs := []any{c.out}
		if c.outcome == history.Info {
			outs = []any{nil, "swapped", "refused"}
		}
		for _, out := range outs {
			text, _ := out.(string)
			ok, next := kvModel.Step(state, kvInput{op: c.f, value: c.in.Value, old: c.in.Old}, kvOutput{text})
			if ok && kvBrute(calls, next.(string), done|1<<i) {
				return true
			}
		}
	}
	return false
}

func TestPorcupineDraws(t *testing.T) {
	h := kvHistory(kvCall{f: "put", from: 1, to: 2, outcome: history.Info, in: kvArgument{Value: "a"}}, kvCall{f: "get", from: 3, to: 4, outcome: history.OK, out: "b"})
	var page bytes.Buffer
	if err := kvCheck.Visualize(t.Context(), h, "k", &page); err != nil || !strings.Contains(page.String(), "<html") || !strings.Contains(page.String(), `get(`) {
		t.Errorf("%v, %d bytes", err, page.Len())
	}
	if err := kvCheck.Visualize(t.Context(), h, "other", &page); err == nil {
		t.Error("no error for a key that is not there")
	}
	page.Reset()
	p, err := NewPictures(t.Context(), h, Options{Extra: []Check{kvCheck}})
	if err == nil {
		err = p.Write(t.Context(), "k", &page)
	}
	if err != nil || page.Len() == 0 {
		t.Error(err)
	}
	broken := kvCheck
	broken.Model.Step = func(any, any, any) (bool, any) { panic("no") }
	if err := broken.Visualize(t.Context(), h, "k", &page); err == nil || !strings.Contains(err.Error(), "the model panicked in its step") {
		t.Error(err)
	}
}
