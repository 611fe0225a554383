package client

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// Request is one request under way. go-zookeeper's calls take no context, so each runs on a
// goroutine of its own, and its caller can leave earlier. The goroutine ends when the request is
// answered, or the connection is lost or closed.
type Request[T any] struct {
	s    *Client
	z    *Session
	Done chan struct{} // closed when it is no longer under way

	// Set when Done is closed:
	Value  T     // the answer
	Err    error // ErrSessionLost if the answer came in a later session
	Unsent bool  // the session was gone before
}

// kind is the kind of a request.
type kind bool

const (
	Read  kind = false // its answer comes from one server
	Write kind = true  // its answer, even an error, comes from a quorum
)

// Send starts a request in z.
func Send[T any](cl *Client, z *Session, k kind, f func() (T, error)) *Request[T] {
	r := &Request[T]{s: cl, z: z, Done: make(chan struct{})}
	go func() {
		defer close(r.Done)
		sent := time.Now() // or later: the earlier time is the safe one
		if !cl.IsCurrent(z) {
			r.Err, r.Unsent = cl.endError(), true
			return
		}
		r.Value, r.Err = f()
		switch {
		case !cl.IsCurrent(z) && !failures.Unauthenticated(r.Err): // else the server has ended the session because of this request
			r.Err = cl.endError()
		case k == Write && !failures.Unanswered(r.Err):
			z.contact(sent)
		}
	}()
	return r
}

// Wait waits for the answer. It returns early when ctx, the session or the client ends; Settled
// tells whether it did.
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
func (r *Request[T]) Settled() bool { return r == nil || await.Closed(r.Done) }

// Retry repeats a request until a server answers it in z.
func Retry[T any](ctx context.Context, cl *Client, z *Session, k kind, f func() (T, error)) (T, error) {
	v, _, err := RetryTracked(ctx, cl, z, k, f)
	return v, err
}

// RetryTracked is like Retry, for a request that the caller may have to undo: over is closed once the
// last try is no longer under way. Until then, that try may still be sent, after the request that undoes
// it. over is nil if there was no try.
func RetryTracked[T any](ctx context.Context, cl *Client, z *Session, k kind, f func() (T, error)) (v T, over <-chan struct{}, err error) {
	var b Backoff
	for {
		if err := cl.AwaitConnected(ctx, z); err != nil {
			return v, over, err
		}
		r := Send(cl, z, k, f)
		over = r.Done
		v, err := r.Wait(ctx)
		if !failures.Unanswered(err) {
			return v, over, err
		}
		cl.Repeat("a request", err)
		b.Pause(ctx)
	}
}

// Check asks a quorum whether paths exist, by a write that changes nothing.
func (cl *Client) Check(paths ...string) (struct{}, error) {
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.CheckVersionRequest{Path: path, Version: -1})
	}
	_, err := cl.Conn.Multi(ops...)
	return struct{}{}, err
}

// QuorumSync makes every later read in z see at least all changes that were committed before the
// call, and reports whether all paths exist then. A sync would not be enough: a deposed leader can
// answer it (ZOOKEEPER-1675).
func (cl *Client) QuorumSync(ctx context.Context, z *Session, paths ...string) (exist bool, err error) {
	_, err = Retry(ctx, cl, z, Write, func() (struct{}, error) { return cl.Check(paths...) })
	if failures.Stopped(err) || failures.Nameless(err) {
		return false, err
	}
	return !errors.Is(err, zk.ErrNoNode), nil // a refusal also comes from a quorum
}

// Get reads path, without a watch.
func (cl *Client) Get(ctx context.Context, z *Session, path string) (Value, error) {
	return Retry(ctx, cl, z, Read, func() (Value, error) {
		data, stat, err := cl.Conn.Get(path)
		return Value{Data: data, Stat: stat}, err
	})
}

// Children lists the children of path. The list is empty if path does not exist.
func (cl *Client) Children(ctx context.Context, z *Session, path string) ([]string, error) {
	v, err := cl.Listed(ctx, z, path, false)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return v.Names, err
}

// NumChildren counts the children of path. It returns 0 if path does not exist.
func (cl *Client) NumChildren(ctx context.Context, z *Session, path string) (int, error) {
	return Retry(ctx, cl, z, Read, func() (int, error) {
		exists, stat, err := cl.Conn.Exists(path)
		if err != nil || !exists {
			return 0, err
		}
		return int(stat.NumChildren), nil
	})
}

// FreshChildren lists the children of path as they are at some time during the call.
func (cl *Client) FreshChildren(ctx context.Context, z *Session, path string) ([]string, error) {
	if exists, err := cl.QuorumSync(ctx, z, path); err != nil || !exists {
		return nil, err
	}
	return cl.Children(ctx, z, path)
}

// Remove deletes path unless it is gone already, and reports whether it existed. Use it only for
// znodes whose names never come back: then a repeated delete does no harm, and if it finds nothing,
// a quorum says so. After a lost reply Remove reports that the znode existed.
func (cl *Client) Remove(ctx context.Context, z *Session, path string) (was bool, err error) {
	tried := 0
	_, err = Retry(ctx, cl, z, Write, func() (struct{}, error) {
		tried++
		return struct{}{}, cl.Conn.Delete(path, -1)
	})
	if errors.Is(err, zk.ErrNoNode) {
		return tried > 1, nil
	}
	return err == nil, err
}

// RemoveAll is like Remove, for several znodes. It uses one multi, unless some of the znodes are
// gone.
func (cl *Client) RemoveAll(ctx context.Context, z *Session, paths []string) (were bool, err error) {
	if len(paths) == 1 {
		return cl.Remove(ctx, z, paths[0])
	}
	ops := make([]any, 0, len(paths))
	for _, path := range paths {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	tried := 0
	_, err = Retry(ctx, cl, z, Write, func() ([]zk.MultiResponse, error) {
		tried++
		return cl.Conn.Multi(ops...)
	})
	if !errors.Is(err, zk.ErrNoNode) {
		return err == nil, err
	}
	for _, path := range paths {
		if _, err := cl.Remove(ctx, z, path); err != nil {
			return false, err
		}
	}
	return tried > 1, nil
}
