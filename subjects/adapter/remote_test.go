package adapter

import (
	"context"
	"testing"

	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// This file gives tests access to subjects in another process.

// remoteLock is a lock in another process, with what it reported about its latest
// grant.
type remoteLock struct {
	at      contracts.At[subjects.Lock]
	granted contracts.Granted
}

func (l *remoteLock) Lock(ctx context.Context) (err error) {
	l.granted, err = contracts.LockAcquire.On(ctx, l.at, contracts.None{})
	return err
}

func (l *remoteLock) Unlock(ctx context.Context) error {
	_, err := contracts.LockRelease.On(ctx, l.at, contracts.None{})
	return err
}

// lost returns the channel that is closed when the present hold is lost.
func (l *remoteLock) lost(t *testing.T) <-chan struct{} {
	t.Helper()
	h, ok := subjects.Offered[subjects.Holder](l.at.Subject())
	if !ok {
		t.Fatal("it does not tell of losses")
	}
	return h.Lost()
}

func lockAt(p *Process, path string) (*remoteLock, error) {
	at, err := contracts.Locks.New(&subjects.Client{Remote: p}, path, contracts.None{}, nil)
	return &remoteLock{at: at}, err
}

// remoteQueue is a queue in another process.
type remoteQueue struct{ contracts.At[subjects.Queue] }

func (q remoteQueue) Put(ctx context.Context, item []byte) error {
	_, err := contracts.QueuePut.On(ctx, q.At, item)
	return err
}

func (q remoteQueue) Take(ctx context.Context) ([]byte, error) {
	return contracts.QueueTake.On(ctx, q.At, contracts.None{})
}

func queueAt(p *Process, path string) (remoteQueue, error) {
	at, err := contracts.Queues.New(&subjects.Client{Remote: p}, path, contracts.None{}, nil)
	return remoteQueue{at}, err
}
