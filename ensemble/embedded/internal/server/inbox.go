package server

import (
	"sync"

	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
)

// inbox is what waits for the loop. Anybody may put something in; the loop
// takes all at once. Clients cannot fill it without bound: a connection has few
// requests in flight (outgoing.window).
type inbox struct {
	mu     sync.Mutex
	peers  []peerEvent
	events []event
	ready  chan struct{} // holds a token when there may be something, or time may have come for it
}

// event comes from a connection, or is an order.
type event struct {
	conn  *conn
	call  *call // a request
	order *order
	what  eventKind
}

// peerEvent comes from another server: a message, or that the connection to it
// broke. Their order matters.
type peerEvent struct {
	message zab.Message
	broken  int // the server's id; 0 for a message
}

type eventKind int

const (
	requested eventKind = iota // conn has sent call
	opened                     // conn is new
	ended                      // conn broke or was closed by the client
	idle                       // conn has sent nothing for as long as it may
	writable                   // conn, which was full, takes replies again
	ordered                    // order is to be carried out
)

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

func (b *inbox) put(e event) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) deliver(e peerEvent) {
	b.mu.Lock()
	b.peers = append(b.peers, e)
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) signal() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take gives all that there is, and uses the slices of the last time again.
func (b *inbox) take(peers []peerEvent, events []event) ([]peerEvent, []event) {
	clear(peers) // let go what they pointed to
	clear(events)
	b.mu.Lock()
	defer b.mu.Unlock()
	peers, b.peers = b.peers, peers[:0]
	events, b.events = b.events, events[:0]
	return peers, events
}
