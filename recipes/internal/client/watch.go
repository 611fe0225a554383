package client

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// watches remembers which watches are set and have not fired. go-zookeeper keeps
// a channel for each call that sets one until it fires, so calls that wait for
// the same thing, one after the other or at once, share one. Its channels get one
// event and are closed: any number of waiters can receive from one.
type watches struct {
	mu      sync.Mutex
	set     map[string]<-chan zk.Event
	sweepAt int // size above which fired ones are removed
}

const fewWatches = 64

// pending returns the watch that is set under key, nil if there is none.
func (w *watches) pending(key string) <-chan zk.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.set[key]
	if ch != nil && Fired(ch) {
		delete(w.set, key)
		return nil
	}
	return ch
}

// add remembers a watch.
func (w *watches) add(key string, ch <-chan zk.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set == nil {
		w.set = make(map[string]<-chan zk.Event)
	}
	w.set[key] = ch
	if len(w.set) <= max(w.sweepAt, fewWatches) {
		return
	}
	for key, ch := range w.set {
		if Fired(ch) {
			delete(w.set, key)
		}
	}
	w.sweepAt = 2 * len(w.set)
}

// Fired reports whether a watch has fired. It may take the event, which leaves
// the channel closed: nobody looks at what the event says.
func Fired(ch <-chan zk.Event) bool {
	select {
	case _, open := <-ch:
		taken(ch, open)
		return true
	default:
		return false
	}
}

// taken waits, where somebody has taken a watch's event, until its channel is closed, which
// is what go-zookeeper does next: in between whoever looks again would find that it has
// not fired.
func taken(ch <-chan zk.Event, open bool) {
	if open {
		<-ch
	}
}

// Value is a znode's data and state, or the names of its children.
type Value struct {
	Data    []byte          // of the znode
	Stat    *zk.Stat        // of the znode, where it was read
	Names   []string        // of its children, in any order
	Changed <-chan zk.Event // the watch, if there is one
}

// GetW reads path and sees to it that there is a watch on it; zk.ErrNoNode comes
// without one (exists would leave one behind on a name that never comes back).
func (cl *Client) GetW(ctx context.Context, z *Session, path string) (Value, error) {
	return cl.watched(ctx, z, "data "+path, func(watch bool) (v Value, err error) {
		if watch {
			v.Data, v.Stat, v.Changed, err = cl.Conn.GetW(path)
		} else {
			v.Data, v.Stat, err = cl.Conn.Get(path)
		}
		return v, err
	})
}

// ExistsW looks whether path is there and sees to it that there is a watch on it, also
// where it is not: the stat is nil then.
func (cl *Client) ExistsW(ctx context.Context, z *Session, path string) (Value, error) {
	return cl.watched(ctx, z, "exists "+path, func(watch bool) (v Value, err error) {
		var exists bool
		if watch {
			exists, v.Stat, v.Changed, err = cl.Conn.ExistsW(path)
		} else {
			exists, v.Stat, err = cl.Conn.Exists(path)
		}
		if !exists {
			v.Stat = nil
		}
		return v, err
	})
}

// ChildrenW lists the children of path and sees to it that there is a watch on
// them.
func (cl *Client) ChildrenW(ctx context.Context, z *Session, path string) (Value, error) {
	return cl.watched(ctx, z, "children "+path, func(watch bool) (v Value, err error) {
		if watch {
			v.Names, v.Stat, v.Changed, err = cl.Conn.ChildrenW(path)
		} else {
			v.Names, v.Stat, err = cl.Conn.Children(path)
		}
		return v, err
	})
}

// Listed is ChildrenW, or lists them without a watch.
func (cl *Client) Listed(ctx context.Context, z *Session, path string, watch bool) (Value, error) {
	if watch {
		return cl.ChildrenW(ctx, z, path)
	}
	return Retry(ctx, cl, z, Read, func() (v Value, err error) {
		v.Names, v.Stat, err = cl.Conn.Children(path)
		return v, err
	})
}

// watched reads, and sets a watch unless the one under key is still set: then a
// plain read will do, as the event of a change that it does not show is still to
// come.
func (cl *Client) watched(ctx context.Context, z *Session, key string, f func(watch bool) (Value, error)) (Value, error) {
	return Retry(ctx, cl, z, Read, func() (Value, error) {
		if ch := cl.watches.pending(key); ch != nil {
			v, err := f(false)
			v.Changed = ch
			return v, err
		}
		v, err := f(true)
		if err == nil {
			cl.watches.add(key, v.Changed)
		}
		return v, err
	})
}

// Wait waits until it is worth looking again: one of the watches (nil: none)
// fired, or the session has an event, or a while has passed. go-zookeeper can miss
// a change over a reconnect (see watchRestoreDelay), and surely when a second one
// follows before the watches are back, so no wait relies on watches alone.
func (cl *Client) Wait(ctx context.Context, z *Session, event <-chan struct{}, changed ...<-chan zk.Event) error {
	return cl.WaitFor(ctx, z, cl.Timeout, event, changed...)
}

// WaitFor is Wait for no longer than that.
func (cl *Client) WaitFor(ctx context.Context, z *Session, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) error {
	_, err := cl.WaitTold(ctx, z, most, event, changed...)
	return err
}

// WaitTold is WaitFor that says what the watch told that fired, if it was one, and if nobody
// else has taken that in: several can wait for one watch.
func (cl *Client) WaitTold(ctx context.Context, z *Session, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) (told zk.Event, err error) {
	t := time.NewTimer(min(most, cl.Timeout) + turn(ctx)) // others may wait for the same time
	defer t.Stop()
	cases := []reflect.SelectCase{receives(z.Gone), receives(cl.Context.Done()), receives(ctx.Done()), receives(event), receives(t.C)}
	others := len(cases)
	for _, ch := range changed {
		cases = append(cases, receives(ch))
	}
	first, v, open := reflect.Select(cases)
	if first >= others {
		taken(changed[first-others], open)
		if open {
			told = v.Interface().(zk.Event)
		}
	}
	switch first {
	case 0:
		err = cl.endError()
	case 1:
		err = failures.ErrClosed
	case 2:
		err = ctx.Err()
	}
	return told, err
}

func receives[T any](ch <-chan T) reflect.SelectCase {
	return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)}
}

// AwaitOne waits for one thing, or until ctx or s ends.
func (cl *Client) AwaitOne(ctx context.Context, what <-chan struct{}) error {
	select {
	case <-what:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-cl.Context.Done():
		return failures.ErrClosed
	}
}
