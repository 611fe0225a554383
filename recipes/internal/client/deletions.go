package client

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// deletions tells of znodes that have gone, as the connection's events do: in the order of all
// events, those of the session among them. A watch's own channel fires a little earlier, but
// says nothing of what else there was: after a reconnect the servers tell what was missed in
// the order in which the client asks for it, and not in that in which it happened.
type deletions struct {
	mu      sync.Mutex
	silent  bool // no events come, or those of the session alone
	waiting map[string][]chan struct{}
}

// Of returns a channel that gets something when the deletion of one of the paths is told, until
// stop is called.
func (d *deletions) Of(paths []string) (told <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		d.waiting = make(map[string][]chan struct{})
	}
	for _, path := range paths {
		d.waiting[path] = append(d.waiting[path], ch)
	}
	return ch, func() { d.forget(paths, ch) }
}

func (d *deletions) forget(paths []string, ch chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, path := range paths {
		rest := slices.DeleteFunc(d.waiting[path], func(other chan struct{}) bool { return other == ch })
		if d.waiting[path] = rest; len(rest) == 0 {
			delete(d.waiting, path)
		}
	}
}

// Pending is how many paths there are whose deletion somebody is to be told of.
func (d *deletions) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// take takes in an event of a znode.
func (d *deletions) take(e zk.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = false
	if e.Type != zk.EventNodeDeleted {
		return
	}
	for _, ch := range d.waiting[e.Path] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// isSilent says that there is nothing to wait for.
func (d *deletions) isSilent() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.silent
}

// silence takes in that a deletion was not told, or that none ever will be.
func (d *deletions) silence() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = true
}

// ToldWithin is how much later than by its watch a deletion is told by an event, at most; it is
// some microseconds, where none was lost.
const ToldWithin = 5 * time.Millisecond

// InOrder waits until a deletion that a watch has told is told by an event, too, and reports whether
// there was no other event of the session before it: event is the next one, of a moment in which
// all of the znodes in question were there. Then they have gone in the order in which they were
// told to have gone.
func (cl *Client) InOrder(ctx context.Context, z *Session, told, event <-chan struct{}) bool {
	if cl.Deletions.isSilent() {
		return false
	}
	t := time.NewTimer(ToldWithin + turn(ctx))
	defer t.Stop()
	select {
	case <-told:
		return !IsClosed(event) && cl.IsCurrent(z)
	case <-t.C:
		cl.Deletions.silence()
	case <-event:
	case <-z.Gone:
	case <-ctx.Done():
	}
	return false
}

// overflown reports whether events may have been lost behind the one that was just received:
// go-zookeeper drops what its channel has no room for.
func overflown(events <-chan zk.Event) bool {
	return cap(events) > 1 && len(events) >= cap(events)-1
}
