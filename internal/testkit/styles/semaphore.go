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
				c, err := l.life.claim(s, l.path+"/mark-"+l.life.name(s), slot)
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
