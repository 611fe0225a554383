package object_test

import (
	"testing"

	"github.com/zklab/zklab"
)

// The simulations of a default test accuse right stores of nothing, in several styles of
// store.
func TestRightStyles(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"plain reads":      storesWith(right, (*store).Peek, swapped),
		"texts as answers": storesWith(right, (*store).Get, swappedText),
	} {
		x.AllowUnknown = true
		t.Run(name, func(t *testing.T) { zklab.Simulate(t, x) })
	}
}
