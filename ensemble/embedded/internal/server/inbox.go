package server

import (
	"sync"

	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/await"
)

// inbox holds all events that wait for a turn. Any goroutine may add one; a turn takes all at once.
// Clients cannot fill it without bound: a connection has few requests in flight (outgoing.window).
type inbox struct {
	mu     sync.Mutex
	peers  []peerEvent
	events []event
	busy   bool          // a turn is under way
	ready  chan struct{} // holds a token when the loop is to take a turn
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
	due                        // time has come for what a timer was set for
)

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

// put adds an event and has the loop take a turn.
func (b *inbox) put(e event) {
	b.add(e)
	b.signal()
}

// add adds an event. The caller takes a turn afterwards, or has the loop take one.
func (b *inbox) add(e event) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
}

func (b *inbox) addPeer(e peerEvent) {
	b.mu.Lock()
	b.peers = append(b.peers, e)
	b.mu.Unlock()
}

// begin begins a turn. It returns false if there is nothing to do, or if a turn is under way.
func (b *inbox) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy || b.empty() {
		return false
	}
	b.busy = true
	return true
}

// end ends a turn, and reports whether something has come for another one.
func (b *inbox) end() (more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	return !b.empty()
}

// waits reports whether there is something to do.
func (b *inbox) waits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.empty()
}

func (b *inbox) empty() bool { return len(b.peers) == 0 && len(b.events) == 0 }

func (b *inbox) signal() { await.Wake(b.ready) }

// take removes and returns all events. It reuses the slices that the last call returned.
func (b *inbox) take(peers []peerEvent, events []event) ([]peerEvent, []event) {
	clear(peers) // let go what they pointed to
	clear(events)
	b.mu.Lock()
	defer b.mu.Unlock()
	peers, b.peers = b.peers, peers[:0]
	events, b.events = b.events, events[:0]
	return peers, events
}
