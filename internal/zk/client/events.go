package client

import (
	"context"
	"sync"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
)

// State is the state of the session.
type State string

// The states of a session. Expired is the last one.
const (
	Connected    State = "connected"
	Disconnected State = "disconnected"
	Expired      State = "expired"
)

// Event is an event of a watch, or, where Session is not empty, of the session.
type Event struct {
	Type wire.EventType
	Path string
	// Zxid is the zxid of the change. It is 0 if the server does not report it, as before 3.9 or if the
	// change happened while the client was not connected. For Connected, if watches were set again, it
	// is the server's zxid at that time.
	Zxid int64

	Session State
	Server  string // the server that the client is or was connected to
	Err     error  // why the connection was lost

	// Mark is the value that was given to [Client.Mark], otherwise nil. All events up to its Zxid have
	// come before it.
	Mark any
}

// queue keeps events until they are asked for, however many.
type queue struct {
	mu     sync.Mutex
	events []Event
	filled chan struct{} // holds a value when there are events
	over   chan struct{}
	why    error
}

func newQueue() queue {
	return queue{filled: make(chan struct{}, 1), over: make(chan struct{})}
}

func (q *queue) add(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events = append(q.events, e)
	q.signal()
}

func (q *queue) signal() { await.Wake(q.filled) }

func (q *queue) end(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.why = why
	close(q.over)
}

// take removes and returns the oldest event.
func (q *queue) take() (e Event, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return e, false
	}
	e, q.events = q.events[0], q.events[1:]
	if len(q.events) > 0 {
		q.signal()
	}
	return e, true
}

// Next waits for the next event. When the client has ended and all events were returned, the error says
// why. All events are kept until they are read: call Next in a loop if you set watches that stay.
func (c *Client) Next(ctx context.Context) (Event, error) {
	for {
		if e, ok := c.queue.take(); ok {
			return e, nil
		}
		select {
		case <-c.queue.filled:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		case <-c.queue.over:
			if e, ok := c.queue.take(); ok {
				return e, nil
			}
			return Event{}, c.queue.why
		}
	}
}

// Mark adds an event of the caller's own after all events that have come. With it, a caller can put a
// reply in its place among the events: if the caller marks a reply as soon as it has come, Next returns
// all earlier events first, and the reply includes the changes that these report.
func (c *Client) Mark(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.add(Event{Mark: v, Zxid: c.told})
}
