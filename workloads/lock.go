package workloads

import (
	"context"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
)

// Lock is the workload of an exclusive lock: every client locks several paths,
// holds each for 1–20 ms around a write to a guarded resource, and gives one
// attempt in ten up after a moment.
type Lock struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Lock, error)
}

// Name is "lock".
func (Lock) Name() string { return history.ModelLock }

// InProcesses is the same workload with subjects in the clients' own processes.
func (Lock) InProcesses() Workload { return Lock{New: subjects.RemoteLock} }

// Params says that a lock needs nothing more.
func (Lock) Params(*history.Params) {}

// Start makes the locks.
func (w Lock) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, time.Millisecond, 20*time.Millisecond, func(c *subjects.Client, path string) (*holder, error) {
		l, err := w.New(c, path)
		if err = given(l, err); err != nil {
			return nil, err
		}
		return newHolder(l, l.Lock, l.Unlock), nil
	})
}
