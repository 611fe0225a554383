package zkconn

import (
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
)

// eventQueue is a channel without a bound: the client's callback must never
// wait, and no StateExpired may be lost because a subject is slow to read.
type eventQueue struct {
	out chan zk.Event

	mu      sync.Mutex
	pending []zk.Event
	closed  bool
	wake    chan struct{}
	dropped chan struct{}
	once    sync.Once
}

func newEventQueue() *eventQueue {
	q := &eventQueue{out: make(chan zk.Event), wake: make(chan struct{}, 1), dropped: make(chan struct{})}
	go q.run()
	return q
}

func (q *eventQueue) push(e zk.Event) {
	q.mu.Lock()
	if !q.closed {
		q.pending = append(q.pending, e)
	}
	q.mu.Unlock()
	q.signal()
}

// close ends the queue without waiting for a reader: a reader that still reads gets what was pushed
// before.
func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.discard()
	q.signal()
}

// discard lets the queue end even if no goroutine reads from it.
func (q *eventQueue) discard() { q.once.Do(func() { close(q.dropped) }) }

func (q *eventQueue) signal() { await.Wake(q.wake) }

func (q *eventQueue) run() {
	defer close(q.out)
	for {
		e, ok, closed := q.pop()
		if !ok {
			if closed {
				return
			}
			<-q.wake
			continue
		}
		select {
		case q.out <- e:
		case <-q.dropped:
			// The connection has ended: pass on what a present reader takes, and drop the rest.
			select {
			case q.out <- e:
			default:
				q.drain()
			}
		}
	}
}

func (q *eventQueue) pop() (e zk.Event, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.pending) == 0 {
		return zk.Event{}, false, q.closed
	}
	e = q.pending[0]
	q.pending = q.pending[1:]
	return e, true, false
}

func (q *eventQueue) drain() {
	q.mu.Lock()
	q.pending = nil
	q.mu.Unlock()
}
