package port

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// Hub follows the session of a client for all its recipes. It is safe for concurrent use.
type Hub struct {
	Ended chan struct{} // closed when the client is closed

	mu      sync.Mutex
	readers map[chan zk.Event]bool
	dead    chan struct{} // closed when the present session has expired
	once    sync.Once
}

var hubs sync.Map // by client

// HubOf returns the hub of a client.
func HubOf(c *subjects.Client) *Hub {
	h := &Hub{readers: map[chan zk.Event]bool{}, dead: make(chan struct{}), Ended: make(chan struct{})}
	if old, ok := hubs.LoadOrStore(c, h); ok {
		return old.(*Hub)
	}
	c.BeforeEnd(func(context.Context) { h.end(); hubs.Delete(c) })
	go func() {
		for {
			select {
			case <-h.Ended:
				return
			case e, ok := <-c.Events:
				if !ok {
					h.end()
					return
				}
				h.pass(e)
			}
		}
	}()
	return h
}

func (h *Hub) end() { h.once.Do(func() { close(h.Ended) }) }

func (h *Hub) pass(e zk.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.Type != zk.EventSession {
		return
	}
	if e.State == zk.StateExpired {
		close(h.dead)
		h.dead = make(chan struct{})
	}
	for ch := range h.readers {
		select {
		case ch <- e:
		default:
		}
	}
}

// Subscribe returns a channel with the events of the session from now on, and a function that ends the subscription.
func (h *Hub) Subscribe() (events <-chan zk.Event, cancel func()) {
	ch := make(chan zk.Event, 256)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readers[ch] = true
	return ch, func() { h.mu.Lock(); delete(h.readers, ch); h.mu.Unlock() }
}

// Dead returns a channel that is closed when the present session has expired.
func (h *Hub) Dead() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

// Retry repeats a request until it is answered, also in later sessions, as zkclient's retryUntilConnected
// does.
func (h *Hub) Retry(request func() error) error {
	for {
		err := request()
		if !ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || !h.Pause(10*time.Millisecond) {
			return err
		}
	}
}

// Pause waits. It reports false if the client is closed.
func (h *Hub) Pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-h.Ended:
		return false
	}
}

// Subscription is a subscription as in zkclient: it sets its watch again after each event, and survives
// the session.
type Subscription struct {
	once sync.Once
	stop chan struct{}
}

// Stop ends the subscription.
func (s *Subscription) Stop() { s.once.Do(func() { close(s.stop) }) }

// SubscribeData is zkclient's subscribeDataChanges: it sets the watch before it returns. After each event it sets
// the watch again, reads the data, and calls one of the functions.
func (h *Hub) SubscribeData(conn *zk.Conn, path string, changed func([]byte), deleted func()) *Subscription {
	s := &Subscription{stop: make(chan struct{})}
	watch := func() (event <-chan zk.Event) {
		_ = h.Retry(func() (err error) { _, _, event, err = conn.ExistsW(path); return err })
		return event
	}
	event := watch()
	go func() {
		for event != nil {
			select {
			case <-event:
			case <-s.stop:
				return
			case <-h.Ended:
				return
			}
			select {
			case <-s.stop:
				return
			default:
			}
			event = watch()
			var data []byte
			err := h.Retry(func() (err error) { data, _, err = conn.Get(path); return err })
			switch {
			case err == nil:
				changed(data)
			case errors.Is(err, zk.ErrNoNode):
				deleted()
			}
		}
	}()
	return s
}
