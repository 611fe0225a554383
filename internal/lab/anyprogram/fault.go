package anyprogram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/prose"
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
	crowd       bool // it needs another client
	// strike does it while the message is stopped, lets the message go on, and returns what was seen.
	strike func(*run, *client, *link.Stopped) (effect, error)
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
	{name: "server-killed", about: "the server ends before it gets the request, and is started again after " + downtime.String(), connects: true, strike: kill},
	{name: "reply-late", about: "the reply, and all that the server sends after it, comes when another client has written, or " + latest.String() + " late", reply: true, crowd: true, strike: delay},
}

// latest is the longest delay of a reply. It is shorter than the usual times after which client libraries give a connection up.
const latest = 2 * time.Second

// downtime is how long a killed server is down: client libraries wait for about a second before they connect again, so they
// find no server once or twice.
const downtime = 2 * time.Second

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

// hits reports whether the fault can happen to a message of a program with that many clients.
func (f fault) hits(m Message, clients int) bool {
	return (f.connects || m.Op != link.Connect) && (!f.crowd || clients > 1)
}

// errSurvived means that a fault had nothing to end.
var errSurvived = errors.New("the connection had already ended")

// lose loses the stopped message, with its connection.
func lose(r *run, c *client, s *link.Stopped) (e effect, err error) {
	if s.Point().Kind() == link.Connects {
		return cut(c, s)
	}
	loss, err := s.Lose()
	s.Resume()
	if err != nil {
		return e, err
	}
	select {
	case <-loss.First():
	case <-r.ctx.Done():
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
func cut(c *client, s *link.Stopped) (e effect, err error) {
	n := c.link.Cut()
	s.Resume()
	if n == 0 {
		return e, errSurvived
	}
	return effect{text: "the connection was ended"}, nil
}

// expire ends the client's session.
func expire(r *run, c *client, s *link.Stopped) (e effect, err error) {
	defer s.Resume()
	session, ok := c.link.Session()
	if !ok {
		return e, errSurvived
	}
	zxid, err := c.link.ExpireSession(r.ctx, session.ID, s.Server())
	if err != nil {
		return e, err
	}
	return effect{text: fmt.Sprintf("session 0x%x ended at zxid 0x%x", uint64(session.ID), zxid)}, nil
}

// kill ends the server that the message is for as SIGKILL does, and starts it again. If the run ends first, so does the
// downtime: what the servers keep is read then.
func kill(r *run, _ *client, s *link.Stopped) (e effect, err error) {
	defer s.Resume()
	servers := r.servers.Servers()
	i := slices.IndexFunc(servers, func(server ensemble.Server) bool { return server.Addr() == s.Server() })
	if i < 0 {
		return e, errSurvived
	}
	server := r.servers.Server(servers[i].ID())
	began, ctx := time.Now(), context.WithoutCancel(r.ctx)
	if err := server.Kill(ctx); err != nil {
		return e, err
	}
	s.Resume()
	_ = await.Sleep(r.ctx, downtime)
	if err := server.Start(ctx); err != nil {
		return e, err
	}
	return effect{text: fmt.Sprintf("server %d was down for %s", server.ID(), prose.Length(time.Since(began)))}, nil
}

// delay holds the stopped reply back until another client has written.
func delay(r *run, c *client, s *link.Stopped) (e effect, err error) {
	defer s.Resume()
	began, before := time.Now(), r.writesOfOthers(c)
	for time.Since(began) < latest && r.writesOfOthers(c) == before {
		if await.Sleep(r.ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	text := fmt.Sprintf("it came %s late", prose.Length(time.Since(began)))
	if r.writesOfOthers(c) > before {
		text += ", after a write of another client"
	}
	return effect{text: text}, nil
}
