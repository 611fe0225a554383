package workloads

import (
	"context"
	"errors"
	"testing"

	"github.com/zklab/zklab/subjects"
)

// A run that is stopped while its subjects are made does not wait for the rest of them.
func TestMakePerKeyStops(t *testing.T) {
	e := newDesk(t, 2).env()
	ctx, stop := context.WithCancel(t.Context())
	made := 0
	_, err := makePerKey(ctx, e, func(*subjects.Client, string) (int, error) {
		made++
		stop()
		return made, nil
	})
	if made != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d made, error %v", made, err)
	}
}
