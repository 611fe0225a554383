package gotests

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/store"
)

// place chooses where the run is kept. made is a temporary folder made for this run; it is nil if the
// run is kept in a place that the user chose.
func place(t testing.TB, x experiment.Experiment) (placed experiment.Experiment, made *store.Scratch, err error) {
	switch f := flag.Lookup("test.artifacts"); {
	case x.Out != "":
	case f != nil && f.Value.String() == "true":
		x.Out = t.ArtifactDir()
	default:
		made, err = store.NewScratch(fileName(t.Name()), scratchOwner(t))
		if err == nil {
			x.Out = made.Dir
		}
	}
	return x, made, err
}

// scratchOwner identifies the test: go test runs each package in its own folder.
func scratchOwner(t testing.TB) string {
	folder, err := os.Getwd()
	if err != nil {
		folder = os.Args[0]
	}
	return folder + "\n" + t.Name() + "\n"
}

func discard(made *store.Scratch) error {
	if made == nil {
		return nil
	}
	return made.Discard()
}

// keep keeps the run of a failed test, and removes older runs of the same test.
func keep(t testing.TB, made *store.Scratch) {
	t.Helper()
	if made == nil {
		return
	}
	t.Cleanup(made.Release) // not before: the test may still write files beside the run
	if err := made.Prune(scratchOwner(t)); err != nil {
		t.Logf("zklab: older runs of this test could not be removed: %v", err)
	}
}

// fileName turns a test's name into one that every file system accepts.
func fileName(name string) string {
	const most = 60
	return regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(name[:min(len(name), most)], "-")
}

// keepFailed writes a run to the place where failed tests keep their runs.
func keepFailed(t *testing.T, x experiment.Experiment, o *experiment.Outcome) {
	t.Helper()
	x, made, err := place(t, x)
	if err == nil {
		keep(t, made)
		o.Replay = replayTest(o.Result.Seed, t.Name())
		err = o.Keep(x.Out)
	}
	if err != nil {
		t.Fatalf("zklab: cannot store the run of seed %d: %v", o.Result.Seed, errors.Join(err, discard(made)))
	}
	tellUnwritten(t, o)
}

// tellUnwritten fails the test if the folder of a run, which stays, has no result.json.
func tellUnwritten(t testing.TB, o *experiment.Outcome) {
	t.Helper()
	if o.Unwritten != nil {
		t.Errorf("zklab: cannot store the result of the run of seed %d: %v", o.Result.Seed, o.Unwritten)
	}
}
