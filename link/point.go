package link

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Point names one message of a run by what its client was doing, and not by a time. So it
// names the same message in runs that differ elsewhere. A message belongs to the last
// operation that its client began; a reply belongs to the operation of its request. The
// zero value names no message.
//
// Operations of the same name are counted: the second acquire is acquire#2, whatever a fault did to the
// release in between. Pings have no points, because they come by time.
type Point struct {
	Client    int
	Operation string // as in the record: acquire
	Nth       int    // which of the client's operations of that name, from 1
	// Message is the kind of request, whatever its variant (create, getChildren), including
	// requests that a client library sends by itself, such as setWatches; or it is [Event]
	// or [Connect].
	Message string
	Which   int  // which message of that kind in the operation, from 1
	Reply   bool // it is the reply to that message
	// After is true for the moment after the message has gone on, false for the moment
	// before.
	After bool
}

// Passed is a message that has come to its point.
type Passed struct {
	Point Point
	At    time.Duration // since the run began
}

// Messages that are not requests.
const (
	Event   = "event"   // a watch event
	Connect = "connect" // the request for a session, and the response to it
)

const (
	pointClient = "client"
	pointReply  = "reply"
	pointAfter  = "after"
	pointForm   = "client1/acquire#2/create#1"
)

// String returns the point as [ParsePoint] reads it: client1/acquire#2/create#1/reply.
func (p Point) String() string {
	return pointClient + strconv.Itoa(p.Client) + "/" + nth(p.Operation, p.Nth) + "/" + nth(p.Message, p.Which) + p.suffix()
}

// suffix returns the end of the point's name. In alphabetical order, a message comes before its reply.
func (p Point) suffix() (end string) {
	if p.Reply {
		end = "/" + pointReply
	}
	if p.After {
		end += "/" + pointAfter
	}
	return end
}

func nth(name string, n int) string { return name + "#" + strconv.Itoa(n) }

// Zero reports whether p names no message.
func (p Point) Zero() bool { return p == Point{} }

// ParsePoint reads a point as [Point.String] writes it:
//
//	client<number>/<operation>#<which>/<message>#<which>{/reply}{/after}
func ParsePoint(text string) (p Point, err error) {
	parts := strings.Split(text, "/")
	if len(parts) < 3 {
		return p, fmt.Errorf("%q is not a point: write client, operation and message, as in %s", text, pointForm)
	}
	if p.Client, err = parseClient(parts[0]); err != nil {
		return p, err
	}
	if p.Operation, p.Nth, err = parseNth(parts[1]); err != nil {
		return p, err
	}
	if p.Message, p.Which, err = parseNth(parts[2]); err != nil {
		return p, err
	}
	if p.Message, err = parseMessage(p.Message); err != nil {
		return p, err
	}
	for _, word := range parts[3:] {
		switch {
		case word == pointReply && !p.Reply && !p.After && p.Message != Event:
			p.Reply = true
		case word == pointAfter && !p.After:
			p.After = true
		default:
			return p, fmt.Errorf("%q is not allowed there: a request may be followed by /%s, and the end is /%s", word, pointReply, pointAfter)
		}
	}
	return p, nil
}

func parseClient(text string) (int, error) {
	digits, ok := strings.CutPrefix(text, pointClient)
	id, err := strconv.Atoi(digits)
	if !ok || err != nil || id < 0 || strconv.Itoa(id) != digits {
		return 0, fmt.Errorf("%q names no client: write %s0 or %s1", text, pointClient, pointClient)
	}
	return id, nil
}

func parseNth(text string) (name string, n int, err error) {
	name, digits, ok := strings.Cut(text, "#")
	if name == "" {
		return "", 0, fmt.Errorf("%q has no name: write, for example, %s", text, pointForm)
	}
	if !ok {
		return "", 0, fmt.Errorf("%q does not say which: write %s", text, nth(name, 1))
	}
	n, err = strconv.Atoi(digits)
	if err != nil || n < 1 || strconv.Itoa(n) != digits {
		return "", 0, fmt.Errorf("%q is not a number from 1: write %s", digits, nth(name, 1))
	}
	return name, n, nil
}

// parseMessage accepts every variant of a request.
func parseMessage(name string) (string, error) {
	if name == Event || name == Connect {
		return name, nil
	}
	op, err := wire.ParseOp(name)
	if err != nil {
		known := append(slices.DeleteFunc(wire.OpNames(), func(n string) bool { return n == wire.Ping.String() }), Event, Connect)
		return "", fmt.Errorf("%q is not a message%sgive a request such as create or getChildren, %s or %s", name, nearest.DidYouMean(name, known), Event, Connect)
	}
	if op == wire.Ping {
		return "", fmt.Errorf("a %s depends on time and has no point", name)
	}
	return messageOf(op), nil
}

// messageOf returns the name of a request in points.
func messageOf(op wire.Op) string { return op.Kind().String() }

// Compare orders points by client, and then by their names.
func (p Point) Compare(q Point) int {
	return cmp.Or(cmp.Compare(p.Client, q.Client), cmp.Compare(p.Operation, q.Operation), cmp.Compare(p.Nth, q.Nth),
		cmp.Compare(p.Message, q.Message), cmp.Compare(p.Which, q.Which), cmp.Compare(p.suffix(), q.suffix()))
}

// Messages is a set of kinds of messages.
type Messages int

// The kinds of messages.
const (
	Requests Messages = 1 << iota
	Replies
	Events
	Connects // in both directions

	AnyMessage = Requests | Replies | Events | Connects
)

// Kind returns the kind of the message.
func (p Point) Kind() Messages {
	switch {
	case p.Message == Event:
		return Events
	case p.Message == Connect:
		return Connects
	case p.Reply:
		return Replies
	}
	return Requests
}

// Has reports whether m contains all of the others.
func (m Messages) Has(others Messages) bool { return m&others == others }

// String lists the kinds: "requests, replies".
func (m Messages) String() string {
	if m == AnyMessage {
		return "any message"
	}
	var names []string
	for i, name := range []string{"requests", "replies", "events", "connects"} {
		if m.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// ofReply returns the point of the reply to a request that has a point.
func (p Point) ofReply() Point {
	p.Reply = !p.Zero()
	return p
}

// Message is a message that comes to its point, or that has gone on (Point.After is true). Its fields
// show whether a client repeats itself, and whether two runs are the same.
type Message struct {
	Point Point
	// Content is a hash of what a request asks or what a reply answers, errors included. Two messages
	// with the same content mean the same, even in different runs. Numbers and times that differ from
	// run to run are left out: the xid and zxid of the message, and the zxids and times of znodes. It
	// is 0 for a message that has gone on.
	Content uint64
	// Reads is true for a request that, whatever its answer is, changes at most the watches of its own
	// connection, and for the reply to such a request.
	Reads bool
	// Changes is true for a message that may change what servers or clients know even if the
	// client has sent or received the same before: a write that took effect, a watch event, a
	// handshake, and everything that is neither a read nor a write.
	Changes bool
}
