package recipes

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

var (
	// ErrJoined: this value is a member of the group, or joins it.
	ErrJoined = errors.New("joined already")
	// ErrNotJoined: this value is not a member of the group.
	ErrNotJoined = errors.New("not joined")
)

const kindMember = "member"

// Group is a group of live members: a client that joins is a member until it leaves or dies. All
// clients can see the members.
//
// Its path is a persistent znode, which the recipe creates if it is missing. Each member is an
// ephemeral sequential child <32 hex digits>-member-<sequence>. Its data is whatever the member wants
// to publish, such as an address. The group ignores other children, including persistent ones that
// look like members.
//
// Guarantees: if the session of a member is lost, or another client removes its znode, the member
// joins again with the same data, until it leaves. [Group.Members], and each step of
// [Group.Changes], show the group as it was at one moment. Once Leave has returned nil, no client
// that looks from then on sees the member.
//
// Limits: a member is missing from when its session ends on the servers until it has joined again.
// A member that crashed is there until its session has timed out. Changes that follow each other
// quickly come as one.
//
// Cost: a list takes two requests, and one for each member that this value has not seen before.
// Each change costs the same, for each client that follows the changes. All clients read all
// members, so a Group is good for some hundred members.
//
// A Group is safe for concurrent use. A value is a member at most once.
type Group struct {
	line contend.Line
	seat calls.Seat[stay]

	known map[string]Member // by name, as of when the group was last read; guarded by the mutex of the seat
}

// Member is a member of a group.
type Member struct {
	Name  string // of its znode; unique, and new after an expiry
	Data  []byte // the data it joined with; do not change it
	Since int64  // the creation zxid of its znode

	foreign bool // a persistent znode, and no member
}

// NewGroup returns the group at path. The value is not a member yet.
func NewGroup(c *Client, path string) *Group {
	return groupOf(calls.New(c.client, path))
}

func groupOf(r *calls.Recipe) *Group {
	return &Group{line: contend.Line{Recipe: r, Folder: r.Path, Kind: kindMember}}
}

// stay is the time from when a value joined until it leaves.
type stay struct {
	data []byte
	stop context.CancelFunc
	done chan struct{}      // closed when this value will not join again
	c    *contend.Contender // the latest contender; once done is closed, any goroutine may read it
	name string             // of its znode, "" while there is none; guarded by the mutex of the seat
}

// Join makes this value a member with that data. It stays a member across sessions, until Leave or
// Close.
//
// Errors with NoEffect: [ErrJoined], [ErrTooLarge], [ErrClosed], and what a server refused at once.
// After any other error (the error of ctx, [ErrRemoved], or what a server refused later) this value
// is not a member, but other clients may have seen it, and may see it until it is removed in the
// background.
func (g *Group) Join(ctx context.Context, data []byte) error { return g.joinAs(ctx, "join", data) }

func (g *Group) joinAs(ctx context.Context, op string, data []byte) error {
	if len(data) > MaxItem {
		return g.line.Definite(op, ErrTooLarge)
	}
	ctx, end, err := g.line.Start(ctx)
	if err != nil {
		return g.line.Definite(op, err)
	}
	defer end()
	if !g.seat.Begin() {
		return g.line.Definite(op, ErrJoined)
	}
	data = slices.Clone(data)
	seen := false
	c, err := g.enter(ctx, data, &seen)
	return g.finish(ctx, op, c, data, seen, err)
}

// finish stores the result of a try to join. The member keeps the trace of the call.
func (g *Group) finish(call context.Context, op string, c *contend.Contender, data []byte, seen bool, err error) error {
	g.seat.Mu.Lock()
	defer g.seat.Mu.Unlock()
	g.seat.Busy = false
	switch {
	case err != nil && !seen:
		return g.line.Definite(op, err)
	case err != nil:
		return g.line.Indefinite(op, err)
	}
	ctx, stop := context.WithCancel(contend.WithTrace(g.line.Client.WithJitter(g.line.Client.Context), contend.TraceOf(call)))
	m := &stay{data: data, stop: stop, done: make(chan struct{}), c: c, name: c.Name}
	go g.keep(ctx, m)
	if g.line.Context.Err() != nil {
		g.vanish(m)
		return g.line.Indefinite(op, ErrClosed)
	}
	g.seat.Has = m
	return nil
}

// enter creates a member's znode, in whichever session there is. It sets seen if other clients may
// have seen one.
func (g *Group) enter(ctx context.Context, data []byte, seen *bool) (c *contend.Contender, err error) {
	removed := 0
	err = g.line.Client.EachSession(ctx, func(z *client.Session) error {
		for {
			c, err = g.line.Join(ctx, z, data)
			if _, never := errors.AsType[contend.NeverMade](err); !never {
				*seen = true
			}
			if !errors.Is(err, ErrRemoved) || removed == client.MaxRecreate {
				return err
			}
			removed++
		}
	})
	return c, err
}

// keep keeps the member in the group until ctx ends. ctx also ends with the client.
func (g *Group) keep(ctx context.Context, m *stay) {
	defer close(m.done)
	var b client.Backoff
	for g.awaitGone(ctx, m.c) {
		contend.TraceOf(ctx).TellGone(znodes.Join(g.line.Path, m.c.Name))
		g.rename(m, "")
		// A deposed leader may report an expiry before it happens, so the znode of a session that
		// is said to be gone may still exist.
		g.line.SweepIf(m.c.Unsure || !g.line.Client.IsCurrent(m.c.Session), m.c.ID)
		for ctx.Err() == nil {
			c, err := g.enter(ctx, m.data, new(bool))
			if err == nil {
				m.c, b = c, client.Backoff{}
				g.rename(m, c.Name)
				break
			}
			b.Pause(ctx)
		}
	}
}

func (g *Group) rename(m *stay, name string) {
	g.seat.Mu.Lock()
	defer g.seat.Mu.Unlock()
	m.name = name
}

// Name returns the present [Member.Name] of this value. It returns "" if the value is not a member,
// or has to join again because its session was lost or its znode removed.
func (g *Group) Name() string {
	g.seat.Mu.Lock()
	defer g.seat.Mu.Unlock()
	if g.seat.Has == nil {
		return ""
	}
	return g.seat.Has.name
}

// awaitGone waits until the znode of c is gone. It returns false if ctx ends first.
func (g *Group) awaitGone(ctx context.Context, c *contend.Contender) bool {
	var b client.Backoff
	for changed := c.Changed; ; {
		event := g.line.Client.NextEvent()
		err := g.line.Client.Wait(ctx, c.Session, event, changed)
		if err == nil {
			var v client.Value
			v, err = g.line.Client.GetW(ctx, c.Session, znodes.Join(g.line.Path, c.Name))
			changed = v.Changed
		}
		switch {
		case errors.Is(err, zk.ErrNoNode), errors.Is(err, ErrSessionLost):
			return true
		case failures.Stopped(err):
			return false
		case err != nil: // such as a missing permission to read it
			b.Pause(ctx)
		}
	}
}

// Leave ends the membership. Once it has returned nil, no client that looks from then on sees the
// member. [ErrNotJoined] and [ErrClosed] with NoEffect mean that Leave has done nothing. After any
// other error (the error of ctx, or [ErrClosed]) this value is not a member, but other clients may
// still see it until it is removed in the background.
func (g *Group) Leave(ctx context.Context) error {
	return g.leaveAs(ctx, "leave", func(context.Context) {})
}

// leaveAs calls out when this value is no longer a member, but other clients still see it.
func (g *Group) leaveAs(ctx context.Context, op string, out func(context.Context)) error {
	ctx, end, err := g.line.Start(ctx)
	if err != nil {
		return g.line.Definite(op, err)
	}
	defer end()
	m := g.seat.Drop()
	if m == nil {
		return g.line.Definite(op, ErrNotJoined)
	}
	out(ctx)
	return g.end(ctx, op, m)
}

// end waits until no client that looks from then on sees the member that has left.
func (g *Group) end(ctx context.Context, op string, m *stay) error {
	g.vanish(m)
	err := g.line.CleanUps.Wait(ctx)
	if err == nil && g.line.Client.Context.Err() != nil {
		err = ErrClosed
	}
	if err != nil {
		return g.line.Indefinite(op, err)
	}
	return nil
}

// vanish removes, in the background, what is left of a member.
func (g *Group) vanish(m *stay) {
	m.stop()
	g.line.CleanUp(m.done, func(ctx context.Context, z *client.Session) error {
		c := m.c
		if z != c.Session {
			return g.line.Swept(ctx, z, c.ID)
		}
		if _, err := g.line.Client.Remove(ctx, z, znodes.Join(g.line.Path, c.Name)); err != nil || !c.Unsure {
			return err
		}
		return g.line.Swept(ctx, z, c.ID)
	})
}

// Close leaves the group, and ends calls that wait. It then waits until the tree has no znodes of this
// value. If ctx ends first, Close returns its error, and the clean-up goes on. If you call Close
// again, it waits again.
func (g *Group) Close(ctx context.Context) error {
	g.line.StopCalls()
	if m := g.seat.Drop(); m != nil {
		g.vanish(m)
	}
	return g.line.Drain(ctx, "close group")
}
