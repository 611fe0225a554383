package cli

import (
	"strings"

	"github.com/zklab/zklab/store"
)

// testAlone refuses a run of a recipe that only its test in Go can make, since no name says
// which: zklab's own would run in its place. instead is what somebody may do; "" is the command
// that runs the test.
func testAlone(run *store.Run, x store.Experiment, instead string) error {
	if x.Subject != "" || x.SubjectCommand != "" {
		return nil
	}
	if instead == "" {
		instead = "run that"
		if result, err := run.ReadResult(); err == nil && strings.Contains(result.Replay, "go test") {
			instead = result.Replay
		}
	}
	return usageError("%s has a recipe that only its Go test can create: %s", run.Path(), instead)
}
