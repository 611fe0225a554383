package styles

import (
	"context"
	"testing"

	"github.com/zklab/zklab/subjects"
)

// A release that found no time to begin, because an earlier call of the object still goes on, goes on by itself: the client
// knows of the hold no more, and others would wait for it as long as its session lives.
func TestReleaseGoesOn(t *testing.T) {
	var h hold
	b, undone := &base{gate: newGate()}, make(chan struct{})
	h.now.Store(&grant{undo: func() { close(undone) }})
	if err := b.gate.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.release(ctx, b); err == nil || subjects.NoEffect(err) {
		t.Errorf("the release ended with %v, expected an error of unknown outcome", err)
	}
	b.gate.leave()
	<-undone
}
