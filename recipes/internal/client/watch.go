package client

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// watches has the watches that are set and have not fired. go-zookeeper keeps a channel for each
// call that sets a watch until the watch fires. So calls that wait for the same change, one after
// the other or at once, share one channel. Its channels get one event and are closed: any number of
// waiters can receive from one.
type watches struct {
	mu      sync.Mutex
	set     map[string]<-chan zk.Event
	sweepAt int // size above which fired watches are removed
}

const fewWatches = 64

// pending returns the watch that is set under key, or nil if there is none.
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

// add stores a watch.
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

// Fired reports whether a watch has fired. It may receive the event, which leaves the channel
// closed: no caller needs the event itself.
func Fired(ch <-chan zk.Event) bool {
	select {
	case _, open := <-ch:
		taken(ch, open)
		return true
	default:
		return false
	}
}

// taken waits until the channel of a watch, whose event has been received, is closed. go-zookeeper
// closes it next; in between, another look would find that the watch has not fired.
func taken(ch <-chan zk.Event, open bool) {
	if open {
		<-ch
	}
}

// Value is a znode's data and state, or the names of its children.
type Value struct {
	Data    []byte          // of the znode
	Stat    *zk.Stat        // of the znode, if it was read
	Names   []string        // of its children, in any order
	Changed <-chan zk.Event // the watch, if there is one
}

// GetW reads path and makes sure that there is a watch on it. With zk.ErrNoNode it sets no watch
// (exists would leave one behind on a name that never comes back).
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

// ExistsW checks whether path exists and makes sure that there is a watch on it, even if it does
// not exist; then the stat is nil.
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

// ChildrenW lists the children of path and makes sure that there is a watch on them.
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

// Listed lists the children: with a watch, as ChildrenW does, if watch is true, and otherwise
// without one.
func (cl *Client) Listed(ctx context.Context, z *Session, path string, watch bool) (Value, error) {
	if watch {
		return cl.ChildrenW(ctx, z, path)
	}
	return Retry(ctx, cl, z, Read, func() (v Value, err error) {
		v.Names, v.Stat, err = cl.Conn.Children(path)
		return v, err
	})
}

// watched reads, and sets a watch unless the one under key is still set. In that case a plain read
// is enough: the event of a change that the read does not show is still to come.
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

// Wait waits until another look is worth while: one of the watches has fired (nil watches never
// fire), the session has an event, or a while has passed. go-zookeeper can miss a change over a
// reconnect (see WatchRestoreDelay), and certainly misses a second change that follows before the
// watches are back. So no wait relies on watches alone.
func (cl *Client) Wait(ctx context.Context, z *Session, event <-chan struct{}, changed ...<-chan zk.Event) error {
	return cl.WaitFor(ctx, z, cl.Timeout, event, changed...)
}

// WaitFor is like Wait, but waits for most at most.
func (cl *Client) WaitFor(ctx context.Context, z *Session, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) error {
	_, err := cl.WaitTold(ctx, z, most, event, changed...)
	return err
}

// WaitTold is like WaitFor. If a watch fired, and no other goroutine that waits for the same watch
// has received its event, WaitTold returns the event.
func (cl *Client) WaitTold(ctx context.Context, z *Session, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) (told zk.Event, err error) {
	t := time.NewTimer(min(most, cl.Timeout) + jitter(ctx)) // other calls may wait for the same time
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
			TakeTurn(told, jitter(ctx))
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

// AwaitOne waits for a channel, or until ctx or the client ends.
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
