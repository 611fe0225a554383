package zklab_test

import (
	"context"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// pollEvery is the pause between two looks of a [polling] lock.
const pollEvery = 50 * time.Millisecond

// polling is a right lock that looks at its path again and again while it waits for the lock. wrong,
// if it is set, says in which looks an error makes it believe that it has the lock.
type polling struct {
	inner subjects.Lock
	c     *subjects.Client
	path  string
	wrong func(round int) bool
	lost  bool // the inner lock was not acquired
}

func (l *polling) Lock(ctx context.Context) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	granted := make(chan error, 1)
	go func() { granted <- l.inner.Lock(within) }()
	for round := 1; ; round++ {
		if _, _, err := l.c.Conn.Exists(l.path); err != nil && l.wrong != nil && l.wrong(round) {
			cancel()
			l.lost = <-granted != nil
			return nil
		}
		select {
		case err := <-granted:
			return err
		case <-time.After(pollEvery):
		}
	}
}

func (l *polling) Unlock(ctx context.Context) error {
	if l.lost {
		l.lost = false
		return nil
	}
	return l.inner.Unlock(ctx)
}

// Close closes the right lock, whose Close [polling] would hide.
func (l *polling) Close(ctx context.Context) error {
	if c, ok := l.inner.(subjects.Closer); ok {
		return c.Close(ctx)
	}
	return nil
}

// polls returns an experiment with a polling lock whose clients wait for many rounds.
func polls(wrong func(round int) bool) zklab.Experiment {
	return zklab.Experiment{
		Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.NewLock(c, path)
			return &polling{inner: l, c: c, path: path, wrong: wrong}, err
		}},
		Clients: 2, Ops: 1, Hold: time.Second, AllowUnknown: true, Budget: -1,
	}
}
