package workloads

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
)

// belief tracks whether a client believes that it holds: it does until the subject closes Lost.
// It records the moment at which the client learns of the loss.
type belief struct {
	token history.ID
	life  int             // of the holder's process
	lost  <-chan struct{} // nil if the subject does not report losses
	quit  chan struct{}
	wg    sync.WaitGroup
}

// watchHold starts watching the hold that h was just granted.
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

// held reports whether the subject has not yet reported the hold as lost.
func (b *belief) held() bool {
	select {
	case <-b.lost:
		return false
	default:
		return true
	}
}

// await waits for the loss, for at most patience.
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

// stop ends the watching; held still answers. When stop returns, a loss that was reported
// before is recorded.
func (b *belief) stop() {
	close(b.quit)
	b.wg.Wait()
}
