package settings

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

// Knob is what is declared of one of the Settings. Its methods may be called at once.
type Knob interface {
	// Name is that of its flag, and of its field in an experiment file.
	Name() string
	// GoName is the name of its field in Go.
	GoName() string
	// Group is that of its flag in the help.
	Group() Group
	// Usage says in a few words what it is, for the help of the command line.
	Usage() string
	// Field is a pointer to its field: *int, *float64, *time.Duration, *string or *bool.
	Field(s *Settings) any
	// Problem says in a few words what is wrong with its value, as in "must be more than zero"; ""
	// for nothing.
	Problem(s Settings) string
	// Choices are those that a sweep has; none where a sweep leaves it alone.
	Choices() []any
	// Draw sets it to one of the choices, of its type, which follows from the seed.
	Draw(s *Settings, seed int64, choices []any)
	// Said is its value in a few words, as in "5 clients"; "" for zero.
	Said(s Settings) string

	setUsual(s *Settings)
}

// Group is flags that stand together in the help, under this headline.
type Group string

// The groups of flags that say what is run.
const (
	Load     Group = "Load"
	Faults   Group = "Faults"
	Ensemble Group = "Ensemble"
	Output   Group = "Output"
)

// Usual are the settings of an experiment that says nothing.
func Usual() (s Settings) {
	for _, k := range Knobs {
		k.setUsual(&s)
	}
	return s
}

// plain is a knob of any type.
type plain[T comparable] struct {
	name, usage string
	group       Group
	field       func(*Settings) *T
	problem     func(T) string
	limit       string // in the help
	usual       T
	source      uint64 // of draws: each has one of its own, so that to fix one moves no other
	choices     []T
	said        func(T) string
}

// knob declares one without bounds.
func knob[T comparable](name, usage string, field func(*Settings) *T) *plain[T] {
	return &plain[T]{name: name, usage: usage, group: Load, field: field, problem: func(T) string { return "" }}
}

func (k *plain[T]) Name() string          { return k.name }
func (k *plain[T]) GoName() string        { return goName(k.name) }
func (k *plain[T]) Group() Group          { return k.group }
func (k *plain[T]) Usage() string         { return k.usage + k.limit }
func (k *plain[T]) Field(s *Settings) any { return k.field(s) }

func (k *plain[T]) Problem(s Settings) string { return k.problem(*k.field(&s)) }

func (k *plain[T]) setUsual(s *Settings) { *k.field(s) = k.usual }

func (k *plain[T]) Choices() (all []any) {
	for _, c := range k.choices {
		all = append(all, c)
	}
	return all
}

func (k *plain[T]) Draw(s *Settings, seed int64, choices []any) {
	if n := len(choices); n > 0 {
		*k.field(s) = choices[rand.New(rand.NewPCG(uint64(seed), k.source)).IntN(n)].(T)
	}
}

func (k *plain[T]) Said(s Settings) string {
	var zero T
	if value := *k.field(&s); k.said != nil && value != zero {
		return k.said(value)
	}
	return ""
}

// usually declares the default.
func (k *plain[T]) usually(value T) *plain[T] {
	k.usual = value
	return k
}

// in declares the group of its flag: Load if nothing is declared.
func (k *plain[T]) in(g Group) *plain[T] {
	k.group = g
	return k
}

// drawn declares that sweeps draw it, from what source, and how it is said what was drawn.
func (k *plain[T]) drawn(source uint64, said func(T) string, choices ...T) *plain[T] {
	k.source, k.said, k.choices = source, said, choices
	return k
}

func counted(one string) func(int) string {
	return func(n int) string { return prose.Count(n, one) }
}

func printed[T any](format string) func(T) string {
	return func(value T) string { return fmt.Sprintf(format, value) }
}

// numeric is a knob with bounds: declare these first.
type numeric[T int | float64 | time.Duration] struct{ *plain[T] }

// number declares one that must not be negative.
func number[T int | float64 | time.Duration](name, usage string, field func(*Settings) *T) numeric[T] {
	return numeric[T]{knob(name, usage, field)}.must(func(v T) bool { return v >= 0 }, "must not be negative")
}

// must adds a bound, which is told if those before it hold.
func (k numeric[T]) must(hold func(T) bool, otherwise string) numeric[T] {
	before := k.problem
	k.problem = func(v T) string {
		if p := before(v); p != "" || hold(v) {
			return p
		}
		return otherwise
	}
	return k
}

// positive declares that zero is no value, either.
func (k numeric[T]) positive() numeric[T] {
	k.problem = func(T) string { return "" }
	return k.must(func(v T) bool { return v > 0 }, "must be more than zero")
}

func (k numeric[T]) least(least T) numeric[T] {
	return k.must(func(v T) bool { return v >= least }, fmt.Sprintf("must be %v or more", least))
}

func (k numeric[T]) most(most T) numeric[T] {
	text, less := fmt.Sprint(most), "less"
	switch m := any(most).(type) {
	case int:
		less = "fewer"
		k.limit = " (at most " + text + ")"
	case float64:
		text = strconv.FormatFloat(m, 'f', -1, 64)
		k.limit = " (at most " + text + ")"
	}
	return k.must(func(v T) bool { return v <= most }, fmt.Sprintf("must be %s or %s", text, less))
}
