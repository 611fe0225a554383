package client

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// Request is one request under way. go-zookeeper's calls take no context, so each
// runs on a goroutine of its own, and whoever waits for it can leave earlier. The
// goroutine ends when the request is answered, or the connection is lost or
// closed.
type Request[T any] struct {
	s    *Client
	z    *Session
	Done chan struct{}

	// Once done:
	Value  T
	Err    error // ErrSessionLost if the answer came in a later session
	Unsent bool  // the session was gone before
}

// kind of a request.
type kind bool

const (
	Read  kind = false
	Write kind = true // its answer, an error too, comes from a quorum
)

// Send starts a request in z.
func Send[T any](s *Client, z *Session, k kind, f func() (T, error)) *Request[T] {
	r := &Request[T]{s: s, z: z, Done: make(chan struct{})}
	go func() {
		defer close(r.Done)
		sent := time.Now() // or later, which only makes us more careful
		if !s.IsCurrent(z) {
			r.Err, r.Unsent = s.endError(), true
			return
		}
		r.Value, r.Err = f()
		switch {
		case !s.IsCurrent(z):
			r.Err = s.endError()
		case k == Write && !failures.Unanswered(r.Err):
			z.contact(sent)
		}
	}()
	return r
}

// Wait waits for the answer. It leaves early when ctx or either session ends;
// settled tells.
func (r *Request[T]) Wait(ctx context.Context) (T, error) {
	if r.Settled() {
		return r.Value, r.Err
	}
	var none T
	select {
	case <-r.Done:
		return r.Value, r.Err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-r.z.Gone:
		return none, r.s.endError()
	case <-r.s.Context.Done():
		return none, failures.ErrClosed
	}
}

// Settled reports whether the request is no longer under way, or never was.
func (r *Request[T]) Settled() bool { return r == nil || IsClosed(r.Done) }

// Retry repeats a request until it is answered in z.
func Retry[T any](ctx context.Context, s *Client, z *Session, k kind, f func() (T, error)) (T, error) {
	var b Backoff
	for {
		if err := s.AwaitConnected(ctx, z); err != nil {
			var none T
			return none, err
		}
		v, err := Send(s, z, k, f).Wait(ctx)
		if !failures.Unanswered(err) {
			return v, err
		}
		s.Repeat("a request", err)
		b.Pause(ctx)
	}
}

// Check asks a quorum whether paths exist, by a write that changes nothing.
func (s *Client) Check(paths ...string) (struct{}, error) {
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.CheckVersionRequest{Path: path, Version: -1})
	}
	_, err := s.Conn.Multi(ops...)
	return struct{}{}, err
}

// QuorumSync makes every later read in z see at least all that was committed
// before the call, and says whether all paths exist there. sync would not do, it can
// be answered by a leader that has been deposed (ZOOKEEPER-1675).
func (s *Client) QuorumSync(ctx context.Context, z *Session, paths ...string) (exist bool, err error) {
	_, err = Retry(ctx, s, z, Write, func() (struct{}, error) { return s.Check(paths...) })
	if failures.Stopped(err) {
		return false, err
	}
	return !errors.Is(err, zk.ErrNoNode), nil // a refusal comes from a quorum, too
}

// Get reads path, without a watch.
func (s *Client) Get(ctx context.Context, z *Session, path string) (Value, error) {
	return Retry(ctx, s, z, Read, func() (Value, error) {
		data, stat, err := s.Conn.Get(path)
		return Value{Data: data, Stat: stat}, err
	})
}

// Children lists the children of path, none if there is no path.
func (s *Client) Children(ctx context.Context, z *Session, path string) ([]string, error) {
	v, err := s.Listed(ctx, z, path, false)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return v.Names, err
}

// NumChildren counts the children of path, none if there is no path.
func (s *Client) NumChildren(ctx context.Context, z *Session, path string) (int, error) {
	return Retry(ctx, s, z, Read, func() (int, error) {
		exists, stat, err := s.Conn.Exists(path)
		if err != nil || !exists {
			return 0, err
		}
		return int(stat.NumChildren), nil
	})
}

// FreshChildren lists the children of path as they are at some time during the
// call.
func (s *Client) FreshChildren(ctx context.Context, z *Session, path string) ([]string, error) {
	if exists, err := s.QuorumSync(ctx, z, path); err != nil || !exists {
		return nil, err
	}
	return s.Children(ctx, z, path)
}

// Remove deletes path unless it is gone already, and says whether it was there.
// Only for znodes whose name nobody uses again: a repeated delete then does no
// harm, and that it finds nothing is a quorum's word. After a lost reply it says
// that the znode was there.
func (s *Client) Remove(ctx context.Context, z *Session, path string) (was bool, err error) {
	tried := 0
	_, err = Retry(ctx, s, z, Write, func() (struct{}, error) {
		tried++
		return struct{}{}, s.Conn.Delete(path, -1)
	})
	if errors.Is(err, zk.ErrNoNode) {
		return tried > 1, nil
	}
	return err == nil, err
}

// RemoveAll is remove for several znodes: by one multi, unless some of them are gone.
func (s *Client) RemoveAll(ctx context.Context, z *Session, paths []string) (were bool, err error) {
	if len(paths) == 1 {
		return s.Remove(ctx, z, paths[0])
	}
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	tried := 0
	_, err = Retry(ctx, s, z, Write, func() ([]zk.MultiResponse, error) {
		tried++
		return s.Conn.Multi(ops...)
	})
	if !errors.Is(err, zk.ErrNoNode) {
		return err == nil, err
	}
	for _, path := range paths {
		if _, err := s.Remove(ctx, z, path); err != nil {
			return false, err
		}
	}
	return tried > 1, nil
}
