package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
)

// belief is what a client believes of its present hold: true until the
// subject closes Lost. The moment at which it learns so is recorded.
type belief struct {
	token history.ID
	life  int             // of the holder's process
	lost  <-chan struct{} // nil: the subject never says so
	quit  chan struct{}
	wg    sync.WaitGroup
}

// watchHold begins to watch the hold that h has just been granted.
func watchHold(c *Client, h *holder, key string, token history.ID, life int) *belief {
	b := &belief{token: token, life: life, quit: make(chan struct{})}
	if h.lost == nil {
		return b
	}
	_ = safely(func() error { b.lost = h.lost(); return nil })
	b.wg.Go(func() {
		select {
		case <-b.lost:
		case <-b.quit:
			if b.held() {
				return
			}
		}
		c.Fact(history.FLost, key, history.LostHold{Token: token})
	})
	return b
}

// held says that the subject has not said that the hold is lost.
func (b *belief) held() bool {
	select {
	case <-b.lost:
		return false
	default:
		return true
	}
}

// await waits for the loss, for so long.
func (b *belief) await(ctx context.Context, patience time.Duration) {
	if b.lost == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-b.lost:
	case <-ctx.Done():
	}
}

// stop ends the watching; held goes on answering. A loss that was told before
// is recorded when stop returns.
func (b *belief) stop() {
	close(b.quit)
	b.wg.Wait()
}
