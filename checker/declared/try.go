package declared

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// This file tries specifications before there is a history. It finds mistakes that do not depend on what clients do.

// mostTrying bounds the time of a trial. Only a function that does not return takes that long, and
// a search reports that.
const mostTrying = 10 * time.Second

// Try makes some calls by the rules. It returns the first mistake in how steps treat states, and where the program
// declares that step; "" if there is no such place. Outcomes and answers of the calls do not matter.
func (o *Object) Try(calls []*Call) (at string, err error) {
	tried := make(chan struct{})
	var found string
	var wrong error
	go func() {
		defer close(tried)
		for _, r := range o.rules {
			if r.try != nil && wrong == nil {
				found, wrong = r.try(calls)
			}
		}
	}()
	over := time.NewTimer(mostTrying)
	defer over.Stop()
	select {
	case <-tried:
		return found, wrong
	case <-over.C:
		return "", nil
	}
}

// rounds is how many states are tried: enough that a slice to which one item is appended each time has room for more.
const rounds = 6

func changed(operation string) string {
	return operation + " changed the state that it was given: return a new one instead"
}

// try makes the steps of all calls from one state, and continues from the largest of the other states
// that they lead to.
func (s *Spec) try(calls []*Call) (at string, err error) {
	var state any
	if !survives(func() { state = s.Begin() }) {
		return "", nil
	}
	for range rounds {
		t := &trial{Spec: s, state: state, next: state}
		t.before, _ = hashed(state)
		for _, outcome := range []Outcome{Unheard, Answered} {
			for _, c := range calls {
				as := *c
				as.Outcome = outcome
				if at, err = t.step(&as); err != nil {
					return at, err
				}
			}
		}
		if err := t.end(); err != nil {
			return s.Declared, err
		}
		state = t.next
	}
	return "", nil
}

// trial is a state from which steps are tried.
type trial struct {
	*Spec
	state  any
	before uint64 // the state's hash before the steps
	next   any
	size   int // bytes in next
	led    []led
}

// led is a state to which a step led.
type led struct {
	state any
	hash  uint64
	by    string
	at    string
}

// step makes the step of a call twice. A step that panics proves nothing: perhaps no client makes
// that call in that state.
func (t *trial) step(c *Call) (at string, err error) {
	st, ok := t.Step(c.Operation)
	if !ok {
		return "", nil
	}
	var first, again []any
	survives(func() {
		value, ok, wrong := st.Decode(c)
		if wrong != nil || !ok {
			return
		}
		first, _ = st.Next(t.state, value, c, c.Caller, c.Outcome != Unheard)
		again, _ = st.Next(t.state, value, c, c.Caller, c.Outcome != Unheard)
	})
	if err := t.same(c.Operation, first, again); err != nil {
		return st.Declared, err
	}
	for _, other := range t.led {
		if hash, _ := hashed(other.state); hash != other.hash {
			return other.at, fmt.Errorf("%s returned a state that shares memory with others, and %s changed it: return a copy, such as append(slices.Clone(state), x)", other.by, c.Operation)
		}
	}
	for _, state := range first {
		hash, size := hashed(state)
		t.led = append(t.led, led{state, hash, c.Operation, st.Declared})
		if hash != t.before && size > t.size {
			t.next, t.size = state, size
		}
	}
	return "", nil
}

// end makes the end of a session.
func (t *trial) end() error {
	if t.SessionEnds == nil {
		return nil
	}
	var first, again []any
	survives(func() {
		first = []any{t.SessionEnds(t.state, Caller{Session: 1})}
		again = []any{t.SessionEnds(t.state, Caller{Session: 1})}
	})
	return t.same("SessionEnds", first, again)
}

// same returns an error if a step that was taken twice from one state changed that state or led to
// different states.
func (t *trial) same(operation string, first, again []any) error {
	if hash, _ := hashed(t.state); hash != t.before {
		return errors.New(changed(operation))
	}
	if again == nil {
		return nil // the step led to no state, or panicked
	}
	alike := func(a, b any) bool {
		x, _ := hashed(a)
		y, _ := hashed(b)
		return x == y
	}
	switch {
	case !slices.EqualFunc(first, again, alike):
		return fmt.Errorf("%s did not do the same twice, for the same state and argument: let it depend on nothing else", operation)
	case t.equal == nil && !slices.EqualFunc(first, again, same):
		return fmt.Errorf("%s leads to a state that is not equal to itself, as functions and NaN are not: leave them out of states", operation)
	}
	return nil
}

// survives reports whether f did not panic.
func survives(f func()) (ok bool) {
	defer func() { ok = recover() == nil }()
	f()
	return true
}
