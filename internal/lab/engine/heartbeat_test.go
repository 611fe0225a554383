package engine

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// broken is a full disk.
type broken struct{ room int }

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A record that cannot be written ends the load.
func TestHeartbeatStopsWithTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := history.NewRecorder(&broken{room: 1000}, history.Header{})
		defer recorder.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var stopped atomic.Bool
		go heartbeat(ctx, &record{Recorder: recorder}, func() { stopped.Store(true) })
		time.Sleep(time.Second)
		if stopped.Load() {
			t.Fatal("stopped while everything was well")
		}
		for range 20 {
			recorder.Record(history.Event{Type: history.Invoke, F: "set", Key: string(bytes.Repeat([]byte("k"), 100))})
		}
		time.Sleep(time.Second)
		if !stopped.Load() {
			t.Error("the load goes on, though nothing of it is recorded")
		}
	})
}

// The heartbeat ends with the run. A harness that was not held up records no stall, and one whose
// clocks agree records no drift.
func TestHeartbeatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		var undo cleanup
		recorder := history.NewRecorder(&file, history.Header{})
		undo.add(recorder.Close)
		undo.add(watchHeartbeat(&record{Recorder: recorder}, func() {}))
		time.Sleep(time.Minute)
		must.Do(t, undo.run(nil))
		if bytes.Contains(file.Bytes(), []byte(history.FStall)) || bytes.Contains(file.Bytes(), []byte(history.FClock)) {
			t.Errorf("recorded: %s", file.Bytes())
		}
	})
}
