package object

import (
	"fmt"
	"iter"

	"github.com/zklab/zklab/checker/declared"
)

// Key lists what clients did to one object. Its fields are Name and Calls (of type []*Did, in the order in which they began);
// Of(operation) yields the calls of one operation; SessionEnd(call) and ProcessEnd(call) return when the session or the process
// that made a call ended. It is safe for concurrent use, and must not be changed.
type Key = declared.Key

// Did is a call of a client. Besides those of [Caller], its fields are Operation and Key (strings),
// Began and Ended (times since the run began; history.Never if it never returned), Outcome, Argument
// and Answer (JSON; nil if there is none), Refusal (the text of the declared error) and InFault
// (whether a fault was in force during the call). Effective returns the latest time at which it can
// have taken effect.
type Did = declared.Call

// The outcomes of calls ([Did]).
const (
	IsAnswered = declared.Answered
	IsRefused  = declared.Refused
	IsUnheard  = declared.Unheard
)

// Finding is what a [Property] found wrong with an object, or could not decide. Its fields are Why (a
// sentence), Show (the calls that show it, of type []*Did) and Undecided (too little is known to
// decide: no violation).
type Finding = declared.Finding

// Property is the rule that f finds nothing wrong with any object. meaning says in a sentence what that
// means. f gets one object at a time, and several at the same time; it must not keep or change what it gets.
// A finding is a violation, unless it is Undecided.
func Property(name, meaning string, f func(*Key) []Finding) Rule {
	return property{here(), name, meaning, f}
}

type property struct {
	place
	name, meaning string
	f             func(*Key) []Finding
}

func (p property) rules(operations []*operation) ([]declared.Rule, error) {
	switch {
	case !oneWord(p.name):
		return nil, fmt.Errorf("a property is called %q: give it a name of one word", p.name)
	case p.f == nil:
		return nil, fmt.Errorf("the property %q has no function", p.name)
	}
	for _, o := range operations {
		o.ruled = true // it can look at all of them
	}
	return []declared.Rule{declared.Property(p.name, p.meaning, p.f)}, nil
}

// Answer is an argument with its answer.
type Answer[A, R any] struct {
	Arg A
	Got R
}

// Of yields the answered calls of an operation, with their argument and answer.
func Of[S, A, R any](k *Key, o *Op[S, A, R]) iter.Seq2[*Did, Answer[A, R]] {
	return func(yield func(*Did, Answer[A, R]) bool) {
		for c := range k.Of(o.name) {
			if c.Outcome != declared.Answered {
				continue
			}
			var v values[A, R]
			if v.read(c.Argument, c.Answer) == nil && !yield(c, Answer[A, R]{v.argument, v.answer}) {
				return
			}
		}
	}
}

// Values returns the argument and the answer of a call of an operation. It returns false if they cannot be read;
// without an answer, Got is zero.
func Values[S, A, R any](d *Did, _ *Op[S, A, R]) (Answer[A, R], bool) {
	var v values[A, R]
	ok := v.read(d.Argument, d.Answer) == nil
	return Answer[A, R]{v.argument, v.answer}, ok
}
