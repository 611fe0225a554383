package styles

import (
	"context"
	"strings"
	"time"

	"github.com/zklab/zklab/subjects"
)

// orderedRWLock is a read-write lock whose contenders are ordered by the czxid of their znodes. The
// data of a contender tells whether it writes, so a writer can go on as a reader.
type orderedRWLock struct {
	base
	fenced
	line
	mine string // the path of the contender that holds
}

func newOrderedRWLock(c *subjects.Client, path string) (subjects.RWLock, error) {
	return &orderedRWLock{base: at(c, path, apart)}, nil
}

const writes, reads = "write", "read"

func (l *orderedRWLock) Lock(ctx context.Context) error  { return l.lock(ctx, writes) }
func (l *orderedRWLock) RLock(ctx context.Context) error { return l.lock(ctx, reads) }

func (l *orderedRWLock) lock(ctx context.Context, what string) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) {
		g, err := l.queue(ctx, &l.base, l.path, what, func(ahead []contender) bool {
			for _, c := range ahead {
				if what == writes || c.data != reads {
					return false
				}
			}
			return true
		})
		if err == nil {
			l.mine = l.at
		}
		return g, err
	})
}

// Downgrade implements subjects.Downgrader.
func (l *orderedRWLock) Downgrade(ctx context.Context) error {
	g := l.now.Load()
	if g == nil {
		return subjects.WithoutEffect(errNotHeld)
	}
	return l.do(ctx, func() error {
		_, err := g.s.set(l.mine, []byte(reads), -1)
		return told(err)
	})
}

func (l *orderedRWLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }

// raceRWLock is a read-write lock without a line. A reader creates its znode, and then looks whether
// there is a writer: if so, it deletes its znode and tries again. A writer races for the znode
// "writer", and then waits until there are no readers.
type raceRWLock struct {
	base
	fenced
}

func newRaceRWLock(c *subjects.Client, path string) (subjects.RWLock, error) {
	return &raceRWLock{base: at(c, path, borrowed)}, nil
}

func (l *raceRWLock) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) {
		g, err := l.race(ctx, []string{l.path})
		if err != nil {
			return nil, err
		}
		if err := l.alone(ctx, g.s); err != nil {
			g.undo()
			return nil, err
		}
		return g, nil
	})
}

// alone waits until there are no readers.
func (l *raceRWLock) alone(ctx context.Context, s *session) error {
	for {
		if !s.live() {
			return errGone
		}
		none, err := l.noReader(s)
		if err == nil && none {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (l *raceRWLock) noReader(s *session) (bool, error) {
	children, err := s.children(l.path)
	for _, child := range children {
		name, is := strings.CutPrefix(child, "reader-")
		if !is {
			continue
		}
		st, err := s.stat(l.path + "/" + child)
		if err != nil || st != nil && isOfSession(name, st.EphemeralOwner) {
			return false, err
		}
	}
	return err == nil, err
}

func (l *raceRWLock) RLock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (g *grant, err error) {
		err = l.until(ctx, 15*time.Millisecond, func(s *session) (bool, error) {
			if err := l.folder(s); err != nil {
				return false, err
			}
			writer, err := s.stat(l.path + "/holder")
			if err != nil || writer != nil {
				return false, err // an old answer only costs time
			}
			path := l.path + "/reader-" + l.life.name(s)
			st, err := l.life.plant(s, path, nil)
			if err != nil {
				return false, err
			}
			writer, err = s.stat(l.path + "/holder")
			if err != nil || writer != nil {
				l.life.drop(s, path)
				return false, err
			}
			g = &grant{s: s, token: st.Czxid, undo: func() { l.life.drop(s, path) }}
			return true, nil
		})
		return g, err
	})
}

func (l *raceRWLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }
