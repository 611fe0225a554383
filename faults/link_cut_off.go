package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// CutOff cuts clients off from servers, as when a route is gone: what they send gets
// nowhere, and neither side gets an error. Servers hear each other. The zero value cuts all
// clients off from the leader.
type CutOff struct {
	// Nodes are the servers. The default is the leader, or all servers if Who is given.
	Nodes Nodes
	// Who is the client. The default is all clients, connected to those servers or not.
	Who Who
}

var _ = declare(kinds.CutOff, Kind{
	About:   "cuts clients off from servers that still reach each other",
	guide:   []row{{"", "clients do not reach them, but servers reach each other", "connections that bypass the links, and connections through them", "clients reach them"}},
	words:   nodeWords,
	Options: []Option{whoOption},
	build:   func(a arguments) Fault { return CutOff{Nodes: Nodes(a.word), Who: Who(a.options["who"])} },
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		if f != (CutOff{}) {
			return f
		}
		choices := []CutOff{{Nodes: Leader}, {Nodes: One}, {Who: Holder}, {Nodes: Majority}, {Who: Waiter}}
		return choices[n%len(choices)]
	},
})

// Kind returns "cut-off".
func (CutOff) Kind() string { return kinds.CutOff.Name }

// Spec returns cut-off, with :<nodes> and :who=<who> where they were given.
func (f CutOff) Spec() string {
	return withOption(spec(kinds.CutOff, string(f.Nodes)), "who", string(f.Who))
}

// Available checks only that the servers and clients can exist: each client has its own
// link.
func (f CutOff) Available(s Setting) error {
	if f.Who != AnyWho {
		if err := whoWords.wrong(string(f.Who)); err != nil {
			return err
		}
	}
	return f.nodes().available(s.Ensemble)
}

// nodes returns Nodes or its default, which depends on Who.
func (f CutOff) nodes() Nodes {
	if f.Who == AnyWho {
		return f.Nodes.or(Leader)
	}
	return f.Nodes.or(All)
}

// Inject bars the clients' links.
func (f CutOff) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.nodes()
	servers, release, err := f.Nodes.take(ctx, t, rng, "clients of server")
	if err != nil {
		return nil, err
	}
	e := &barred{target: t, servers: servers, effect: effect{release: release}}
	if f.Who == AnyWho {
		e.everybody()
	} else if err := e.whoever(ctx, f.Who, rng); err != nil {
		return nil, undo(ctx, e, err)
	}
	e.step = history.FaultStep{Spec: f.Spec(), Servers: idsOf(servers), Clients: e.cut}
	return e, nil
}

// barred are links of clients through which some servers are out of reach.
type barred struct {
	effect
	target  *Target
	servers []ensemble.Server
	clients []Client
	cut     []int // the clients that were connected to one of the servers
	undo    []func()
}

// everybody bars the links of all clients, including those that are on other servers now.
func (e *barred) everybody() {
	for _, c := range e.target.Clients {
		e.undo = append(e.undo, e.bar(c))
	}
	e.clients = e.target.Clients
	e.cut = e.target.on(addresses(e.servers))
}

// whoever bars the link of a client in the state that who asks for.
func (e *barred) whoever(ctx context.Context, who Who, rng *rand.Rand) error {
	hits, err := choice{who: who, early: true}.hit(ctx, e.target, rng, func(c Client) (func(), error) { return e.bar(c), nil })
	if err != nil {
		return err
	}
	for _, s := range hits {
		e.clients = append(e.clients, s.client)
		e.undo = append(e.undo, s.undo)
		if addresses(e.servers)[s.session.Server] {
			e.cut = append(e.cut, s.client.ID)
		}
	}
	return nil
}

func (e *barred) bar(c Client) (release func()) {
	var all []func()
	for _, s := range e.servers {
		all = append(all, c.Link.Bar(s.Addr()))
	}
	return func() {
		for _, release := range all {
			release()
		}
	}
}

// Verify sees that each of the servers can be reached, but by none of the clients, and that
// clients that were connected there receive nothing more. (Frames in the other direction
// are counted when they are sent.)
func (e *barred) Verify(ctx context.Context) error {
	time.Sleep(observed) // a frame that a goroutine had in hand when its link was barred still passes
	before := e.frames()
	if err := together(e.servers, func(s ensemble.Server) error { return e.outOfReach(ctx, s) }); err != nil {
		return err
	}
	for id, n := range e.frames() {
		if n != before[id] {
			return fmt.Errorf("client %d is cut off, and %d messages came to it", id, n-before[id])
		}
	}
	return ctx.Err()
}

// frames returns how many frames came to the clients that were connected there and do not
// know yet that they are cut off.
func (e *barred) frames() map[int]uint64 {
	n := map[int]uint64{}
	for _, id := range e.cut {
		c := e.target.client(id)
		if s, ok := c.Link.Session(); ok && s.Connected && addresses(e.servers)[s.Server] {
			_, n[id] = c.Link.Passed()
		}
	}
	return n
}

// outOfReach connects to a server past all links, and tries it through each of them.
func (e *barred) outOfReach(ctx context.Context, s ensemble.Server) error {
	conn, err := e.target.Ensemble.Dial("tcp", s.Addr(), promptly)
	if err != nil {
		return fmt.Errorf("no client reaches server %d: %w", s.ID(), err)
	}
	conn.Close()
	return errors.Join(together(e.clients, func(c Client) error { return c.reaches(s) }), ctx.Err())
}

// reaches returns nil if a client's link lets a connection to a server through.
func (c Client) reaches(s ensemble.Server) error {
	conn, err := c.Link.Dial("tcp", s.Addr(), noAnswer)
	if err == nil {
		conn.Close()
		return fmt.Errorf("client %d still reaches server %d", c.ID, s.ID())
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return fmt.Errorf("client %d is not cut off from server %d, but got: %w", c.ID, s.ID(), err)
}

// Heal lets the clients reach the servers again.
func (e *barred) Heal(context.Context) error {
	return e.once(func() error {
		for _, undo := range e.undo {
			undo()
		}
		return nil
	})
}

// Warn warns if a client may not even notice: it gives up a silent server after two thirds
// of its session timeout, which is at least two ticks.
func (CutOff) Warn(prof ensemble.Profile, lasts time.Duration) string {
	if need := 4 * prof.Tick / 3; lasts < need {
		return fmt.Sprintf("clients cut off for %s do not notice: they wait at least %s for a server", lasts, need.Round(time.Millisecond))
	}
	return ""
}
