package catalog

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/virtual/bubble.serve"))
}

// The recipes get the right verdict: wrong ones are convicted by one of the properties that they break, and mended
// and correct ones are not accused. A wrong recipe is tried first with the seed that convicted it when it was
// measured.
func TestVerdicts(t *testing.T) {
	measured := readMeasured(t)
	for _, e := range Entries {
		t.Run(e.Folder, func(t *testing.T) {
			if e.Wrong == nil {
				trial.AccuseNot(t, e, e.AsIs, 1, 6) // processes crash and freeze
				return
			}
			seed := trial.Convict(t, e, e.AsIs, measured[e.Folder].First)
			if e.Wrong.Mended != nil {
				trial.AccuseNot(t, e, e.Wrong.Mended, seed)
			}
		})
	}
}
