package faults

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/link"
)

// atMessages describes how a kind of fault is injected while a client's message is stopped, instead of
// at a time. The zero value stands for a kind that cannot be injected there.
type atMessages struct {
	which link.Messages
	only  []string // the kinds of requests among them; nil for all
	// takes says, for people, what the fault takes from the message if it was left open.
	takes string
	// fill returns the fault with that filled in. If fill is nil, the fault acts on the
	// message itself; then open reports that the fault was given nothing that the message
	// decides.
	fill func(Fault, *Target) Fault
	open func(Fault) bool
}

// Messages returns the messages at which faults of the kind can be injected; 0 if there are none.
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

// own returns the kind of a fault of this package; false for other faults, including those
// that embed one of this package.
func own(f Fault) (Kind, bool) {
	k, ok := Named(f.Kind())
	return k, ok && reflect.TypeOf(k.Plain()) == reflect.TypeOf(f)
}

// PointOf returns the point at which a fault is injected when an expression names message
// p. If a fault of replies names its request, that is the point of the reply. If the fault
// cannot be injected there, the error says why in one line.
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
	case k.at.only != nil && !slices.Contains(k.at.only, p.Message):
		return p, fmt.Errorf("%s is injected at %s, and %s is none of these", k.Name, prose.List(k.at.only, "and"), p.Message)
	case k.at.fill != nil:
		return p, nil
	case p.After:
		return p, fmt.Errorf("%s is over when the message goes on: leave out /after", k.Name)
	case !k.at.open(f):
		return p, fmt.Errorf("%s at a message takes %s: write %s@%s", k.Name, k.at.takes, k.Name, p)
	}
	return p, nil
}

// Aimable reports whether a fault, as it is given, can be injected at messages of some kind.
func Aimable(f Fault) bool {
	k, ok := own(f)
	return ok && k.at.which != 0 && (k.at.fill != nil || k.at.open == nil || k.at.open(f))
}

// AtMessage returns a fault as it is injected while a message is stopped (Target.At): the
// message fills in what was left open.
func AtMessage(f Fault, t *Target) Fault {
	if k, ok := own(f); ok && k.at.fill != nil {
		return k.at.fill(f, t)
	}
	return f
}

// atServers is for kinds of faults that by default hit the server of the message's connection.
func atServers(build func(Nodes) Fault) atMessages {
	return atMessages{which: link.AnyMessage, takes: "the server of the connection", fill: func(f Fault, t *Target) Fault {
		if f != build(AnyNodes) {
			return f
		}
		return build(t.serverOfMessage())
	}}
}

// serverOfMessage returns the server at the other end of the stopped message's connection.
func (t *Target) serverOfMessage() Nodes {
	for _, s := range t.Ensemble.Servers() {
		if s.Addr() == t.At.Server() {
			return Numbered(s.ID())
		}
	}
	return ServerOf(t.At.Point().Client)
}

// atClients is for kinds of faults that by default hit the client of the message.
func atClients(which link.Messages, build func(Who) Fault) atMessages {
	return atMessages{which: which, takes: "the client", fill: func(f Fault, t *Target) Fault {
		if f != build(AnyWho) {
			return f
		}
		return build(TheClient(t.At.Point().Client))
	}}
}

// meant reports whether a client is the one whose message is stopped.
func (t *Target) meant(id int) bool { return t.At != nil && t.At.Point().Client == id }

// taken returns an error of a stopped message; nil if another fault has taken the message.
func taken(err error) error {
	if errors.Is(err, link.ErrTaken) {
		return fmt.Errorf("%w: %w", err, ErrNoTarget)
	}
	return err
}

// NeedsLeader reports whether it can matter which server led before the fault. For a fault
// on clients it cannot.
func NeedsLeader(f Fault) bool {
	k, ok := Named(f.Kind())
	return !ok || !k.hits.Clients()
}
