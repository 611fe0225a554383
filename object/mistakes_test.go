package object_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

type (
	added  = *object.Op[*cell, int64, int64]
	gotten = *object.Op[*cell, object.None, int64]
)

// ruled gives an object the single rule.
func ruled(rule func(add added, get gotten) object.Rule) func(*object.Object[*cell]) {
	return func(o *object.Object[*cell]) {
		a, g := add(), get()
		o.Operations, o.Rules = []object.Operation[*cell]{a, g}, []object.Rule{rule(a, g)}
	}
}

// only gives an object nothing but some operations and one rule.
func only(rule object.Rule, operations ...object.Operation[*cell]) func(*object.Object[*cell]) {
	return func(o *object.Object[*cell]) { o.Operations, o.Rules = operations, []object.Rule{rule} }
}

// more gives an object one more operation.
func more(operation object.Operation[*cell]) func(*object.Object[*cell]) {
	return func(o *object.Object[*cell]) { o.Operations = append(o.Operations, operation) }
}

// needs replaces the needs that an object is exercised for.
func needs(all ...object.Need) func(*object.Object[*cell]) {
	return func(o *object.Object[*cell]) { o.Exercise = all }
}

func does(*cell, context.Context) error { return nil }

func nothingWrong(*object.Key) []object.Finding { return nil }

// shelf has a number that a function can change behind its back.
type shelf struct{ n int64 }

type withFunction struct {
	n int64
	f func()
}

// model is a model of porcupine that allows everything.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return &shelf{} },
		Step: func(state, _, _ any) (bool, any) { return true, &shelf{state.(*shelf).n + 1} },
	}
}

func ones(*object.Did) (input, output any) { return 1, 1 }

// whole is the line that mistakes in an object as a whole name.
const whole = "Workload: o.Workload(),"

// mistakes are declarations with one mistake: the text that reports it, a part of the line that the
// report names, and the change that makes the mistake.
var mistakes = []struct {
	says, at string
	change   func(*object.Object[*cell])
}{
	// The object itself.
	{`the name "queue" is taken by a recipe of zklab's: choose another one`, whole, func(o *object.Object[*cell]) { o.Name = "queue" }},
	{`the name "My Cell" is not made of lower-case words with hyphens`, whole, func(o *object.Object[*cell]) { o.Name = "My Cell" }},
	{`the name "" is not made of`, whole, func(o *object.Object[*cell]) { o.Name = "" }},
	{"its New is nil: give a function", whole, func(o *object.Object[*cell]) { o.New = nil }},
	{"its New is nil: give a function", whole, func(o *object.Object[*cell]) { o.New = object.OnConn[*cell](nil) }},
	{"there is no rule, so nothing can be decided: add one", whole, func(o *object.Object[*cell]) { o.Rules = nil }},
	{"rule 2 is nil", whole, func(o *object.Object[*cell]) { o.Rules = append(o.Rules, nil) }},
	{"rule 2 is nil", whole, func(o *object.Object[*cell]) { o.Rules = append(o.Rules, (*object.Spec[int])(nil)) }},
	{"no operation has a weight, so clients would call nothing: give one a weight", whole, func(o *object.Object[*cell]) { o.Operations = nil }},
	{"operation 3 is nil", whole, more(nil)},
	{"operation 3 is nil", whole, more(added(nil))},
	{"no operation has a weight", whole, func(o *object.Object[*cell]) {
		o.Operations = []object.Operation[*cell]{add().Weight(0), get().Weight(0)}
	}},
	{`the need "grants" of Exercise has no What, or nothing that counts it`, whole, needs(object.Got(get(), 3, "grants", nil))},
	{`the need "" of Exercise has no What`, whole, needs(object.Need{})},
	{`of Exercise has no What, or nothing that counts it`, whole, needs(object.Answered(gotten(nil), 1))},
	{`of Exercise is about operation "other", which is none of the operations`, whole, needs(object.Answered(object.Ask("other", (*cell).Get), 3))},

	// Operations.
	{`two operations are called "add": rename one`, "object.Call", more(add())},
	{`an operation is called "": give it a name of one word`, "object.Do", more(object.Do("", does))},
	{`an operation is called "a b\nc": give it a name of one word`, "object.Do", more(object.Do("a b\nc", does))},
	{`operation "get" has the weight -1: expected 0 to 1000000`, "object.Ask", func(o *object.Object[*cell]) { o.Operations[1] = get().Weight(-1) }},
	{`operation "get" has the weight 9223372036854775807: expected 0 to 1000000`, "object.Ask", func(o *object.Object[*cell]) { o.Operations[1] = get().Weight(math.MaxInt) }},
	{`operation "get" has no function that calls it`, "object.Ask", more(object.Ask[*cell, int64]("get", nil))},
	{`operation "put" has no function that calls it`, "object.Give", more(object.Give[*cell]("put", nil, object.Unique))},
	{`operation "put" has nothing to draw its argument from`, "object.Call", more(object.Call("put", (*cell).Add, nil))},
	{`operation "put" has nothing to draw its argument from`, "object.Call", more(object.Call("put", (*cell).Add, object.Any[int64]()))},
	{`operation "put" refuses with an error that is nil or has the text of another one`, "object.Do", more(object.Do("put", does).Refuses(errFull, errFull))},
	{`operation "get" is both Plain and Cached: leave Plain out, unless it reads ZooKeeper itself`, "object.Ask", func(o *object.Object[*cell]) {
		o.Operations[1] = get().Plain().Cached()
	}},
	{`operation "send": its argument is a chan int, which cannot be written as JSON`, "object.Give", more(
		object.Give("send", func(*cell, context.Context, chan int) error { return nil }, func(*object.Draw) chan int { return nil }),
	)},
	{`operation "hide": its answer.n is unexported, so it is not recorded and would not be compared: export it`, "object.Ask", more(
		object.Ask("hide", func(*cell, context.Context) (shelf, error) { return shelf{}, nil }),
	)},

	// Rules and their operations.
	{`no rule says anything of operation "get": name it in one, or leave it out`, "object.Ask", ruled(func(a added, _ gotten) object.Rule { return object.Distinct(a) })},
	{`two rules are called "sequential": rename one`, "object.Sequential", func(o *object.Object[*cell]) { o.Rules = append(o.Rules, o.Rules[0]) }},
	{`a rule is called "no-panic", as a property that every object has`, "object.Property", func(o *object.Object[*cell]) {
		o.Rules = append(o.Rules, object.Property("no-panic", "nothing", nothingWrong))
	}},
	{`a property is called "": give it a name`, "object.Property", only(object.Property("", "", nothingWrong), get())},
	{`a property is called "a b": give it a name of one word`, "object.Property", only(object.Property("a b", "", nothingWrong), get())},
	{`the property "p" has no function`, "object.Property", only(object.Property("p", "", nil), get())},
	{`Distinct compares the answers of operation "do", but it has none`, "object.Distinct", only(object.Distinct(object.Do("do", does)), object.Do("do", does))},
	{"an operation of Distinct is nil", "object.Distinct", only(object.Distinct(gotten(nil)), get())},
	{`Rising is about operation "other", which is none of the operations of the object: add it to Operations`, "object.Rising", only(object.Rising(object.Ask("other", (*cell).Get)), get())},
	{`Rising is about the operation get(int64) int64, but the object has get() int64: declare it once`, "object.Rising", only(object.Rising(object.Call("get", (*cell).Add, object.Unique)), get())},
	{`operation "do" puts its argument in, but has none: draw it with Unique`, "object.Queue", only(object.Queue(object.Do("do", does), object.Do("undo", does)), object.Do("do", does), object.Do("undo", does))},
	{`operation "undo" answers object.None, but "add" puts int64 in: expected the same type`, "object.Queue", only(object.Queue(add(), object.Do("undo", does)), add(), object.Do("undo", does))},
	{"an operation of Queue is nil", "object.Queue", only(object.Queue(add(), gotten(nil)), add())},
	{`Owned is about the answers of operation "do", but it has none`, "object.Owned", only(object.Owned(object.Do("do", does)), object.Do("do", does))},
	{"the function of Fenced is nil", "object.Fenced", only(object.Fenced(add(), nil), add())},
	{`Fenced is about the tokens in the argument of operation "get", but it has none`, "object.Fenced", only(object.Fenced(get(), func(object.None) int64 { return 0 }), get())},
	{"an operation of Owned is nil", "object.Owned", only(object.Owned(gotten(nil)), get())},
	{"the operation of Until is nil", "object.Owned", only(object.Owned(get()).Until(gotten(nil)), get())},
	{`operation "get" both claims and gives back: name two operations`, "object.Owned", only(object.Owned(get()).Until(get()), get())},
	{`Until is about operation "undo", which is none of the operations`, "object.Owned", only(object.Owned(get()).Until(object.Do("undo", does)), get())},
	{`operation "free" gives string back, but "get" answers int64: expected the same type, or no argument`, "object.Owned", func() func(*object.Object[*cell]) {
		free := object.Give("free", func(*cell, context.Context, string) error { return nil }, object.Any("a"))
		return only(object.Owned(get()).Until(free), get(), free)
	}()},
	{`Exclusive is about operation "undo", which is none of the operations`, "object.Exclusive", only(object.Exclusive(get(), object.Do("undo", does)), get())},
	{`operation "get" both begins and ends an exclusive hold`, "object.Exclusive", only(object.Exclusive(get(), get()), get())},
	{`Confirm is about operation "asks", which is none of the operations`, "object.Exclusive", only(object.Exclusive(get(), add()).Confirm(
		object.Ask("asks", func(*cell, context.Context) (bool, error) { return false, nil })), get(), add())},
	{"the operation of Confirm is nil", "object.Exclusive", only(object.Exclusive(get(), add()).Confirm(nil), get(), add())},
	{"AtMost(0) lets no client hold: expected 1 or more", "object.Exclusive", only(object.Exclusive(get(), add()).AtMost(0), get(), add())},
	{"Exclusive has AtMost(2), and Nested or Token: leave one out", "object.Exclusive", only(object.Exclusive(get(), add()).AtMost(2).Nested(), get(), add())},
	{"the function of Token is nil", "object.Exclusive", only(object.Exclusive(get(), add()).Token(nil), get(), add())},

	// Specifications.
	{`the specification "sequential" says nothing of get: add a step for each, such as Ignores`, "object.Sequential", ruled(func(a added, _ gotten) object.Rule {
		return object.Sequential(int64(0), object.Runs(a, sum))
	})},
	{`the specification "sequential" has two steps for operation "add"`, "object.Ignores", ruled(func(a added, _ gotten) object.Rule {
		return object.Sequential(int64(0),
			object.Runs(a, sum),
			object.Ignores[int64](a))
	})},
	{`the step for "get" of the specification "sequential" has no function`, "object.Allows", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(int64(0),
			object.Runs(a, sum),
			object.Allows(g, nil, object.Same[int64, object.None]))
	})},
	{`an operation of a step of the specification "sequential" is nil`, "object.Runs", ruled(func(added, gotten) object.Rule { return object.Sequential(int64(0), object.Runs(added(nil), sum)) })},
	{`a specification is called "one order": give it a name of one word`, "object.Sequential", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(int64(0), object.Runs(a, sum), object.Runs(g, same)).Named("one order", "there is one")
	})},
	{`SessionEnds of the specification "sequential" has no function`, "object.Sequential", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(int64(0), object.Runs(a, sum), object.Runs(g, same)).SessionEnds(nil)
	})},
	{`the initial state of the specification "sequential" has the zero Caller, which is client 0: write object.Nobody`, "object.Sequential", ruled(func(a added, g gotten) object.Rule {
		type held struct{ by []object.Caller }
		return object.Sequential(held{make([]object.Caller, 2)}, object.Ignores[held](a), object.Ignores[held](g))
	})},
	{"add changed the state that it was given: return a new one instead", "object.Runs(a", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(map[string]int64{},
			object.Runs(a, func(s map[string]int64, n int64) (map[string]int64, int64, error) {
				s["sum"] += n
				return s, s["sum"], nil
			}),
			object.Runs(g, func(s map[string]int64, _ object.None) (map[string]int64, int64, error) { return s, s["sum"], nil }))
	})},
	{"add changed the state that it was given: return a new one instead", "object.Allows(a", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential([]int64{0},
			object.Allows(a, func(s []int64, n, _ int64) ([]int64, error) { s[0] += n; return s, nil }, object.Same[[]int64, int64]),
			object.Ignores[[]int64](g))
	})},
	{"get changed the state that it was given: return a new one instead", "object.Runs(g", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential([]int64{0}, // this step shows its mistake only once there is a number
			object.Runs(a, func(s []int64, n int64) ([]int64, int64, error) { return []int64{s[0] + n}, s[0] + n, nil }),
			object.Runs(g, func(s []int64, _ object.None) ([]int64, int64, error) { n := s[0]; s[0] = 0; return s, n, nil }))
	})},
	{"SessionEnds changed the state that it was given: return a new one instead", "object.Sequential", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(&shelf{},
			object.Runs(a, func(s *shelf, n int64) (*shelf, int64, error) { return &shelf{s.n + n}, s.n + n, nil }),
			object.Runs(g, func(s *shelf, _ object.None) (*shelf, int64, error) { return s, s.n, nil }),
		).SessionEnds(func(s *shelf, _ object.Caller) *shelf { s.n = 0; return s })
	})},
	{"add returned a state that shares memory with others, and add changed it: return a copy", "object.Runs(a", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential([]int64(nil),
			object.Runs(a, func(s []int64, n int64) ([]int64, int64, error) { return append(s, n), int64(len(s)), nil }),
			object.Runs(g, func(s []int64, _ object.None) ([]int64, int64, error) { return s, int64(len(s)), nil }))
	})},
	{"add did not do the same twice, for the same state and argument: let it depend on nothing else", "object.Runs(a", ruled(func(a added, g gotten) object.Rule {
		var total int64
		return object.Sequential(int64(0),
			object.Runs(a, func(_, n int64) (int64, int64, error) { total += n; return total, total, nil }),
			object.Runs(g, same))
	})},
	{"add leads to a state that is not equal to itself, as functions and NaN are not: leave them out of states", "object.Runs(a", ruled(func(a added, g gotten) object.Rule {
		return object.Sequential(withFunction{},
			object.Runs(a, func(s withFunction, n int64) (withFunction, int64, error) {
				return withFunction{s.n + n, func() {}}, s.n + n, nil
			}),
			object.Runs(g, func(s withFunction, _ object.None) (withFunction, int64, error) { return s, s.n, nil }))
	})},

	// Models of porcupine.
	{"the rule Porcupine: the model has no Init", "object.Porcupine", only(object.Porcupine(porcupine.Model{}, ones), get())},
	{"the rule Porcupine: there is no function for the values of the model", "object.Porcupine", only(object.Porcupine(model(), nil), get())},
	{"the rule Porcupine: the model's Init panicked: odd, at mistakes_test.go:", "object.Porcupine", ruled(func(added, gotten) object.Rule {
		m := model()
		m.Init = func() any { panic("odd") }
		return object.Porcupine(m, ones)
	})},
	{"the rule Porcupine: the model's Equal panicked: odd, at mistakes_test.go:", "object.Porcupine", ruled(func(added, gotten) object.Rule {
		m := model()
		m.Equal = func(any, any) bool { panic("odd") }
		return object.Porcupine(m, ones)
	})},
	{"add changed the state that it was given: return a new one instead", "object.Porcupine", ruled(func(added, gotten) object.Rule {
		m := model()
		m.Step = func(state, _, _ any) (bool, any) { state.(*shelf).n++; return true, state }
		return object.Porcupine(m, ones)
	})},
}

// mistaken is an experiment with an object that is declared wrongly.
func mistaken(change func(*object.Object[*cell])) zklab.Experiment {
	o := cells(false)
	change(&o)
	return zklab.Experiment{
		Workload: o.Workload(),
	}
}

// place matches the reported place of a mistake.
var place = regexp.MustCompile(`([a-z]+_test\.go):(\d+): object "`)

// stands returns the line in the tests' sources that a text names as the place of a mistake.
func stands(text string) string {
	at := place.FindStringSubmatch(text)
	if at == nil {
		return ""
	}
	source, err := os.ReadFile(at[1])
	number, wrong := strconv.Atoi(at[2])
	lines := strings.Split(string(source), "\n")
	if err != nil || wrong != nil || number > len(lines) {
		return ""
	}
	return lines[number-1]
}

// A declaration with a mistake runs nothing. One line says what is wrong, and where.
func TestMistakes(t *testing.T) {
	for _, m := range mistakes {
		_, err := mistaken(m.change).Complete()
		if !errors.Is(err, zklab.ErrUsage) || !strings.Contains(err.Error(), m.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want: %s", err, m.says)
		} else if at := stands(err.Error()); !strings.Contains(at, m.at) {
			t.Errorf("%v, in the line %q, want one with %s", err, at, m.at)
		}
	}
	if _, err := mistaken(func(*object.Object[*cell]) {}).Complete(); err != nil {
		t.Errorf("no mistake: %v", err)
	}
}

// frontDoors are all functions that run an experiment for a test.
var frontDoors = map[string]func(*testing.T, zklab.Experiment){
	"Simulate": zklab.Simulate,
	"Sweep":    func(t *testing.T, x zklab.Experiment) { zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 2}) },
	"Explore":  zklab.Explore,
	"Test":     func(t *testing.T, x zklab.Experiment) { zklab.Test(t, x) },
	"SimulateIn": func(t *testing.T, x zklab.Experiment) {
		if _, err := zklab.SimulateIn(t, x); err != nil {
			t.Fatal(err)
		}
	},
}

const plantedMistakes = "ZKLAB_TEST_MISTAKES"

// Each front door reports the same line, fails the test that calls it, and begins
// nothing.
func TestMistakesAtFrontDoors(t *testing.T) {
	const each = 9 // how many mistakes each door gets
	if os.Getenv(plantedMistakes) != "" {
		for i := 0; i < len(mistakes); i += each {
			for name, door := range frontDoors {
				t.Run(fmt.Sprintf("%d-%s", i, name), func(t *testing.T) { door(t, mistaken(mistakes[i].change)) })
			}
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMistakesAtFrontDoors$")
	cmd.Env = append(os.Environ(), plantedMistakes+"=1")
	output, _ := cmd.CombinedOutput()
	text := string(output)
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "panic: ") {
		t.Fatalf("it panicked:\n%s", text)
	}
	for i := 0; i < len(mistakes); i += each {
		m := mistakes[i]
		for name := range frontDoors {
			if !strings.Contains(text, fmt.Sprintf("--- FAIL: TestMistakesAtFrontDoors/%d-%s (", i, name)) {
				t.Errorf("%s passes: %s", name, m.says)
			}
		}
		if told := strings.Count(text, m.says); told != len(frontDoors) {
			t.Errorf("%d of %d front doors say: %s", told, len(frontDoors), m.says)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A mistake that only a run shows is also reported with its place.
func TestMistakesInRuns(t *testing.T) {
	for says, change := range map[string]func(*object.Object[*cell]){
		`: the argument of operation "put" of cell cannot be drawn: its function panicked: odd, at mistakes_test.go:`: func(o *object.Object[*cell]) {
			o.Operations[0] = object.Call("put", (*cell).Add, func(*object.Draw) int64 { panic("odd") })
			o.Rules = []object.Rule{object.Property("none", "nothing", nothingWrong)}
		},
		`: the answer of operation "put" of cell cannot be recorded: json: unsupported value: NaN`: func(o *object.Object[*cell]) {
			nan := object.Ask("put", func(*cell, context.Context) (float64, error) { return math.NaN(), nil })
			o.Operations, o.Rules = []object.Operation[*cell]{nan}, []object.Rule{object.Distinct(nan)}
		},
		"make the subject of client 0 for k1: the constructor returned nil, without an error": func(o *object.Object[*cell]) {
			o.New = func(*subjects.Client, string) (*cell, error) { return nil, nil }
		},
	} {
		x := mistaken(change)
		x.Seed, x.TimeLimit = 1, time.Second
		_, err := zklab.SimulateIn(t, x)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") || says[0] == ':' && !strings.Contains(err.Error(), "mistakes_test.go:") {
			t.Errorf("%v, want: %s", err, says)
		}
	}
}
