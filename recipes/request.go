package recipes

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"
)

// flight is one request under way. go-zookeeper's calls take no context, so each
// runs on a goroutine of its own, and whoever waits for it can leave earlier. The
// goroutine ends when the request is answered, or the connection is lost or
// closed.
type flight[T any] struct {
	s    *Session
	l    *life
	done chan struct{}

	// Once done:
	v      T
	err    error // ErrSessionLost if the answer came in a later session
	unsent bool  // the session was gone before
}

// kind of a request.
type kind bool

const (
	read  kind = false
	write kind = true // its answer, also a refusal, comes from a quorum
)

// send starts a request in l.
func send[T any](s *Session, l *life, k kind, f func() (T, error)) *flight[T] {
	fl := &flight[T]{s: s, l: l, done: make(chan struct{})}
	go func() {
		defer close(fl.done)
		sent := time.Now() // or later, which only makes us more careful
		if !s.is(l) {
			fl.err, fl.unsent = s.ended(), true
			return
		}
		fl.v, fl.err = f()
		switch {
		case !s.is(l):
			fl.err = s.ended()
		case k == write && !unanswered(fl.err):
			l.touch(sent)
		}
	}()
	return fl
}

// wait waits for the answer. It leaves early when ctx, the life or the session
// ends; settled tells.
func (fl *flight[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-fl.done:
		return fl.v, fl.err
	default:
	}
	var none T
	select {
	case <-fl.done:
		return fl.v, fl.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-fl.l.gone:
		return none, fl.s.ended()
	case <-fl.s.ctx.Done():
		return none, ErrClosed
	}
}

// settled reports whether the request is no longer under way.
func (fl *flight[T]) settled() bool {
	select {
	case <-fl.done:
		return true
	default:
		return false
	}
}

// ask sends a request that may be repeated until it is answered in l.
func ask[T any](ctx context.Context, s *Session, l *life, k kind, f func() (T, error)) (T, error) {
	var b backoff
	for {
		if err := s.connected(ctx, l); err != nil {
			var none T
			return none, err
		}
		v, err := send(s, l, k, f).wait(ctx)
		if !unanswered(err) {
			return v, err
		}
		b.pause(ctx)
	}
}

// fence makes every later read in l see at least all that was committed before
// the fence began, and says whether path exists there. It is a quorum write that
// changes nothing; sync would not do, it can be answered by a leader that has
// been deposed (ZOOKEEPER-1675).
func (s *Session) fence(ctx context.Context, l *life, path string) (exists bool, err error) {
	_, err = ask(ctx, s, l, write, func() (struct{}, error) {
		_, err := s.conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1})
		return struct{}{}, err
	})
	if stopped(err) {
		return false, err
	}
	return !errors.Is(err, zk.ErrNoNode), nil // a refusal comes from a quorum, too
}

// children lists the children of path, none if there is no path.
func (s *Session) children(ctx context.Context, l *life, path string) ([]string, error) {
	names, err := ask(ctx, s, l, read, func() ([]string, error) {
		names, _, err := s.conn.Children(path)
		return names, err
	})
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return names, err
}

// fencedChildren lists the children of path as they are at some time during
// the call.
func (s *Session) fencedChildren(ctx context.Context, l *life, path string) ([]string, error) {
	if exists, err := s.fence(ctx, l, path); err != nil || !exists {
		return nil, err
	}
	return s.children(ctx, l, path)
}

// remove deletes path unless it is gone already, and says whether it was there.
// Only for znodes whose name nobody uses again: a repeated delete then does no
// harm, and that it finds nothing is a quorum's word. After a lost reply it says
// that the znode was there.
func (s *Session) remove(ctx context.Context, l *life, path string) (was bool, err error) {
	tried := 0
	_, err = ask(ctx, s, l, write, func() (struct{}, error) {
		tried++
		return struct{}{}, s.conn.Delete(path, -1)
	})
	if errors.Is(err, zk.ErrNoNode) {
		return tried > 1, nil
	}
	return err == nil, err
}
