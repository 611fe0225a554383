package plan

import (
	"context"
	"errors"
	"testing"
	"time"
)

// An error that is only the end of a context tells what was waited for, and how long.
func TestLate(t *testing.T) {
	for want, err := range map[string]error{
		"it was not done within 20s: context deadline exceeded": context.DeadlineExceeded,
		"no server answers": errors.New("no server answers"),
	} {
		if got := late(err, "it was not done", 20*time.Second); got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
