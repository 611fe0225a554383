package styles

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// slots is a semaphore with a znode for each lease: the client that creates it has the lease. All
// semaphores of a client share a connection that it opened.
type slots struct {
	base
	hold
	leases int
}

func newSlots(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return &slots{base: at(c, path, common), leases: leases}, nil
}

func (l *slots) Acquire(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (g *grant, err error) {
		err = l.until(ctx, 10*time.Millisecond, func(s *session) (bool, error) {
			if err := l.folder(s); err != nil {
				return false, err
			}
			for i := range l.leases {
				slot := fmt.Sprintf("%s/slot-%d", l.path, (i+l.life.c.ID)%l.leases)
				c, err := l.life.claim(s, l.path+"/mark-"+l.life.name(s), nil, nil, slot)
				if errors.Is(err, zk.ErrNodeExists) {
					continue
				}
				if err != nil {
					return false, err
				}
				g = &grant{s: s, undo: func() { l.life.unclaim(c) }}
				return true, nil
			}
			return false, nil
		})
		return g, err
	})
}

func (l *slots) Release(ctx context.Context) error { return l.release(ctx, &l.base) }

// orderedSemaphore is a semaphore whose contenders are ordered by the czxid of their znodes. A process
// that starts removes the contenders that the last process of its seat left behind, so that others
// need not wait until their session ends.
type orderedSemaphore struct {
	base
	fenced
	line
	leases int
	clean  bool
}

func newOrderedSemaphore(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return &orderedSemaphore{base: at(c, path, borrowed), leases: leases}, nil
}

func (l *orderedSemaphore) Acquire(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) {
		if !l.clean {
			l.clean = l.until(ctx, again, l.cleanUp) == nil
		}
		return l.queue(ctx, &l.base, l.path, "", func(ahead []contender) bool { return len(ahead) < l.leases })
	})
}

func (l *orderedSemaphore) cleanUp(s *session) (bool, error) {
	if err := l.folder(s); err != nil {
		return false, err
	}
	return l.life.cleanUp(s, l.path)
}

// cleanUp deletes the contenders of this seat in a folder.
func (l *life) cleanUp(s *session, folder string) (bool, error) {
	if err := s.fence(); err != nil {
		return false, err
	}
	all, err := contenders(s, folder)
	if err != nil {
		return false, err
	}
	for _, c := range all {
		if l.ofSeat(c.name[len(contending):]) {
			if err := s.remove(folder + "/" + c.name); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return false, err
			}
		}
	}
	return true, nil
}

func (l *orderedSemaphore) Release(ctx context.Context) error { return l.release(ctx, &l.base) }
