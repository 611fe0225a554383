package zkconn

import (
	"context"
	"slices"
	"sync"

	"github.com/go-zookeeper/zk"
)

// Events passes the events of one connection to every reader that asks for them. No reader can
// hold up the connection or another reader, and none loses an event as long as it reads
// eventually. It is safe for concurrent use.
type Events struct {
	all   *eventQueue
	begun chan struct{} // closed when the first session begins

	mu      sync.Mutex
	readers []reader // in the order in which they came
	closed  bool
	session bool // begun is closed
}

// reader is the queue of one reader. unbind lets go of the reader's context; nil if it has none.
type reader struct {
	*eventQueue
	unbind func() bool
}

func newEvents() *Events {
	all := newEventQueue()
	return &Events{all: all, begun: make(chan struct{}), readers: []reader{{eventQueue: all}}}
}

// All returns a channel with every event from the first on, in order. It is closed when the connection
// has ended. All callers share the channel.
func (e *Events) All() <-chan zk.Event { return e.all.out }

// Subscribe returns a channel of the caller's own that has every event from now on, in order. It
// is closed when ctx or the connection has ended.
func (e *Events) Subscribe(ctx context.Context) <-chan zk.Event {
	q := newEventQueue()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		q.close()
		return q.out
	}
	unbind := context.AfterFunc(ctx, func() { e.unsubscribe(q) })
	e.readers = append(e.readers, reader{q, unbind})
	return q.out
}

func (e *Events) unsubscribe(q *eventQueue) {
	e.mu.Lock()
	e.readers = slices.DeleteFunc(e.readers, func(r reader) bool { return r.eventQueue == q })
	e.mu.Unlock()
	q.close()
}

func (e *Events) push(event zk.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.readers {
		r.push(event)
	}
	if event.State == zk.StateHasSession && !e.session {
		e.session = true
		close(e.begun)
	}
}

// close ends all channels. Present readers still get what was pushed before; the rest is
// dropped.
func (e *Events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, r := range e.readers {
		if r.unbind != nil {
			r.unbind()
		}
		r.close()
	}
	e.readers = nil
}
