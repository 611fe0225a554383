package recipes

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

var (
	// ErrInside: this value is inside the double barrier, or enters it.
	ErrInside = errors.New("inside already")
	// ErrOutside: this value is not inside the double barrier.
	ErrOutside = errors.New("not inside")
	// ErrParties: a double barrier has 1 to 4096 parties.
	ErrParties = errors.New("number of parties must be between 1 and 4096")
)

// DoubleBarrier lets a fixed number of parties enter together and leave together.
//
// Its path is a persistent znode, which the recipe creates if it is missing. Each member is an
// ephemeral sequential child <32 hex digits>-member-<sequence>. The persistent child "ready" names
// the members of the round, one in each line. The barrier ignores other children.
//
// One multi forms a round: it writes the names into "ready" and checks that all these znodes exist.
// So a member that finds its name there knows that there was a moment at which all members were in,
// however late it looks, and whatever happened to the others since. What an earlier round has left
// behind lets no member in. A member that has died, or whose Enter was cancelled, does not count:
// its znode is gone.
//
// Members may enter again and again. The next round is formed when all members of the last one have
// left or died. If more members wait than there are parties, those that came first form the round.
// All members must have the same number of parties, at most 4096.
//
// Limits: a member whose session ends while it is inside counts as having left.
//
// A DoubleBarrier is safe for concurrent use. A value is inside at most once.
type DoubleBarrier struct {
	line    contend.Line
	seat    calls.Seat[membership]
	parties int
}

// membership holds what a member inside the barrier knows.
type membership struct {
	*contend.Contender
	round []string // names of all members, its own included
}

const (
	readyNode = "ready"
	// maxParties is how many names fit into one request that has each of them twice.
	maxParties = 4096
)

// NewDoubleBarrier returns a member of the double barrier at path.
func NewDoubleBarrier(c *Client, path string, parties int) *DoubleBarrier {
	return &DoubleBarrier{line: contend.Line{Recipe: calls.New(c.client, path), Folder: path, Kind: kindMember}, parties: parties}
}

// Enter waits until all parties are in, ctx ends or the session is gone.
//
// If the call is cancelled, it removes its member. It waits for that for up to a tenth of the
// timeout (at most 200 ms). If the member is known to be gone by then, the error has NoEffect: no
// round counts this member from then on. If the member was already counted, Enter returns nil: the
// others are in and wait for its Leave. Otherwise, and if the session was lost ([ErrSessionLost]), a
// round may count the member until it is removed in the background.
//
// Other errors, with NoEffect: [ErrInside], [ErrClosed], [ErrParties], [ErrRemoved], or what a
// server refused.
func (d *DoubleBarrier) Enter(ctx context.Context) error {
	const op = "enter"
	if d.parties < 1 || d.parties > maxParties {
		return d.line.Definite(op, ErrParties)
	}
	ctx, end, err := d.line.Start(ctx)
	if err != nil {
		return d.line.Definite(op, err)
	}
	defer end()
	if !d.seat.Begin() {
		return d.line.Definite(op, ErrInside)
	}
	m, sure, err := d.enter(ctx)
	return d.finish(op, m, sure, err)
}

func (d *DoubleBarrier) finish(op string, m *membership, sure bool, err error) error {
	d.seat.Mu.Lock()
	defer d.seat.Mu.Unlock()
	d.seat.Busy = false
	switch {
	case err != nil && sure:
		return d.line.Definite(op, err)
	case err != nil:
		return d.line.Indefinite(op, err)
	case d.line.Context.Err() != nil:
		d.line.Abandon(m.Contender)
		return d.line.Indefinite(op, ErrClosed)
	}
	d.seat.Has = m
	return nil
}

// enter waits until it is in. If it returns an error, sure means that the member does not exist and
// never will.
func (d *DoubleBarrier) enter(ctx context.Context) (m *membership, sure bool, err error) {
	z, err := d.line.Client.Begin(ctx)
	if err != nil {
		return nil, true, err
	}
	for range client.MaxRecreate {
		// A member that an earlier call left behind would be counted beside the new member.
		if err := d.line.CleanUps.Wait(ctx); err != nil {
			return nil, false, err
		}
		c, err := d.line.Join(ctx, z, nil)
		if err != nil {
			return nil, d.cleanedUp(), err
		}
		round, err := d.gather(ctx, c)
		if err == nil {
			return &membership{c, round}, false, nil
		}
		if errors.Is(err, ErrSessionLost) {
			return nil, false, err
		}
		round, gone := d.withdraw(c)
		switch {
		case round != nil:
			return &membership{c, round}, false, nil
		case !gone || !errors.Is(err, ErrRemoved):
			return nil, gone, err
		}
	}
	return nil, true, ErrRemoved
}

// cleanedUp waits a little for clean-ups and reports whether they are done.
func (d *DoubleBarrier) cleanedUp() bool {
	grace, cancel := d.line.Client.WithGrace()
	defer cancel()
	return d.line.CleanUps.Wait(grace) == nil && d.line.Client.Context.Err() == nil
}

// Leave removes this member and waits until all others of its round have left or died, or ctx ends.
// If the session is lost, it goes on in the next one.
//
// Whatever it returns, this member has left or is leaving in the background, and you can use the
// value again. [ErrOutside] and [ErrClosed] (NoEffect) mean that it was not inside. After any other
// error other members may still be inside.
func (d *DoubleBarrier) Leave(ctx context.Context) error {
	const op = "leave"
	ctx, end, err := d.line.Start(ctx)
	if err != nil {
		return d.line.Definite(op, err)
	}
	defer end()
	m := d.seat.Drop()
	if m == nil {
		return d.line.Definite(op, ErrOutside)
	}
	if err := d.line.Leave(ctx, m.Contender); err != nil && !errors.Is(err, ErrLost) {
		return d.line.Indefinite(op, err)
	}
	err = d.line.Client.EachSession(ctx, func(z *client.Session) error { return d.awaitAlone(ctx, z, m) })
	if err != nil {
		return d.line.Indefinite(op, err)
	}
	return nil
}

// awaitAlone waits until no other member of m's round is present. Its QuorumSync makes sure that
// what it sees is not older than the call.
func (d *DoubleBarrier) awaitAlone(ctx context.Context, z *client.Session, m *membership) error {
	if _, err := d.line.Client.QuorumSync(ctx, z, d.line.Path); err != nil {
		return err
	}
	for {
		event := d.line.Client.NextEvent()
		names, err := d.line.Client.Children(ctx, z, d.line.Path)
		if err != nil {
			return err
		}
		other := ""
		for _, name := range names {
			if name != m.Name && slices.Contains(m.round, name) {
				other = max(other, name)
			}
		}
		if other == "" {
			return nil
		}
		v, err := d.line.Client.GetW(ctx, z, znodes.Join(d.line.Path, other))
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return err
		}
		if err := d.line.Client.Wait(ctx, z, event, v.Changed); err != nil {
			return err
		}
	}
}

// Session returns the id of the session that owns this member's znode, or 0 if the member is not
// inside.
func (d *DoubleBarrier) Session() int64 {
	d.seat.Mu.Lock()
	defer d.seat.Mu.Unlock()
	if d.seat.Has == nil {
		return 0
	}
	return d.seat.Has.Session.ID
}

// Close removes this member, and ends calls that wait. It then waits until the tree has no znodes of
// this value. If ctx ends first, Close returns its error, and the clean-up goes on. If you call
// Close again, it waits again.
func (d *DoubleBarrier) Close(ctx context.Context) error {
	d.line.StopCalls()
	if m := d.seat.Drop(); m != nil {
		d.line.Abandon(m.Contender)
	}
	return d.line.Drain(ctx, "close double barrier")
}
