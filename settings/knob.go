package settings

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

// Knob declares one of the Settings. Its methods are safe for concurrent use.
type Knob interface {
	// Name returns the name of its flag, and of its field in an experiment file.
	Name() string
	// GoName returns the name of its field in Go.
	GoName() string
	// Group returns the group of its flag in the help.
	Group() Group
	// Usage describes it in a few words, for the help of the command line.
	Usage() string
	// Field returns a pointer to its field: *int, *float64, *time.Duration, *string or
	// *bool.
	Field(s *Settings) any
	// Problem says in a few words what is wrong with its value, as in "must be more than
	// zero"; "" if nothing is.
	Problem(s Settings) string
	// Choices returns the values from which a sweep draws; none if sweeps do not vary it.
	Choices() []any
	// Draw sets it to one of the choices, which must have its type. The seed determines the
	// choice.
	Draw(s *Settings, seed int64, choices []any)
	// Said describes its value in a few words, as in "5 clients"; "" for zero.
	Said(s Settings) string

	setUsual(s *Settings)
}

// Problem returns the first knob with a wrong value, and what is wrong with the value; nil and ""
// if all values are right.
func (s Settings) Problem() (k Knob, problem string) {
	for _, k := range Knobs {
		if problem := k.Problem(s); problem != "" {
			return k, problem
		}
	}
	return nil, ""
}

// Group is a group of flags in the help, by its headline.
type Group string

// The groups of flags that say what to run.
const (
	Load     Group = "Load"
	Faults   Group = "Faults"
	Ensemble Group = "Ensemble"
	Output   Group = "Output"
)

// Usual returns the default settings.
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
	source      uint64 // of random draws: each knob has its own, so that fixing one changes no other
	choices     []T
	said        func(T) string
}

// knob declares a knob without bounds.
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

// must adds a condition. It is checked only if the conditions before it hold.
func (k *plain[T]) must(hold func(T) bool, otherwise string) *plain[T] {
	before := k.problem
	k.problem = func(v T) string {
		if p := before(v); p != "" || hold(v) {
			return p
		}
		return otherwise
	}
	return k
}

// in declares the group of its flag; the default is Load.
func (k *plain[T]) in(g Group) *plain[T] {
	k.group = g
	return k
}

// drawn declares that sweeps draw it, from which source, and how to describe the value.
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

// numeric is a knob with bounds, which must be declared first.
type numeric[T int | float64 | time.Duration] struct{ *plain[T] }

// number declares a knob that must not be negative.
func number[T int | float64 | time.Duration](name, usage string, field func(*Settings) *T) numeric[T] {
	return numeric[T]{knob(name, usage, field)}.must(func(v T) bool { return v >= 0 }, "must not be negative")
}

// must adds a bound, as [plain.must] does.
func (k numeric[T]) must(hold func(T) bool, otherwise string) numeric[T] {
	k.plain.must(hold, otherwise)
	return k
}

// positive declares that zero is not allowed either.
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

// goName returns the Go name of a flag such as time-limit.
func goName(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
