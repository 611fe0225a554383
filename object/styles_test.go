package object_test

import (
	"testing"

	"github.com/zklab/zklab"
)

// Right stores in several styles are accused of nothing in the simulations of a default test.
func TestRightStyles(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"plain reads":      storesWith(right, (*store).Peek, swapped),
		"texts as answers": storesWith(right, (*store).Get, swappedText),
	} {
		x.AllowUnknown = true
		t.Run(name, func(t *testing.T) { zklab.Simulate(t, x) })
	}
}
