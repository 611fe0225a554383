// Package liar is a proxy with a planted defect: it stands between a client's link
// and the servers, passes on what both say, and now and then tells one kind of lie
// that a ZooKeeper must never tell. What is to find such lies is put to the test
// with it, on any ensemble.
//
// A [Liar] wraps a dialer. All connections made through it know of each other: a
// lie to one client can rest on what another one was told.
package liar

import (
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// Lie is a kind of lie. The promises are those of the Programmer's Guide.
type Lie string

// The lies.
const (
	EventLate     Lie = "event-late"     // a watch event comes behind a reply that shows the change
	EventTwice    Lie = "event-twice"    // a one-time watch fires twice
	EventsSwapped Lie = "events-swapped" // the events of two changes come in the wrong order
	ReadBehind    Lie = "read-behind"    // after a reconnect, a read from before what the session has seen
	LostWrite     Lie = "lost-write"     // writes to one znode are acknowledged, and never done
	HalfMulti     Lie = "half-multi"     // of a multi that was seen in one znode, another one shows nothing
	EphemeralKept Lie = "ephemeral-kept" // an ephemeral outlives the close of its session
	EphemeralGone Lie = "ephemeral-gone" // an ephemeral is not there, though its session lives
	NameTwice     Lie = "name-twice"     // a sequential name is given twice
	Reordered     Lie = "reordered"      // two writes of a session are done in the wrong order
	StaleSync     Lie = "stale-sync"     // a read behind a sync does not show what was there before it
)

// tellers make what tells each lie.
var tellers = []struct {
	lie   Lie
	every int // opportunities for one lie
	new   func() teller
}{
	{EventLate, 5, func() teller { return eventLate{} }},
	{EventTwice, 5, func() teller { return eventTwice{} }},
	{EventsSwapped, 1, func() teller { return eventsSwapped{} }},
	{ReadBehind, 1, func() teller { return readBehind{} }},
	{LostWrite, 20, func() teller { return &lostWrite{} }},
	{HalfMulti, 2, func() teller { return &halfMulti{parts: map[int64][]string{}} }},
	{EphemeralKept, 2, func() teller { return ephemeralKept{closed: map[int64]bool{}} }},
	{EphemeralGone, 3, func() teller { return ephemeralGone{deletes: map[int64]bool{}, shown: map[sight]bool{}} }},
	{NameTwice, 5, func() teller { return nameTwice{last: map[string]string{}} }},
	{Reordered, 10, func() teller { return reordered{} }},
	{StaleSync, 1, func() teller { return staleSync{} }},
}

// Lies lists all kinds.
func Lies() (all []Lie) {
	for _, t := range tellers {
		all = append(all, t.lie)
	}
	return all
}

// Liar tells one kind of lie to all who connect through it. It is safe for
// concurrent use.
type Liar struct {
	mu            sync.Mutex
	teller        teller
	every         int
	chances, told int
	memory
}

// New makes one. It panics at a lie that is not known.
func New(lie Lie) *Liar {
	for _, t := range tellers {
		if t.lie == lie {
			return &Liar{teller: t.new(), every: t.every, memory: newMemory()}
		}
	}
	panic("liar: no lie is called " + string(lie))
}

// Dialer makes connections that lie.
func (l *Liar) Dialer(dial zk.Dialer) zk.Dialer {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		inner, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return newConn(l, inner), nil
	}
}

// Told counts the lies so far.
func (l *Liar) Told() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told
}

// lies says whether a lie is to be told at this opportunity. Call it only when
// all else is there that the lie needs, and with mu held.
func (l *Liar) lies() bool {
	l.chances++
	if l.chances%l.every != 0 {
		return false
	}
	l.told++
	return true
}
