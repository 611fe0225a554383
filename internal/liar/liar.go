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

// The lies; About says what they are.
const (
	EventLate     Lie = "event-late"
	EventTwice    Lie = "event-twice"
	EventsSwapped Lie = "events-swapped"
	ReadBehind    Lie = "read-behind"
	LostWrite     Lie = "lost-write"
	HalfMulti     Lie = "half-multi"
	EphemeralKept Lie = "ephemeral-kept"
	EphemeralGone Lie = "ephemeral-gone"
	NameTwice     Lie = "name-twice"
	Reordered     Lie = "reordered"
	StaleSync     Lie = "stale-sync"
)

// tellers are how each lie is told.
var tellers = []struct {
	lie   Lie
	about string
	every int // opportunities for one lie
	// new is for one Liar: what it gives makes the teller of each connection.
	new func() func() teller
}{
	{EventLate, "a watch event comes behind a reply that shows the change", 5, alone[eventLate]},
	{EventTwice, "a one-time watch fires twice", 5, alone[eventTwice]},
	{EventsSwapped, "the events of two changes come in the wrong order", 1, alone[eventsSwapped]},
	{ReadBehind, "after a reconnect, a read from before what the session has seen", 1, alone[readBehind]},
	{LostWrite, "writes to one znode are acknowledged, and never done", 20, among(func() *lostWrite { return &lostWrite{} })},
	{HalfMulti, "of a multi that was seen in one znode, another one shows nothing", 2, newHalfMulti},
	{EphemeralKept, "an ephemeral outlives the close of its session", 2, among(func() ephemeralKept { return ephemeralKept{closed: map[int64]bool{}} })},
	{EphemeralGone, "an ephemeral is not there, though its session lives", 3, among(newEphemeralGone)},
	{NameTwice, "a sequential name is given twice", 5, among(func() nameTwice { return nameTwice{last: map[string]string{}} })},
	{Reordered, "two writes of a session are done in the wrong order", 10, alone[reordered]},
	{StaleSync, "a read behind a sync does not show what was there before it", 1, alone[staleSync]},
}

// About says in a few words what is told; "" of a lie that is not known.
func (lie Lie) About() string {
	for _, t := range tellers {
		if t.lie == lie {
			return t.about
		}
	}
	return ""
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
	meet          func() teller // of one more connection
	every         int
	chances, told int
	memory
}

// New makes one. It panics at a lie that is not known.
func New(lie Lie) *Liar {
	for _, t := range tellers {
		if t.lie == lie {
			return &Liar{meet: t.new(), every: t.every, memory: newMemory()}
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
