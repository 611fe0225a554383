package recipes

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// request is one request under way. go-zookeeper's calls take no context, so each
// runs on a goroutine of its own, and whoever waits for it can leave earlier. The
// goroutine ends when the request is answered, or the connection is lost or
// closed.
type request[T any] struct {
	s    *client
	z    *zkSession
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
	write kind = true // its answer, an error too, comes from a quorum
)

// send starts a request in z.
func send[T any](s *client, z *zkSession, k kind, f func() (T, error)) *request[T] {
	r := &request[T]{s: s, z: z, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		sent := time.Now() // or later, which only makes us more careful
		if !s.isCurrent(z) {
			r.err, r.unsent = s.endError(), true
			return
		}
		r.v, r.err = f()
		switch {
		case !s.isCurrent(z):
			r.err = s.endError()
		case k == write && !failures.Unanswered(r.err):
			z.contact(sent)
		}
	}()
	return r
}

// wait waits for the answer. It leaves early when ctx or either session ends;
// settled tells.
func (r *request[T]) wait(ctx context.Context) (T, error) {
	if r.settled() {
		return r.v, r.err
	}
	var none T
	select {
	case <-r.done:
		return r.v, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-r.z.gone:
		return none, r.s.endError()
	case <-r.s.ctx.Done():
		return none, failures.ErrClosed
	}
}

// settled reports whether the request is no longer under way, or never was.
func (r *request[T]) settled() bool { return r == nil || isClosed(r.done) }

// retry repeats a request until it is answered in z.
func retry[T any](ctx context.Context, s *client, z *zkSession, k kind, f func() (T, error)) (T, error) {
	var b backoff
	for {
		if err := s.awaitConnected(ctx, z); err != nil {
			var none T
			return none, err
		}
		v, err := send(s, z, k, f).wait(ctx)
		if !failures.Unanswered(err) {
			return v, err
		}
		s.repeat("a request", err)
		b.pause(ctx)
	}
}

// check asks a quorum whether paths exist, by a write that changes nothing.
func (s *client) check(paths ...string) (struct{}, error) {
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.CheckVersionRequest{Path: path, Version: -1})
	}
	_, err := s.conn.Multi(ops...)
	return struct{}{}, err
}

// quorumSync makes every later read in z see at least all that was committed
// before the call, and says whether all paths exist there. sync would not do, it can
// be answered by a leader that has been deposed (ZOOKEEPER-1675).
func (s *client) quorumSync(ctx context.Context, z *zkSession, paths ...string) (exist bool, err error) {
	_, err = retry(ctx, s, z, write, func() (struct{}, error) { return s.check(paths...) })
	if failures.Stopped(err) {
		return false, err
	}
	return !errors.Is(err, zk.ErrNoNode), nil // a refusal comes from a quorum, too
}

// get reads path, without a watch.
func (s *client) get(ctx context.Context, z *zkSession, path string) (value, error) {
	return retry(ctx, s, z, read, func() (value, error) {
		data, stat, err := s.conn.Get(path)
		return value{data: data, stat: stat}, err
	})
}

// children lists the children of path, none if there is no path.
func (s *client) children(ctx context.Context, z *zkSession, path string) ([]string, error) {
	v, err := s.listed(ctx, z, path, false)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return v.names, err
}

// numChildren counts the children of path, none if there is no path.
func (s *client) numChildren(ctx context.Context, z *zkSession, path string) (int, error) {
	return retry(ctx, s, z, read, func() (int, error) {
		exists, stat, err := s.conn.Exists(path)
		if err != nil || !exists {
			return 0, err
		}
		return int(stat.NumChildren), nil
	})
}

// freshChildren lists the children of path as they are at some time during the
// call.
func (s *client) freshChildren(ctx context.Context, z *zkSession, path string) ([]string, error) {
	if exists, err := s.quorumSync(ctx, z, path); err != nil || !exists {
		return nil, err
	}
	return s.children(ctx, z, path)
}

// remove deletes path unless it is gone already, and says whether it was there.
// Only for znodes whose name nobody uses again: a repeated delete then does no
// harm, and that it finds nothing is a quorum's word. After a lost reply it says
// that the znode was there.
func (s *client) remove(ctx context.Context, z *zkSession, path string) (was bool, err error) {
	tried := 0
	_, err = retry(ctx, s, z, write, func() (struct{}, error) {
		tried++
		return struct{}{}, s.conn.Delete(path, -1)
	})
	if errors.Is(err, zk.ErrNoNode) {
		return tried > 1, nil
	}
	return err == nil, err
}

// removeAll is remove for several znodes: by one multi, unless some of them are gone.
func (s *client) removeAll(ctx context.Context, z *zkSession, paths []string) (were bool, err error) {
	if len(paths) == 1 {
		return s.remove(ctx, z, paths[0])
	}
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	tried := 0
	_, err = retry(ctx, s, z, write, func() ([]zk.MultiResponse, error) {
		tried++
		return s.conn.Multi(ops...)
	})
	if !errors.Is(err, zk.ErrNoNode) {
		return err == nil, err
	}
	for _, path := range paths {
		if _, err := s.remove(ctx, z, path); err != nil {
			return false, err
		}
	}
	return tried > 1, nil
}
