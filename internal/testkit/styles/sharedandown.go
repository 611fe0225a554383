package styles

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// watchedLock is a lock for which contenders race on the client's connection. Each wait has a session of
// its own, in which it watches the holder.
type watchedLock struct {
	base
	fenced
	waits *connected
}

func newWatchedLock(c *subjects.Client, path string) (subjects.Lock, error) {
	waits, err := connect(c, path)
	return &watchedLock{base: at(c, path, borrowed), waits: waits}, err
}

func (l *watchedLock) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (g *grant, err error) {
		err = l.until(ctx, again, func(s *session) (bool, error) {
			c, err := l.life.claim(s, l.path+"/mark-"+l.life.name(s), nil, nil, l.path+"/holder")
			if errors.Is(err, zk.ErrNodeExists) {
				return false, l.wait(ctx)
			}
			if err != nil {
				return false, err
			}
			g = &grant{s: s, token: c.czxid, undo: func() { l.life.unclaim(c) }}
			return true, nil
		})
		return g, err
	})
}

// wait waits until the holder is gone. An error only ends the wait.
func (l *watchedLock) wait(ctx context.Context) error {
	conn, stay, err := l.waits.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer stay()
	there, _, changed, err := conn.ExistsW(l.path + "/holder")
	if err != nil || !there {
		return err
	}
	select {
	case <-changed:
	case <-time.After(time.Second): // an event is a hint
	case <-ctx.Done():
	}
	return nil
}

func (l *watchedLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }
