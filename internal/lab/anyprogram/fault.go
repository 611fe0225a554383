package anyprogram

import (
	"context"
	"errors"
	"fmt"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// fault is what happens to a message. A program behind a socket cannot tell a connection that was cut before the server had
// the request from a lost request, nor one that was cut before the reply came from a lost reply: they are one fault each.
// One that is cut after the reply is like the loss of the next request.
type fault struct {
	name, about string
	reply       bool // it happens at the reply, not at the request
	connects    bool // it can happen to the request for a session
	// strike does it while the message is stopped, lets the message go on, and returns what was seen.
	strike func(context.Context, *client, *link.Stopped) (effect, error)
}

// effect is what was seen of the effect of a fault.
type effect struct {
	text string
	lost int64 // the zxid of a reply that was lost
}

var faults = []fault{
	{name: "request-lost", about: "the server never gets the request, and the connection ends", connects: true, strike: lose},
	{name: "reply-lost", about: "the server carries the request out, and the connection ends before the client gets the reply", reply: true, connects: true, strike: lose},
	{name: "expired", about: "the session expires while the request is on its way", strike: expire},
}

// FaultNames lists the names of all faults.
func FaultNames() (names []string) {
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

func faultNamed(name string) (fault, bool) {
	for _, f := range faults {
		if f.name == name {
			return f, true
		}
	}
	return fault{}, false
}

// hits reports whether the fault can happen to a message.
func (f fault) hits(m Message) bool { return f.connects || m.Op != link.Connect }

// errSurvived means that a fault had nothing to end.
var errSurvived = errors.New("the connection had already ended")

// lose loses the stopped message, with its connection.
func lose(ctx context.Context, c *client, s *link.Stopped) (e effect, err error) {
	if s.Point().Kind() == link.Connects {
		return cut(ctx, c, s)
	}
	loss, err := s.Lose()
	s.Resume()
	if err != nil {
		return e, err
	}
	select {
	case <-loss.First():
	case <-ctx.Done():
	}
	lost := loss.Lost()
	switch {
	case len(lost) == 0:
		return e, errSurvived
	case !s.Point().Reply:
		return effect{text: "the server never got it"}, nil
	case lost[0].Code == wire.OK:
		return effect{"the server had carried it out", lost[0].Zxid}, nil
	}
	return effect{text: fmt.Sprintf("the server had answered %q", lost[0].Code)}, nil
}

// cut ends the client's connection.
func cut(_ context.Context, c *client, s *link.Stopped) (e effect, err error) {
	n := c.link.Cut()
	s.Resume()
	if n == 0 {
		return e, errSurvived
	}
	return effect{text: "the connection was ended"}, nil
}

// expire ends the client's session.
func expire(ctx context.Context, c *client, s *link.Stopped) (e effect, err error) {
	defer s.Resume()
	session, ok := c.link.Session()
	if !ok {
		return e, errSurvived
	}
	zxid, err := c.link.ExpireSession(ctx, session.ID, s.Server())
	if err != nil {
		return e, err
	}
	return effect{text: fmt.Sprintf("session 0x%x ended at zxid 0x%x", uint64(session.ID), zxid)}, nil
}
