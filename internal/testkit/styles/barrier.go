package styles

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// barrier is a barrier that is up while its znode exists. A wait begins with a fence, as it does again in
// each new session in which the client looks.
type barrier struct{ base }

// newWatchedBarrier returns a barrier whose waiters watch, on a connection that all barriers of a
// client share.
func newWatchedBarrier(c *subjects.Client, path string) (subjects.Barrier, error) {
	return &barrier{base: at(c, path, common)}, nil
}

func (b *barrier) Raise(ctx context.Context) error {
	return b.change(ctx, func(s *session) error {
		_, err := s.create(b.path, nil, 0)
		if errors.Is(err, zk.ErrNodeExists) {
			err = nil
		}
		return err
	})
}

func (b *barrier) Lift(ctx context.Context) error {
	return b.change(ctx, func(s *session) error {
		err := s.remove(b.path)
		if errors.Is(err, zk.ErrNoNode) {
			err = nil
		}
		return err
	})
}

// change repeats an idempotent request until it succeeds.
func (b *base) change(ctx context.Context, request func(s *session) error) error {
	return b.do(ctx, func() error {
		certain := true // nothing was done yet
		for {
			s, err := b.session(ctx)
			if err == nil {
				if err = request(s); err == nil {
					return nil
				}
				certain = certain && refused(err)
			}
			if pause(ctx, again) != nil {
				if certain {
					return subjects.WithoutEffect(err)
				}
				return err
			}
		}
	})
}

func (b *barrier) Await(ctx context.Context) error {
	return b.do(ctx, func() error {
		var fencedIn *session
		return b.until(ctx, time.Millisecond, func(s *session) (bool, error) {
			if fencedIn != s {
				if err := s.fence(); err != nil {
					return false, pause(ctx, again)
				}
				fencedIn = s
			}
			st, changed, err := s.statW(b.path)
			if err == nil && st == nil {
				return true, nil
			}
			select {
			case <-changed:
			case <-ctx.Done():
			case <-time.After(again):
			}
			return false, nil
		})
	})
}
