package verdicts

import (
	"testing"

	"github.com/zklab/zklab/checker"
)

func TestCodesOfVerdicts(t *testing.T) {
	for verdict, want := range map[checker.Result]int{checker.Valid: 0, checker.Violation: 1, checker.Unknown: 2, "": 2} {
		if got := ExitOf(verdict); got != want {
			t.Errorf("%q: %d, want %d", verdict, got, want)
		}
	}
}
