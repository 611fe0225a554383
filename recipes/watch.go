package recipes

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
	if ch != nil && fired(ch) {
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
		if fired(ch) {
			delete(w.set, key)
		}
	}
	w.sweepAt = 2 * len(w.set)
}

// fired reports whether a watch has fired. It may take the event, which leaves
// the channel closed: nobody looks at what the event says.
func fired(ch <-chan zk.Event) bool {
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

// value is a znode's data and state, or the names of its children.
type value struct {
	data    []byte
	stat    *zk.Stat
	names   []string
	changed <-chan zk.Event // the watch, if there is one
}

// getW reads path and sees to it that there is a watch on it; zk.ErrNoNode comes
// without one (exists would leave one behind on a name that never comes back).
func (s *client) getW(ctx context.Context, z *zkSession, path string) (value, error) {
	return s.watched(ctx, z, "data "+path, func(watch bool) (v value, err error) {
		if watch {
			v.data, v.stat, v.changed, err = s.conn.GetW(path)
		} else {
			v.data, v.stat, err = s.conn.Get(path)
		}
		return v, err
	})
}

// existsW looks whether path is there and sees to it that there is a watch on it, also
// where it is not: the stat is nil then.
func (s *client) existsW(ctx context.Context, z *zkSession, path string) (value, error) {
	return s.watched(ctx, z, "exists "+path, func(watch bool) (v value, err error) {
		var exists bool
		if watch {
			exists, v.stat, v.changed, err = s.conn.ExistsW(path)
		} else {
			exists, v.stat, err = s.conn.Exists(path)
		}
		if !exists {
			v.stat = nil
		}
		return v, err
	})
}

// childrenW lists the children of path and sees to it that there is a watch on
// them.
func (s *client) childrenW(ctx context.Context, z *zkSession, path string) (value, error) {
	return s.watched(ctx, z, "children "+path, func(watch bool) (v value, err error) {
		if watch {
			v.names, v.stat, v.changed, err = s.conn.ChildrenW(path)
		} else {
			v.names, v.stat, err = s.conn.Children(path)
		}
		return v, err
	})
}

// listed is childrenW, or lists them without a watch.
func (s *client) listed(ctx context.Context, z *zkSession, path string, watch bool) (value, error) {
	if watch {
		return s.childrenW(ctx, z, path)
	}
	return retry(ctx, s, z, read, func() (v value, err error) {
		v.names, v.stat, err = s.conn.Children(path)
		return v, err
	})
}

// watched reads, and sets a watch unless the one under key is still set: then a
// plain read will do, as the event of a change that it does not show is still to
// come.
func (s *client) watched(ctx context.Context, z *zkSession, key string, f func(watch bool) (value, error)) (value, error) {
	return retry(ctx, s, z, read, func() (value, error) {
		if ch := s.watches.pending(key); ch != nil {
			v, err := f(false)
			v.changed = ch
			return v, err
		}
		v, err := f(true)
		if err == nil {
			s.watches.add(key, v.changed)
		}
		return v, err
	})
}

// wait waits until it is worth looking again: one of the watches (nil: none)
// fired, or the session has an event, or a while has passed. go-zookeeper can miss
// a change over a reconnect (see watchRestoreDelay), and surely when a second one
// follows before the watches are back, so no wait relies on watches alone.
func (s *client) wait(ctx context.Context, z *zkSession, event <-chan struct{}, changed ...<-chan zk.Event) error {
	return s.waitFor(ctx, z, s.timeout, event, changed...)
}

// waitFor is wait for no longer than that.
func (s *client) waitFor(ctx context.Context, z *zkSession, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) error {
	_, err := s.waitTold(ctx, z, most, event, changed...)
	return err
}

// waitTold is waitFor that says what the watch told that fired, if it was one, and if nobody
// else has taken that in: several can wait for one watch.
func (s *client) waitTold(ctx context.Context, z *zkSession, most time.Duration, event <-chan struct{}, changed ...<-chan zk.Event) (told zk.Event, err error) {
	t := time.NewTimer(min(most, s.timeout) + turn(ctx)) // others may wait for the same time
	defer t.Stop()
	cases := []reflect.SelectCase{receives(z.gone), receives(s.ctx.Done()), receives(ctx.Done()), receives(event), receives(t.C)}
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
		err = s.endError()
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

// awaitOne waits for one thing, or until ctx or s ends.
func (s *client) awaitOne(ctx context.Context, what <-chan struct{}) error {
	select {
	case <-what:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return ErrClosed
	}
}
