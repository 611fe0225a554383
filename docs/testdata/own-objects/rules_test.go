package idgenerator

import (
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
)

// TestUnique tests the property of the page alone, with another exercise.
func TestUnique(t *testing.T) {
	x := ids
	x.Rules = []object.Rule{unique}
	x.Exercise = []object.Need{object.Got(next, 10, "numbers", func(int64) bool { return true }), object.Overlapping(5)}
	zklab.Simulate(t, zklab.Experiment{Workload: x.Workload()})
}
