package port

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// Again repeats a request that got no answer some times, whether or not the first one was carried out.
// Solr's ZkCmdExecutor, HBase's RecoverableZooKeeper, kazoo's KazooRetry and Curator's retry loop do
// that.
func Again(ctx context.Context, request func() error) error {
	for i := 1; ; i++ {
		err := request()
		if !ConnectionLoss(err) || i > 5 || !Wait(ctx, time.Duration(i)*100*time.Millisecond) {
			return err
		}
	}
}

// Patiently repeats a request that got no answer, or lost its session, until ctx ends.
func Patiently(ctx context.Context, request func() error) error {
	for {
		err := request()
		if !ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || !Wait(ctx, 100*time.Millisecond) {
			return err
		}
	}
}

// Surely repeats a request after every error, until it succeeds, there is no such znode, or ctx ends.
func Surely(ctx context.Context, request func() error) {
	for {
		if err := request(); err == nil || errors.Is(err, zk.ErrNoNode) || !Wait(ctx, 100*time.Millisecond) {
			return
		}
	}
}

// Wait pauses. It reports whether ctx goes on.
func Wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Ended returns the error of a call whose context ended before the call did anything.
func Ended(ctx context.Context) error { return subjects.WithoutEffect(context.Cause(ctx)) }
