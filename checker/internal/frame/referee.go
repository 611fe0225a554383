package frame

import (
	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
)

// Referee decides a key by search, with a porcupine model that says in a few
// lines what the object is. It is slow and needs memory, so it is asked within
// bounds and may not answer. The properties that it covers say the same
// together as its model does: a difference is a defect of this package.
type Referee struct {
	// Covers are the properties that say the same, by name. What only the referee finds
	// wrong is told of the last one.
	Covers []string
	// Applies says whether there is anything to decide. nil: always.
	Applies func(*evidence.Record) bool
	// Refines says that the fast check is sound but not complete: what only the
	// referee finds wrong is wrong.
	Refines bool
	// Operations are the key's operations in terms of the model; false if they
	// cannot be told.
	Operations func(*evidence.Key) ([]porcupine.Operation, bool)
	Model      func(*evidence.Record) porcupine.Model
	// Given are operations of which others decide whether they are right: if they alone
	// cannot be explained, there is nothing to say about the rest. nil: there are none.
	Given func(*evidence.Key) ([]porcupine.Operation, bool)
	// Size is roughly how many bytes a state takes. nil: few.
	Size func(state any) int
}
