package workloads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// Requests go out without waiting for each other, in their order; an answer that
// forbids something still counts as an answer.
func TestPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(nil)
		var begun []int
		var mu sync.Mutex
		slow := func(i int, err error) request {
			return func(*zk.Conn) error {
				mu.Lock()
				begun = append(begun, i)
				mu.Unlock()
				time.Sleep(time.Second)
				return err
			}
		}
		start := time.Now()
		err := p.send(t.Context(), slow(1, nil), slow(2, zk.ErrNoNode), slow(3, zk.ErrBadVersion), slow(4, nil))
		if took := time.Since(start); err != nil || took > 1100*time.Millisecond || !slices.Equal(begun, []int{1, 2, 3, 4}) {
			t.Errorf("%v after %v, in the order %v", err, took, begun)
		}
		for _, lost := range []error{zk.ErrConnectionClosed, zk.ErrSessionExpired, fmt.Errorf("wrapped: %w", zk.ErrClosing)} {
			if err := p.send(t.Context(), slow(1, nil), slow(2, lost)); !errors.Is(err, lost) || subjects.NoEffect(err) {
				t.Errorf("%v, want %v", err, lost)
			}
		}
	})
}

// Unanswered requests delay nothing for longer than the time of their operation, and
// there are never more of them than there is room for.
func TestPipelineOfASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(nil)
		answer := make(chan struct{})
		never := func(*zk.Conn) error { <-answer; return nil }
		var sent, kept int
		for range pipeRoom {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := p.send(ctx, never, never, never)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			if subjects.NoEffect(err) {
				kept++
			} else {
				sent++
			}
		}
		if sent != pipeRoom/3 || kept == 0 {
			t.Errorf("%d pipelines were sent, %d were not", sent, kept)
		}
		close(answer)
		synctest.Wait()
		if !p.slots.TryAcquire(pipeRoom) {
			t.Error("slots are still taken")
		}
	})
}

// The session workload needs its own connections.
func TestSessionWithoutConnections(t *testing.T) {
	d := newDesk(t, 1)
	if _, err := (Session{}).Start(t.Context(), d.env()); err == nil {
		t.Error("it starts without visitors")
	}
	if (Session{}).Name() != models.Session.Name || InProcesses(Session{}) {
		t.Error("not what it says")
	}
}
