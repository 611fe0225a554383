package recipes

import (
	"context"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// watches remembers which watches are set and have not fired. go-zookeeper keeps
// a channel for each call that sets one until it fires, so calls that wait for
// the same thing, one after the other or at once, share one. Its channels get one
// event and are closed: any number of waiters can receive from one.
type watches struct {
	mu     sync.Mutex
	set    map[string]<-chan zk.Event
	enough int // size at which fired ones are swept out
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
	if len(w.set) <= max(w.enough, fewWatches) {
		return
	}
	for key, ch := range w.set {
		if fired(ch) {
			delete(w.set, key)
		}
	}
	w.enough = 2 * len(w.set)
}

// fired reports whether a watch has fired. It may take the event, which leaves
// the channel closed: nobody looks at what the event says.
func fired(ch <-chan zk.Event) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// value is a znode's data and state with a watch on it.
type value struct {
	data    []byte
	stat    *zk.Stat
	changed <-chan zk.Event // fires when the znode changes or goes
}

// get reads path and sees to it that there is a watch on it; zk.ErrNoNode comes
// without one (exists would leave one behind on a name that never comes back).
//
// If a watch is set already, a plain read will do: the event of a change that
// this read does not show is still to come.
func (s *Session) get(ctx context.Context, l *life, path string) (value, error) {
	key := "data " + path
	return ask(ctx, s, l, read, func() (value, error) {
		if ch := s.watches.pending(key); ch != nil {
			data, stat, err := s.conn.Get(path)
			return value{data, stat, ch}, err
		}
		data, stat, ch, err := s.conn.GetW(path)
		if err == nil {
			s.watches.add(key, ch)
		}
		return value{data, stat, ch}, err
	})
}

// list is a znode's children with a watch on them.
type list struct {
	names   []string
	changed <-chan zk.Event
}

// list reads the children of path and sees to it that there is a watch on them.
func (s *Session) list(ctx context.Context, l *life, path string) (list, error) {
	key := "children " + path
	return ask(ctx, s, l, read, func() (list, error) {
		if ch := s.watches.pending(key); ch != nil {
			names, _, err := s.conn.Children(path)
			return list{names, ch}, err
		}
		names, _, ch, err := s.conn.ChildrenW(path)
		if err == nil {
			s.watches.add(key, ch)
		}
		return list{names, ch}, err
	})
}

// wait waits until it is worth looking again: a watch fired, or there is news of
// the session, or a while has passed. go-zookeeper can miss a change over a
// reconnect (see rest), and surely when a second one follows before the watches
// are back, so no wait relies on watches alone.
func (s *Session) wait(ctx context.Context, l *life, news <-chan struct{}, changed ...<-chan zk.Event) error {
	var one, two <-chan zk.Event
	if len(changed) > 0 {
		one = changed[0]
	}
	if len(changed) > 1 {
		two = changed[1]
	}
	t := time.NewTimer(s.timeout)
	defer t.Stop()
	select {
	case <-one:
	case <-two:
	case <-news:
	case <-t.C:
	case <-l.gone:
		return s.ended()
	case <-s.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
