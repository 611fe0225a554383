package object

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/internal/base/printable"
)

// Caller is the client that made a call, for specifications that depend on it. Its fields are Client
// (an int, from 0) and Session (an int64, the ZooKeeper session of the call; 0 if it is not known).
type Caller = declared.Caller

// Step is the part of a [Spec] for one operation. The states are of type St.
type Step[St any] struct {
	place
	of      *operation
	ignored bool
	next    func(state, value any, c *declared.Call, who Caller, heard bool) ([]any, error)
}

// Runs declares what an operation does: f maps a state and an argument to the next state and the
// answer, as the method itself would. zklab compares the answer with the one that the client got. For a
// call without an answer f is run as well, and nothing is compared. An error is a refusal
// ([Op.Refuses]); it changes nothing.
//
// f must not change the state that it is given, and must return the same for the same state and argument.
func Runs[S, A, R, St any](o *Op[S, A, R], f func(state St, argument A) (St, R, error)) Step[St] {
	if f == nil {
		return Step[St]{place: here(), of: operationOf(o)}
	}
	return RunsBy(o, func(state St, _ Caller, argument A) (St, R, error) { return f(state, argument) })
}

// RunsBy is like [Runs], for an operation whose effect depends on the caller.
func RunsBy[S, A, R, St any](o *Op[S, A, R], f func(state St, who Caller, argument A) (St, R, error)) Step[St] {
	if f == nil || o == nil {
		return Step[St]{place: here(), of: operationOf(o)}
	}
	at := here()
	return Step[St]{place: at, of: &o.operation, next: func(state, value any, c *declared.Call, who Caller, heard bool) ([]any, error) {
		v := value.(*values[A, R])
		before, _ := state.(St)
		after, want, err := f(before, who, v.argument)
		due := ""
		if err != nil {
			refused := o.refusal(err)
			if refused == nil {
				declared.Mistake("%s%s returned the error %q, which is none of those that the operation Refuses", at, o.name, err)
			}
			after, due = before, refused.Error()
		}
		switch {
		case c.Outcome == declared.Unheard || !heard && c.Outcome == declared.Answered:
			return []any{after}, nil
		case c.Outcome == declared.Refused && due != c.Refusal, c.Outcome == declared.Answered && due != "":
			return nil, &unfit{&o.operation, c, v.raw, o.written(&want, due), due}
		case c.Outcome == declared.Answered && !reflect.DeepEqual(v.answer, want):
			// Answers are compared in the form in which they are recorded.
			if right := o.written(&want, due); string(right) != string(v.raw) {
				return nil, &unfit{&o.operation, c, v.raw, right, due}
			}
		}
		return []any{after}, nil
	}}
}

// unfit is the reason why a call cannot follow a state. A search meets it at most of the orders that it tries, and
// shows one, so its text is made when it is shown.
type unfit struct {
	of         *operation
	call       *declared.Call
	got, right json.RawMessage // answers; right is nil if due is set
	due        string          // the refusal that is right; "" if none is
}

func (u *unfit) Error() string {
	did := u.of.answered(u.got)
	if u.call.Outcome == declared.Refused {
		did = fmt.Sprintf("was refused (%s)", u.call.Refusal)
	}
	return fmt.Sprintf("%s %s, but %s", u.of.name, did, u.expected())
}

// expected describes the right outcome.
func (u *unfit) expected() string {
	switch {
	case u.due != "":
		return fmt.Sprintf("only a refusal (%s) is right then", u.due)
	case u.of.answer == reflect.TypeFor[None]():
		return "it should have been done"
	}
	return "only " + u.of.shown(u.right) + " is right then"
}

// written returns the right answer, to which want points, as it would be recorded; nil if a refusal is right.
func (o *operation) written(want any, due string) json.RawMessage {
	if due != "" {
		return nil
	}
	raw, err := json.Marshal(want)
	if err != nil {
		declared.Mistake("the answer of %s cannot be written as JSON: %v", o.name, err)
	}
	return raw
}

func (o *operation) answered(raw json.RawMessage) string {
	if o.answer == reflect.TypeFor[None]() {
		return "was done"
	}
	return "answered " + o.shown(raw)
}

// shown returns an answer in words, or as JSON if it has none.
func (o *operation) shown(raw json.RawMessage) string {
	if text := o.text(raw, false); text != "" {
		return printable.Text(text, mostValue)
	}
	return printable.Text(string(raw), mostValue)
}

// refusal returns the declared error that err is, or nil.
func (o *operation) refusal(err error) error {
	for _, declared := range o.refusals {
		if errors.Is(err, declared) {
			return declared
		}
	}
	return nil
}

// Allows decides which answers of an operation are right, if the state does not determine the answer: f
// returns the next state, or an error that says why the answer is impossible. unheard returns all
// states to which a call without an answer can lead; [Same] is for an operation whose calls leave no
// trace in that case. Refusals are not compared.
//
// Both functions must not change the state that they are given.
func Allows[S, A, R, St any](o *Op[S, A, R], f func(state St, argument A, answer R) (St, error), unheard func(state St, argument A) []St) Step[St] {
	if f == nil || unheard == nil {
		return Step[St]{place: here(), of: operationOf(o)}
	}
	return AllowsBy(o, func(state St, _ Caller, argument A, answer R) (St, error) { return f(state, argument, answer) },
		func(state St, _ Caller, argument A) []St { return unheard(state, argument) })
}

// AllowsBy is like [Allows], for an operation whose right answers, or effect, depend on the caller.
func AllowsBy[S, A, R, St any](o *Op[S, A, R], f func(state St, who Caller, argument A, answer R) (St, error), unheard func(state St, who Caller, argument A) []St) Step[St] {
	if f == nil || unheard == nil || o == nil {
		return Step[St]{place: here(), of: operationOf(o)}
	}
	return Step[St]{place: here(), of: &o.operation, next: func(state, value any, c *declared.Call, who Caller, heard bool) ([]any, error) {
		v := value.(*values[A, R])
		before, _ := state.(St)
		switch {
		case c.Outcome == declared.Refused:
			return []any{before}, nil
		case c.Outcome == declared.Unheard || !heard:
			var all []any
			for _, s := range unheard(before, who, v.argument) {
				all = append(all, s)
			}
			return all, nil
		}
		after, err := f(before, who, v.argument, v.answer)
		if err != nil {
			return nil, err
		}
		return []any{after}, nil
	}}
}

// Same is for [Allows]: a call without an answer changes nothing that a later answer could show.
func Same[St, A any](state St, _ A) []St { return []St{state} }

// Ignores declares that a specification leaves an operation out.
func Ignores[St, S, A, R any](o *Op[S, A, R]) Step[St] {
	return Step[St]{place: here(), of: operationOf(o), ignored: true}
}

// Spec is a sequential specification with states of type St.
type Spec[St any] struct {
	place
	name, meaning string
	initial       St
	steps         []Step[St]
	ends          func(St, Caller) St
	noEnds        bool // SessionEnds got no function
}

// Sequential is the rule that one order of the calls of an object explains all answers: each call took effect
// at one moment between its beginning and its end, as the steps say, and the object began in the state
// initial. Each operation needs a step. States are compared by [reflect.DeepEqual], so two equal ones must
// mean the same.
//
// The rule is called "sequential". Objects are decided one by one, by porcupine, with bounds of time and
// memory. Past them the verdict is unknown: use fewer clients, more keys or a shorter load.
func Sequential[St any](initial St, steps ...Step[St]) *Spec[St] {
	return &Spec[St]{
		place: here(), name: "sequential", meaning: "one order of the calls explains every answer, and each call took effect between its beginning and its end",
		initial: initial, steps: steps,
	}
}

// Named gives the rule another name; meaning is the sentence that says what it promises.
func (s *Spec[St]) Named(name, meaning string) *Spec[St] {
	s.name, s.meaning = name, meaning
	return s
}

// SessionEnds declares what the end of a client's session does to the state: its lease becomes free, or
// it is no longer a member. zklab knows from the transaction log and the links when a session ended. A
// call that changes something takes effect before the end of the session in which it was made. f must
// not change the state that it is given.
func (s *Spec[St]) SessionEnds(f func(state St, who Caller) St) *Spec[St] {
	s.ends, s.noEnds = f, f == nil
	return s
}

func (s *Spec[St]) rules(operations []*operation) ([]declared.Rule, error) {
	switch {
	case !oneWord(s.name):
		return nil, fmt.Errorf("a specification is called %q: give it a name of one word", s.name)
	case s.noEnds:
		return nil, fmt.Errorf("SessionEnds of the specification %q has no function", s.name)
	case hasZeroCaller(reflect.ValueOf(s.initial), 0):
		return nil, fmt.Errorf("the initial state of the specification %q has the zero Caller, which is client 0: write object.Nobody where there is no caller", s.name)
	}
	steps := map[string]declared.Step{}
	spec := &declared.Spec{
		Name: s.name, Meaning: s.meaning, Declared: string(s.place), Begin: func() any { return s.initial },
		Step: func(operation string) (declared.Step, bool) { st, ok := steps[operation]; return st, ok },
	}
	if s.ends != nil {
		spec.SessionEnds = func(state any, who Caller) any {
			before, _ := state.(St)
			return s.ends(before, who)
		}
	}
	left := map[string]bool{}
	for _, o := range operations {
		left[o.name] = true
	}
	rule := fmt.Sprintf("a step of the specification %q", s.name)
	for _, st := range s.steps {
		o, err := named(operations, st.of, rule)
		switch {
		case err != nil:
			return nil, st.wrong(err)
		case st.next == nil && !st.ignored:
			return nil, st.wrong(fmt.Errorf("the step for %q of the specification %q has no function", o.name, s.name))
		case !left[o.name]:
			return nil, st.wrong(fmt.Errorf("the specification %q has two steps for operation %q", s.name, o.name))
		}
		delete(left, o.name)
		if !st.ignored {
			steps[o.name] = declared.Step{Declared: string(st.place), Reads: o.reads, Plain: o.plain, Cached: o.load.Cached, Decode: o.prepare, Text: o.text, Next: st.next}
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("the specification %q says nothing of %s: add a step for each, such as Ignores", s.name, strings.Join(slices.Sorted(maps.Keys(left)), ", "))
	}
	return []declared.Rule{declared.Sequential(spec)}, nil
}

// prepare decodes a call.
func (o *operation) prepare(c *declared.Call) (value any, ok bool, err error) {
	value, err = o.decode(c.Argument, c.Answer)
	return value, true, err
}
