package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Property is one promise of a model, decided key by key.
type Property struct {
	Name string
	// Meaning is what a valid means, for people: in a sentence.
	Meaning string
	Decider string // names the procedure
	// Evidence is what the answer rests on, in the letters of a verdict. nil: it is
	// not said.
	Evidence func(*evidence.Record) string
	Measured bool // it does not count unless a run is strict
	// Liveness says that it promises that something happens in the end, and not that something
	// never does.
	Liveness bool
	// Applies says whether the property is there at all: fencing is not for a
	// subject that gives no tokens. nil: always.
	Applies func(*evidence.Record) bool
	// Wants says of a property that is not there what more a subject could offer to have it
	// checked, for people: "the lock gives no token (Fence)". nil, or "": nothing.
	Wants func(*evidence.Record) string
	// Stands says that a violation stands by itself: neither clients that went around
	// their links nor lost lines of the record explain it.
	Stands bool
	// Logged says that, where it does not apply, the transactions would show it.
	Logged bool
	// Decide decides one key. It is called for several keys at the same time, and ends
	// soon after the context does.
	Decide func(context.Context, *evidence.Key) Finding
	// Whole decides what belongs to no key. nil: nothing does.
	Whole func(*evidence.Record) Finding
	// Exercise says what did not happen that had to for a violation to be
	// possible, from the figures of all keys; "": it was exercised. nil: always.
	Exercise func(*evidence.Record, map[string]float64) string
	// Derive adds figures that follow from the sums. nil: none.
	Derive func(map[string]float64)
}
