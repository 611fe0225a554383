package styles

import (
	"context"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// A release that could not begin in time, because an earlier call of the object was still under way, continues in the
// background: the client no longer knows of the hold, and others would wait for the end of its session.
func TestReleaseGoesOn(t *testing.T) {
	var h hold
	b, undone := &base{gate: newGate()}, make(chan struct{})
	h.now.Store(&grant{undo: func() { close(undone) }})
	must.Do(t, b.gate.enter(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.release(ctx, b); err == nil || subjects.NoEffect(err) {
		t.Errorf("the release ended with %v, expected an error of unknown outcome", err)
	}
	b.gate.leave()
	<-undone
}
