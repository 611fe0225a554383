package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/explain"
)

// Measure has the words for what a measured property measures: something that clients cannot always
// prevent, and that lasts for some time. Its figures are overlaps, total_seconds, longest_seconds,
// acquires_by_others and writes_by_others.
type Measure struct {
	What string // "false belief"
	// Guard is the property that keeps what is measured from doing harm. Unguarded says what
	// follows if the subject does not have that property.
	Guard, Unguarded string
}

// Why no reference model decides a property.
const (
	Timed    = "it is about how long something lasted: there is no order to search for"
	Given    = "each answer is compared with one whose order is given, by the log, a session or a client"
	Counted  = "it counts, or compares sets: there is no order to search for"
	Again    = "checker/crosscheck decides it once more, by trying all"
	Measures = "it is measured, and decides nothing"
)

// Property is one promise of a model, decided key by key.
type Property struct {
	Name string
	// Meaning explains a valid verdict, in a sentence, for people.
	Meaning string
	// Means returns what a valid verdict means if its figures show that less than Meaning was
	// decided, and "" otherwise. nil: Meaning always holds.
	Means   func(figures map[string]float64) string
	Decider string // names the procedure
	// Watched names the procedure for records whose znodes only the tree watch tells of; "" if it is the same.
	Watched string
	// NoModel says why no reference model decides the property a second time by search. It is "" if one
	// does.
	NoModel string
	// Evidence returns what the answer rests on, in the letters of a verdict. If it is nil, the
	// verdict does not say.
	Evidence func(*evidence.Record) string
	// Measure tells what the property measures; it then counts only in a strict run. nil: it always
	// counts.
	Measure *Measure
	// Liveness: the property promises that something happens in the end, and not that something
	// never does.
	Liveness bool
	// Common means that several objects have the property, and one page describes it for all.
	Common bool
	// Declared means that the program declares the property, not zklab. Its verdicts explain themselves.
	Declared bool
	// Servers means that a violation can be the servers' doing.
	Servers bool
	// Telling says how the story of a counterexample is told.
	Telling explain.Telling
	// Applies reports whether the history has the property: fencing is not for a subject that
	// returns no tokens. nil means always.
	Applies func(*evidence.Record) bool
	// Wants says, for people, what more a subject could offer so that the property applies: "the
	// lock gives no token (Fence)". nil, or "": nothing.
	Wants func(*evidence.Record) string
	// Unseen says, for people, why the property does not apply although the subject offers all that it
	// needs, and the run has its transactions. If it is nil or returns "", there is no reason.
	Unseen func(*evidence.Record) string
	// Stands means that a violation stands by itself: neither clients that bypassed their links nor
	// lost lines of the record explain it.
	Stands bool
	// Logged means that the property needs the transaction log to apply, always or in some runs.
	Logged bool
	// Decide decides one key. It is called for several keys at the same time, and returns soon
	// after the context ends.
	Decide func(context.Context, *evidence.Key) Finding
	// Whole decides what belongs to no key. nil: there is nothing.
	Whole func(*evidence.Record) Finding
	// Exercise says, from the figures of all keys, what did not happen that a violation needs; ""
	// means that the property was exercised. nil: it always is.
	Exercise func(*evidence.Record, map[string]float64) string
	// Derive adds figures that follow from the sums. nil: none.
	Derive func(map[string]float64)
}
