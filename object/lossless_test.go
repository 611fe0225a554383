package object_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

type hiddenField struct{ n int }

type (
	nestedSlice struct{ All []hiddenField }
	nestedMap   struct{ By map[string]*hiddenField }
	embeds      struct{ hiddenField }
	Embedded    struct{ hiddenField }
	untold      struct{ N, hidden int }
	leftOut     struct {
		N int `json:"-"`
	}
	ambiguous struct {
		shadowed
		other
	}
	other     struct{ N string }
	shadowing struct {
		shadowed
		N int
	}
	shadowed struct{ N int }
	pointers struct{ *shadowed }
	timed    struct {
		time.Time
		N int
	}
	keyed     struct{ By map[hiddenField]int }
	named     struct{ Err error }
	functions struct{ F []func() }
	complexes struct{ C complex128 }
	recursive struct {
		Next *recursive
		n    int
	}
	writesOnly struct{ n int }
)

// Values with fields that only the declarations are to see.
var _ = []any{embeds{hiddenField{}}, Embedded{hiddenField{}}, untold{0, 1}, recursive{nil, 1}, writesOnly{1}}

func (writesOnly) MarshalJSON() ([]byte, error) { return []byte(`{}`), nil }

// id is written and read by methods of its own.
type id struct{ n int }

func (i id) MarshalText() ([]byte, error) { return []byte(strconv.Itoa(i.n)), nil }
func (i *id) UnmarshalText(text []byte) (err error) {
	i.n, err = strconv.Atoi(string(text))
	return err
}

// kinds are numbers in JSON, though they have names.
type kinds int

func (k kinds) MarshalJSON() ([]byte, error) { return []byte(strconv.Itoa(int(k))), nil }

type tree struct {
	Left, Right *tree
	N           int `json:",omitempty"`
	_           int
}

// answered is a type of answers or arguments in an operation of an object. It says why the
// declaration is refused, or what becomes of the values.
type answered struct {
	what  string
	says  string // the error of the declaration; "" if the declaration is right
	check func() error
}

// answering is an object whose clients get the answer v.
func answering[R any](v R) zklab.Experiment {
	type S struct{}
	ask := object.Ask("ask", func(S, context.Context) (R, error) { return v, nil })
	return zklab.Experiment{Clients: 2, Ops: 2, MinLoad: -1, AllowUnknown: true, TimeLimit: time.Second, Seed: 1, Workload: object.Object[S]{
		Name: "answering", New: func(*subjects.Client, string) (S, error) { return S{}, nil },
		Operations: []object.Operation[S]{ask},
		Rules:      []object.Rule{object.Sequential(0, object.Runs(ask, func(n int, _ object.None) (int, R, error) { return n, v, nil }))},
	}.Workload()}
}

// declares returns the mistakes in the declaration of an operation with answers, and of one with arguments.
func declares[R any](what, says string) answered {
	return answered{what, says, func() error {
		var v R
		_, err := answering(v).Complete()
		type S struct{}
		give := object.Give("give", func(S, context.Context, R) error { return nil }, object.Any(v))
		_, other := zklab.Experiment{Workload: object.Object[S]{
			Name: "given", New: func(*subjects.Client, string) (S, error) { return S{}, nil },
			Operations: []object.Operation[S]{give},
			Rules:      []object.Rule{object.Property("none", "nothing", func(*object.Key) []object.Finding { return nil })},
		}.Workload()}.Complete()
		if (err == nil) != (other == nil) {
			return errors.Join(errors.New("answers and arguments differ"), err, other)
		}
		return err
	}}
}

// A type that would lose something in the record is refused when it is declared, and the error
// names the field; a type that is recorded without loss is accepted.
func TestLossyTypes(t *testing.T) {
	for _, tt := range []answered{
		declares[hiddenField]("unexported", "its answer.n is unexported"),
		declares[[]hiddenField]("in a slice", "its answer[].n is unexported"),
		declares[*hiddenField]("behind a pointer", "its answer.n is unexported"),
		declares[map[string]hiddenField]("in a map", "its answer[].n is unexported"),
		declares[nestedSlice]("deeper", "its answer.All[].n is unexported"),
		declares[nestedMap]("deeper, in a map", "its answer.By[].n is unexported"),
		declares[embeds]("embedded", "its answer.hiddenField.n is unexported"),
		declares[Embedded]("embedded in an exported one", "its answer.hiddenField.n is unexported"),
		declares[untold]("beside an exported one", "its answer.hidden is unexported"),
		declares[recursive]("of a type that contains itself", "its answer.n is unexported"),
		declares[writesOnly]("written, and not read", "its answer.n is unexported"),
		declares[leftOut]("left out by a tag", `its answer.N has the tag json:"-"`),
		declares[ambiguous]("two of one name", `its answer.shadowed.N and its answer.other.N are both called "N" in JSON`),
		declares[shadowing]("hidden by another", `its answer.shadowed.N and its answer.N are both called "N" in JSON`),
		declares[pointers]("embedded pointer", "its answer.shadowed is a pointer to an unexported struct"),
		declares[timed]("hidden by the method of another", "its answer.N is not recorded"),
		declares[keyed]("keys", "the keys of its answer.By are of the type object_test.hiddenField"),
		declares[named]("an interface", "its answer.Err is a error"),
		declares[functions]("functions", "its answer.F[] is a func()"),
		declares[complexes]("complex numbers", "its answer.C is a complex128"),
		declares[big.Float]("a number of its own form", ""),
		declares[struct{ By map[id]time.Time }]("keys of their own form", ""),
		declares[struct{ time.Time }]("embedded time", ""),
		declares[time.Time]("time", ""), declares[json.Number]("number", ""), declares[json.RawMessage]("raw", ""),
		declares[netip.Addr]("address", ""), declares[time.Duration]("duration", ""), declares[id]("text", ""),
		declares[*tree]("tree", ""), declares[any]("any", ""), declares[[]byte]("bytes", ""), declares[kinds]("kinds", ""),
		declares[map[int64][]string]("map", ""), declares[object.None]("none", ""), declares[struct{ tree }]("embedded struct", ""),
	} {
		err := tt.check()
		switch {
		case tt.says == "" && err != nil:
			t.Errorf("%s: %v", tt.what, err)
		case tt.says != "" && (!errors.Is(err, zklab.ErrUsage) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %v, want: %s", tt.what, err, tt.says)
		}
	}
}

// becomes simulates clients that get the answer v.
func becomes[R any](t *testing.T, what, says string, v R) {
	t.Helper()
	o, err := zklab.SimulateIn(t, answering(v))
	switch {
	case says == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case says == "" && (len(o.Result.Violated()) > 0 || o.Result.Verdicts[0].Result == checker.Violation):
		t.Errorf("%s: %+v", what, o.Result.Verdicts)
	case says != "" && (err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n")):
		t.Errorf("%s: %v, want: %s", what, err, says)
	}
}

// A value that its record would change ends the experiment with one line.
func TestLossyValues(t *testing.T) {
	becomes(t, "NaN", `the answer of operation "ask" of answering cannot be recorded: json: unsupported value: NaN`, math.NaN())
	becomes(t, "infinite", "unsupported value: +Inf", []float64{math.Inf(1)})
	becomes(t, "no text", `the text "\xff" is not UTF-8`, "\xff")
	becomes(t, "no text in a map", `the text "\xff" is not UTF-8`, map[string]int{"\xff": 1})
	becomes[any](t, "unexported in any", "object_test.hiddenField.n is unexported", hiddenField{1})
	becomes(t, "unexported in any of a struct", "object_test.hiddenField.n is unexported", struct{ V []any }{[]any{hiddenField{1}}})
	becomes[any](t, "a large number in any", "", int64(1)<<60+1)
	becomes(t, "large numbers in a map of any", "", map[string]any{"n": uint64(math.MaxUint64), "f": 0.1, "t": "x"})
	becomes[any](t, "struct in any", "", struct{ N int }{3})
	becomes(t, "now", "", time.Now())
	becomes(t, "no slice", "", []int(nil))
	becomes(t, "empty slice", "", []int{})
	becomes(t, "empty map", "", map[string]int{})
	becomes(t, "bytes", "", []byte("\xff"))
	becomes(t, "a large number", "", *big.NewInt(1).Lsh(big.NewInt(1), 100))
	becomes(t, "-0", "", math.Copysign(0, -1))
}

// Numbers that a float64 cannot tell apart are compared in full, even in an any.
func TestLargeNumbers(t *testing.T) {
	type S struct{}
	ask := object.Ask("ask", func(S, context.Context) (any, error) { return int64(1)<<53 + 1, nil })
	x := answering(0)
	x.Workload = object.Object[S]{
		Name: "large", New: func(*subjects.Client, string) (S, error) { return S{}, nil }, Operations: []object.Operation[S]{ask},
		Rules: []object.Rule{object.Sequential(0, object.Runs(ask, func(n int, _ object.None) (int, any, error) { return n, int64(1) << 53, nil }))},
	}.Workload()
	o, err := zklab.SimulateIn(t, x)
	if err != nil || len(o.Result.Violated()) != 1 {
		t.Fatalf("%v %+v", err, o)
	}
}
