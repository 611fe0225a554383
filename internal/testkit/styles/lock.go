package styles

import (
	"context"
	"time"

	"github.com/zklab/zklab/subjects"
)

// raceLock is a lock for which contenders race: the client that creates the znode "holder" holds it.
// Contenders poll, and the holder binds its release to a mark.
type raceLock struct {
	base
	fenced
}

func newRaceLock(c *subjects.Client, path string) (subjects.Lock, error) {
	return &raceLock{base: at(c, path, borrowed)}, nil
}

func (l *raceLock) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (g *grant, err error) {
		every := 10*time.Millisecond + time.Duration(l.life.c.ID)*3*time.Millisecond
		err = l.until(ctx, every, func(s *session) (bool, error) {
			if err := l.folder(s); err != nil {
				return false, err
			}
			c, err := l.life.claim(s, l.path+"/mark-"+l.life.name(s), l.path+"/holder")
			if err != nil {
				return false, err
			}
			g = &grant{s: s, token: c.czxid, undo: func() { l.life.unclaim(c) }}
			return true, nil
		})
		return g, err
	})
}

func (l *raceLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }
