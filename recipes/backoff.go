package recipes

import (
	"context"
	"time"
)

const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// backoff paces retries: each pause is twice as long as the one before, up to
// lastPause, and by the turn of the context longer. The zero value is ready.
type backoff struct{ next time.Duration }

// pause waits; it is cut short when ctx ends.
func (b *backoff) pause(ctx context.Context) {
	b.next = min(max(2*b.next, firstPause), lastPause)
	t := time.NewTimer(b.next + turn(ctx))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
