package engine

import (
	"context"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/jitter"
)

// The harness's own heartbeat, and how late it must be to be recorded.
const (
	beat = 10 * time.Millisecond
	late = 250 * time.Millisecond
	away = time.Millisecond // how far the wall clock must have drifted
)

// watchHeartbeat watches the heartbeat until stop. broken is called when the record can no longer be
// written: nothing of the run would then count.
func watchHeartbeat(r *record, broken func()) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		heartbeat(ctx, r, broken)
	}()
	return func() error {
		cancel()
		<-ended
		return nil
	}
}

// heartbeat records when the harness itself was held up: a gap in its own
// heartbeat. A timed property cannot be judged across such a gap. It also records how the wall
// clock drifts, since some subjects use it.
func heartbeat(ctx context.Context, r *record, broken func()) {
	ticker := time.NewTicker(jitter.Stretch(beat))
	defer ticker.Stop()
	told := time.Duration(0)
	for last := r.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if r.Err() != nil {
			broken()
		}
		now := r.Now()
		if gap := now - last; gap > late {
			r.fact(history.FStall, history.Stall{Gap: gap})
		}
		last = now
		if drift := r.Drift(); (drift - told).Abs() >= away {
			told = drift
			r.fact(history.FClock, history.Clock{Drift: drift})
		}
	}
}
