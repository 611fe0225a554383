package client

import (
	"context"
	"time"
)

const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// Backoff paces retries: each pause is twice as long as the one before, up to lastPause, plus the
// jitter of the context. The zero value is ready.
type Backoff struct{ next time.Duration }

// Pause waits. It returns early when ctx ends.
func (b *Backoff) Pause(ctx context.Context) {
	b.next = min(max(2*b.next, firstPause), lastPause)
	t := time.NewTimer(b.next + jitter(ctx))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
