package frame

import (
	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
)

// Reference is a reference model: a porcupine model that says in a few lines what the object is. It
// decides a key by search. It is slow and needs memory, so it is asked within bounds and may not
// answer. The properties that it covers say together the same as its model: a difference is a
// defect of this package.
type Reference struct {
	// Covers names the properties that together say the same as the model. A violation that only
	// the model finds is reported for the last one.
	Covers []string
	// Applies reports whether there is anything to decide. nil means always.
	Applies func(*evidence.Record) bool
	// Refines: the fast check is sound but not complete, so a violation that only the model finds
	// counts.
	Refines bool
	// Operations returns the key's operations in terms of the model; false if that is not possible.
	Operations func(*evidence.Key) ([]porcupine.Operation, bool)
	Model      func(*evidence.Record) porcupine.Model
	// Given returns operations that other properties decide: if these alone cannot be explained,
	// the model says nothing about the rest. nil: there are none.
	Given func(*evidence.Key) ([]porcupine.Operation, bool)
	// Size returns roughly how many bytes a state takes. nil: few.
	Size func(state any) int
}
