package client

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
)

// deletions reports znodes that have gone, as the connection's events do: in the order of all
// events, including those of the session. A watch's own channel fires a little earlier, but does
// not show its order among other events: after a reconnect the servers report missed changes in the
// order in which the client asks for them, not in the order in which they happened.
type deletions struct {
	mu      sync.Mutex
	silent  bool // no events come, or only events of the session
	waiting map[string][]chan struct{}
}

// Of returns a channel that receives when a deletion of one of the paths is reported, until stop is
// called.
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

// Pending returns how many paths there are whose deletion a caller waits for.
func (d *deletions) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// take handles an event of a znode.
func (d *deletions) take(e zk.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = false
	if e.Type != zk.EventNodeDeleted {
		return
	}
	for _, ch := range d.waiting[e.Path] {
		await.Wake(ch)
	}
}

// isSilent reports whether deletions are not reported, so that there is nothing to wait for.
func (d *deletions) isSilent() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.silent
}

// silence records that a deletion was not reported, or that none ever will be.
func (d *deletions) silence() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.silent = true
}

// ToldWithin is how much later than its watch the event of a deletion comes, at most. Unless it was
// lost, it comes some microseconds later.
const ToldWithin = 5 * time.Millisecond

// InOrder waits for the event of a deletion that a watch has reported. It reports whether no other
// event of the session came before it: then the znodes have gone in the order in which their
// deletions were reported. event is the next event of the session, counted from a moment at which
// all of the znodes in question existed.
func (cl *Client) InOrder(ctx context.Context, z *Session, told, event <-chan struct{}) bool {
	if cl.Deletions.isSilent() {
		return false
	}
	t := time.NewTimer(ToldWithin + jitter(ctx))
	defer t.Stop()
	select {
	case <-told:
		return !await.Closed(event) && cl.IsCurrent(z)
	case <-t.C:
		cl.Deletions.silence()
	case <-event:
	case <-z.Gone:
	case <-ctx.Done():
	}
	return false
}

// overflown reports whether events may have been lost after the one that was just received:
// go-zookeeper drops events for which its channel has no room.
func overflown(events <-chan zk.Event) bool {
	return cap(events) > 1 && len(events) >= cap(events)-1
}
