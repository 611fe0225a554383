package workloads

import (
	"context"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Lock is the workload of an exclusive lock: every client locks several paths, holds each
// for 1–20 ms around a write to a guarded resource, and gives up one attempt in ten after a
// moment.
type Lock struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Lock, error)
}

// Name returns the name of the model.
func (Lock) Name() string { return models.Lock.Name }

// Maker serves the subjects to another process.
func (w Lock) Maker() subjects.Maker { return contracts.ServeOn(contracts.Locks, w.New) }

// Start makes the locks.
func (w Lock) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, time.Millisecond, 20*time.Millisecond, holderOf(on(contracts.Locks, w.New), contracts.LockAcquire, contracts.LockRelease))
}
