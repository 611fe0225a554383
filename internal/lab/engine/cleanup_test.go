package engine

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Everything that was opened is closed, the last one first, and a known error is not reported twice.
func TestCleanup(t *testing.T) {
	errKnown, errNew := errors.New("known"), errors.New("new")
	var order []int
	closer := func(n int, err error) func() error {
		return func() error { order = append(order, n); return err }
	}
	undo := cleanup{closer(1, errKnown), closer(2, errNew), closer(3, nil)}
	err := undo.run(errors.Join(errKnown))
	if !errors.Is(err, errNew) || errors.Is(err, errKnown) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]int{3, 2, 1}, order); diff != "" {
		t.Error(diff)
	}
	if err := undo.run(nil); err != nil || len(order) != 3 {
		t.Errorf("closed again: %v, %v", err, order)
	}
}
