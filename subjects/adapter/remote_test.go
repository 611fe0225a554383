package adapter

import (
	"context"
	"testing"

	"github.com/zklab/zklab/subjects"
)

// This file has subjects in another process as tests use them.

// remoteLock is a lock there, and what it said of its latest grant.
type remoteLock struct {
	at      subjects.At[subjects.Lock]
	granted subjects.Granted
}

func (l *remoteLock) Lock(ctx context.Context) (err error) {
	l.granted, err = subjects.LockAcquire.On(ctx, l.at, subjects.None{})
	return err
}

func (l *remoteLock) Unlock(ctx context.Context) error {
	_, err := subjects.LockRelease.On(ctx, l.at, subjects.None{})
	return err
}

// lost is the channel that is closed when the present hold is lost.
func (l *remoteLock) lost(t *testing.T) <-chan struct{} {
	t.Helper()
	h, ok := subjects.Offered[subjects.Holder](l.at.Subject())
	if !ok {
		t.Fatal("it does not tell of losses")
	}
	return h.Lost()
}

func lockAt(p *Process, path string) (*remoteLock, error) {
	at, err := subjects.Locks.New(&subjects.Client{Remote: p}, path, subjects.None{}, nil)
	return &remoteLock{at: at}, err
}

// remoteQueue is a queue there.
type remoteQueue struct{ subjects.At[subjects.Queue] }

func (q remoteQueue) Put(ctx context.Context, item []byte) error {
	_, err := subjects.QueuePut.On(ctx, q.At, item)
	return err
}

func (q remoteQueue) Take(ctx context.Context) ([]byte, error) {
	return subjects.QueueTake.On(ctx, q.At, subjects.None{})
}

func queueAt(p *Process, path string) (remoteQueue, error) {
	at, err := subjects.Queues.New(&subjects.Client{Remote: p}, path, subjects.None{}, nil)
	return remoteQueue{at}, err
}
