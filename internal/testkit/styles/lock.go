package styles

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

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
	return l.acquire(ctx, &l.base, func() (*grant, error) { return l.race(ctx, []string{l.path}) })
}

func (l *raceLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }

// race tries to create the znode "holder" in each of some folders, all at once, until that succeeds or
// ctx ends. The first folder has the mark.
func (b *base) race(ctx context.Context, folders []string) (g *grant, err error) {
	every := 10*time.Millisecond + time.Duration(b.life.c.ID)*3*time.Millisecond
	err = b.until(ctx, every, func(s *session) (bool, error) {
		if err := b.folder(s, below(b.path, folders)...); err != nil {
			return false, err
		}
		var paths []string
		for _, folder := range folders {
			paths = append(paths, folder+"/holder")
		}
		c, err := b.life.claim(s, folders[0]+"/mark-"+b.life.name(s), nil, nil, paths...)
		if err != nil {
			return false, err
		}
		g = &grant{s: s, token: c.czxid, undo: func() { b.life.unclaim(c) }}
		return true, nil
	})
	return g, err
}

// below returns the names of folders within path.
func below(path string, folders []string) (names []string) {
	for _, folder := range folders {
		if folder != path {
			names = append(names, folder[len(path)+1:])
		}
	}
	return names
}

// sessionLock is a lock whose holds have a session each: the client that creates the znode "holder"
// holds it, and closes the session to release it. So it never deletes anything.
type sessionLock struct {
	base
	fenced
}

func newSessionLock(c *subjects.Client, path string) (subjects.Lock, error) {
	return &sessionLock{base: at(c, path, apart)}, nil
}

func (l *sessionLock) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) {
		var g *grant
		err := l.until(ctx, time.Millisecond, func(s *session) (bool, error) {
			if err := l.folder(s); err != nil {
				return false, pause(ctx, again)
			}
			st, err := l.try(ctx, s)
			if err != nil || st == nil {
				return false, err
			}
			g = &grant{s: s, token: st.Czxid, undo: l.apart.end}
			return true, nil
		})
		if err != nil {
			l.apart.end()
		}
		return g, err
	})
}

// try waits for a moment at which there is no holder, and tries to become it.
func (l *sessionLock) try(ctx context.Context, s *session) (*zk.Stat, error) {
	holder := l.path + "/holder"
	_, err := s.create(holder, nil, zk.FlagEphemeral)
	if err == nil || !refused(err) {
		st, err := l.life.mine(s, holder)
		if st == nil {
			s.end() // another client holds it, or the znode of this client will appear late
		}
		return st, err
	}
	if !errors.Is(err, zk.ErrNodeExists) {
		return nil, pause(ctx, again)
	}
	st, changed, err := s.statW(holder)
	if err != nil || st == nil {
		return nil, err
	}
	select {
	case <-changed:
	case <-s.lost:
	case <-ctx.Done():
	case <-time.After(time.Second): // an event is a hint
	}
	return nil, nil
}

func (l *sessionLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }
