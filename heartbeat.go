package zklab

import (
	"context"
	"time"

	"github.com/zklab/zklab/history"
)

// The harness's own heartbeat, and how late it must be to be recorded.
const (
	beat = 10 * time.Millisecond
	late = 250 * time.Millisecond
)

// watchHeartbeat watches the heartbeat until the run is closed. broken is
// called when the record cannot be written any more: nothing of the run would count.
func (r *run) watchHeartbeat(broken func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	r.closers = append(r.closers, func() error {
		cancel()
		<-ended
		return nil
	})
	go func() {
		defer close(ended)
		heartbeat(ctx, r.record, broken)
	}()
}

// heartbeat records when the harness itself was held up: a gap in its own
// heartbeat. A timed property cannot be judged across one.
func heartbeat(ctx context.Context, r *history.Recorder, broken func()) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
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
			r.Record(history.Event{
				Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FStall,
				Value: history.Value(history.Stall{Gap: gap}),
			})
		}
		last = now
	}
}
