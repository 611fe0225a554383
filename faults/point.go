package faults

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/zklab/zklab/link"
)

// atMessages is how a kind of fault is injected while a message of a client is stopped,
// instead of at a time. The zero value is a kind that is not.
type atMessages struct {
	which link.Messages
	// takes is what follows from the message where it was left open, for people.
	takes string
	// fill is the fault with that. Nil is one for which the message itself is what it
	// takes: then open says that nothing was given that the message says.
	fill func(Fault, *Target) Fault
	open func(Fault) bool
}

// Messages are those at which faults of the kind can be injected; 0: at none.
func (k Kind) Messages() link.Messages { return k.at.which }

// AtMessages lists the kinds that can be injected at messages, in the order of package
// kinds.
func AtMessages() (list []Kind) {
	for _, k := range Kinds() {
		if k.at.which != 0 {
			list = append(list, k)
		}
	}
	return list
}

// own is the kind of a fault of this package; not of one that embeds such, nor of others.
func own(f Fault) (Kind, bool) {
	k, ok := Named(f.Kind())
	return k, ok && reflect.TypeOf(k.Plain()) == reflect.TypeOf(f)
}

// PointOf is the point at which a fault is injected for which somebody names a message:
// that of the reply where a fault of replies names its request. The error, of one line,
// says why it cannot be injected there.
func PointOf(f Fault, p link.Point) (link.Point, error) {
	k, ok := own(f)
	if !ok || k.at.which == 0 {
		var names []string
		for _, k := range AtMessages() {
			names = append(names, k.Name)
		}
		return p, fmt.Errorf("%s is not injected at a message, but at a time; at messages are %s", f.Kind(), strings.Join(names, ", "))
	}
	if k.at.which == link.Replies && p.Kind() == link.Requests && !p.After {
		p.Reply = true
	}
	switch {
	case !k.at.which.Has(p.Kind()):
		return p, fmt.Errorf("%s is injected at %s, and %s is one of the %s", k.Name, k.at.which, p, p.Kind())
	case k.at.fill != nil:
		return p, nil
	case p.After:
		return p, fmt.Errorf("%s is over when the message has gone on: leave out what stands behind it", k.Name)
	case !k.at.open(f):
		return p, fmt.Errorf("%s at a message takes %s: write %s@%s", k.Name, k.at.takes, k.Name, p)
	}
	return p, nil
}

// AtMessage is a fault as it is injected while a message is stopped (Target.At): what
// was left open follows from that.
func AtMessage(f Fault, t *Target) Fault {
	if k, ok := own(f); ok && k.at.fill != nil {
		return k.at.fill(f, t)
	}
	return f
}

// atServers is for faults of the server at the other end, unless they say which.
func atServers(build func(Nodes) Fault) atMessages {
	return atMessages{which: link.AnyMessage, takes: "the server of the connection", fill: func(f Fault, t *Target) Fault {
		if f != build(AnyNodes) {
			return f
		}
		return build(t.serverOfMessage())
	}}
}

// serverOfMessage is the server at the other end of the stopped message's connection.
func (t *Target) serverOfMessage() Nodes {
	for _, s := range t.Ensemble.Servers() {
		if s.Addr() == t.At.Server() {
			return Numbered(s.ID())
		}
	}
	return ServerOf(t.At.Point().Client)
}

// atClients is for faults of the client whose message it is, unless they say which.
func atClients(which link.Messages, build func(Who) Fault) atMessages {
	return atMessages{which: which, takes: "the client", fill: func(f Fault, t *Target) Fault {
		if f != build(AnyWho) {
			return f
		}
		return build(TheClient(t.At.Point().Client))
	}}
}

// meant says that a client is the one whose message is stopped.
func (t *Target) meant(id int) bool { return t.At != nil && t.At.Point().Client == id }

// taken is an error of a stopped message: that another fault has it is none.
func taken(err error) error {
	if errors.Is(err, link.ErrTaken) {
		return fmt.Errorf("%w: %w", err, ErrNoTarget)
	}
	return err
}

// NeedsLeader says whether it can matter who led before the fault: not for one of
// clients.
func NeedsLeader(f Fault) bool {
	k, ok := Named(f.Kind())
	return !ok || !k.hits.Clients()
}
