package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"
)

// DoubleBarrier lets a fixed number of parties in together and out together.
//
// Its folder is the path, made if missing. Each member stands in it as an
// ephemeral sequential znode <32 hex digits>-member-<sequence>. The persistent
// child "ready" names the members of the round, one a line. Everything else is
// ignored.
//
// A round is formed by one multi that writes the names into "ready" and checks
// that every one of these znodes exists. So whoever finds its own name there
// knows that there was a moment at which all of them were in, however late it
// comes to look, and whatever became of the others since; and what an earlier
// round left behind lets nobody else in. A member that died, or whose Enter was
// cancelled, is not counted: its znode is gone.
//
// Members may be inside more than once, one round after the other: the next round
// is formed when all of the last one have left or died. If more are waiting than
// there are parties, those who came first are the round. All must agree on the
// number of parties, at most 4096.
//
// What it cannot: a member whose session ends while it is inside counts as
// having left. It is safe for concurrent use; a value is in at most once.
type DoubleBarrier struct {
	calls
	line    line
	parties int

	mu     sync.Mutex
	busy   bool
	inside *membership
}

// membership is what a member that got in knows.
type membership struct {
	*contender
	round []string // names of all members, its own included
}

const (
	readyNode = "ready"
	// maxParties is how many names, written twice, fit into one request.
	maxParties = 4096
)

// NewDoubleBarrier returns a member of the double barrier on path.
func NewDoubleBarrier(s *Session, path string, parties int) *DoubleBarrier {
	return &DoubleBarrier{
		calls: newCalls(), parties: parties,
		line: line{s: s, path: path, kind: kindMember},
	}
}

// Enter waits until all parties are in, ctx ends or the session is gone.
//
// A call that is cancelled takes its member away. When that is known to be done,
// which it waits for within a grace of a tenth of the time-out (at most 200 ms),
// the error has NoEffect: nobody counts this member from then on. When it turns
// out that the member had been counted, Enter returns nil: the others are in and
// wait for its Leave. Otherwise, and when the session was lost
// ([ErrSessionLost]), the member may be counted until it is removed in the
// background.
//
// Other errors, with NoEffect: [ErrInside], [ErrClosed], [ErrParties], [ErrRemoved],
// or what a server refused.
func (d *DoubleBarrier) Enter(ctx context.Context) error {
	const op = "enter"
	if d.parties < 1 || d.parties > maxParties {
		return without(op, d.line.path, ErrParties)
	}
	ctx, end, err := d.start(ctx, d.line.path)
	if err != nil {
		return without(op, d.line.path, err)
	}
	defer end()
	if !d.begin() {
		return without(op, d.line.path, ErrInside)
	}
	m, sure, err := d.enter(ctx)
	return d.finish(op, m, sure, err)
}

// begin lets one call at a time be on its way in.
func (d *DoubleBarrier) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy || d.inside != nil {
		return false
	}
	d.busy = true
	return true
}

func (d *DoubleBarrier) finish(op string, m *membership, sure bool, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
	switch {
	case err != nil && sure:
		return without(op, d.line.path, d.cause(err))
	case err != nil:
		return perhaps(op, d.line.path, d.cause(err))
	case d.ctx.Err() != nil:
		d.line.abandon(m.contender)
		return perhaps(op, d.line.path, ErrClosed)
	}
	d.inside = m
	return nil
}

// enter waits until it is in. With an error, sure says that the member is not
// there and never will be.
func (d *DoubleBarrier) enter(ctx context.Context) (m *membership, sure bool, err error) {
	l, err := d.line.s.begin(ctx)
	if err != nil {
		return nil, true, err
	}
	for range rebuilds {
		// What an earlier call left behind would be counted beside the new member.
		if err := d.line.tasks.wait(ctx); err != nil {
			return nil, false, err
		}
		c, err := d.line.join(ctx, l, nil)
		if err != nil {
			return nil, d.swept(), err
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

// swept waits a little for clean-ups and reports whether they are done.
func (d *DoubleBarrier) swept() bool {
	s := d.line.s
	grace, cancel := context.WithTimeout(s.ctx, s.grace())
	defer cancel()
	return d.line.tasks.wait(grace) == nil && s.ctx.Err() == nil
}

// gather waits until c is a member of a round, and forms one if it can.
func (d *DoubleBarrier) gather(ctx context.Context, c *contender) (round []string, err error) {
	var b backoff
	foreign := make(map[string]bool) // persistent znodes that look like members
	for {
		news := d.line.s.nextNews()
		ready, err := d.ready(ctx, c.life)
		if err != nil {
			return nil, err
		}
		round := members(ready.data)
		if slices.Contains(round, c.name) {
			return round, nil
		}
		present, changed, err := d.look(ctx, c, foreign)
		switch {
		case errors.Is(err, zk.ErrNoNode): // it changed while we looked
			continue
		case err != nil:
			return nil, err
		}
		if next := d.next(present, round); slices.Contains(next, c.name) {
			if ok, err := d.genuine(ctx, c.life, next, foreign); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			err = d.form(ctx, c.life, next, ready.stat.Version)
			if err != nil && !unanswered(err) {
				return nil, err
			}
			if err != nil {
				b.pause(ctx)
			}
			continue // "ready" tells what came of it
		}
		if err := d.line.s.wait(ctx, c.life, news, ready.changed, changed); err != nil {
			return nil, err
		}
	}
}

// ready reads the present round and makes the znode for it if it is missing.
func (d *DoubleBarrier) ready(ctx context.Context, l *life) (value, error) {
	s, path := d.line.s, join(d.line.path, readyNode)
	for range rebuilds {
		v, err := s.get(ctx, l, path)
		if !errors.Is(err, zk.ErrNoNode) {
			return v, err
		}
		if err := s.build(ctx, l, path); err != nil {
			return value{}, err
		}
	}
	return value{}, ErrRemoved
}

// members reads the names of a round; lines that are no names are left out.
func members(data []byte) []string {
	var round []string
	for _, n := range nodes(strings.Split(string(data), "\n"), kindMember) {
		round = append(round, n.name)
	}
	return round
}

// look returns the members that are present, in order, and a watch on whatever
// c has to wait for. Only the one in front watches the folder; the others watch
// the one ahead of them, to step in for it, and all watch "ready".
func (d *DoubleBarrier) look(ctx context.Context, c *contender, foreign map[string]bool) ([]node, <-chan zk.Event, error) {
	s, path := d.line.s, d.line.path
	names, err := s.children(ctx, c.life, path)
	if err != nil {
		return nil, nil, err
	}
	for {
		present := sorted(names, foreign)
		at := slices.IndexFunc(present, func(n node) bool { return n.name == c.name })
		switch {
		case at < 0:
			return nil, nil, ErrRemoved
		case at == 0:
			children, err := s.list(ctx, c.life, path)
			return sorted(children.names, foreign), children.changed, err
		}
		ahead := present[at-1].name
		v, err := s.get(ctx, c.life, join(path, ahead))
		if err != nil || v.stat.EphemeralOwner != 0 {
			return present, v.changed, err
		}
		foreign[ahead] = true
	}
}

// genuine reports whether all of the named are there and ephemeral.
func (d *DoubleBarrier) genuine(ctx context.Context, l *life, names []string, foreign map[string]bool) (bool, error) {
	s := d.line.s
	for _, name := range names {
		stat, err := ask(ctx, s, l, read, func() (*zk.Stat, error) {
			_, stat, err := s.conn.Get(join(d.line.path, name))
			return stat, err
		})
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return false, nil
		case err != nil:
			return false, err
		case stat.EphemeralOwner == 0:
			foreign[name] = true
			return false, nil
		}
	}
	return true, nil
}

// sorted returns the members among names, in order, without the foreign ones.
func sorted(names []string, foreign map[string]bool) []node {
	list := slices.DeleteFunc(nodes(names, kindMember), func(n node) bool { return foreign[n.name] })
	slices.SortFunc(list, compare)
	return list
}

// next returns the names of the round that can be formed now: the first of those
// who are present, if they are enough and nobody of the last round is left. A
// member of the last round who is present may not have seen yet that it is in.
func (d *DoubleBarrier) next(present []node, last []string) []string {
	if len(present) < d.parties {
		return nil
	}
	var next []string
	for i, n := range present {
		if slices.Contains(last, n.name) {
			return nil
		}
		if i < d.parties {
			next = append(next, n.name)
		}
	}
	return next
}

// form makes the named members a round. That a member has gone meanwhile, or
// that another one was faster, is no error.
func (d *DoubleBarrier) form(ctx context.Context, l *life, round []string, version int32) error {
	s, path := d.line.s, d.line.path
	var ops []any
	for _, name := range round {
		ops = append(ops, &zk.CheckVersionRequest{Path: join(path, name), Version: -1})
	}
	ops = append(ops, &zk.SetDataRequest{
		Path: join(path, readyNode), Data: []byte(strings.Join(round, "\n")), Version: version,
	})
	_, err := send(s, l, write, func() ([]zk.MultiResponse, error) { return s.conn.Multi(ops...) }).wait(ctx)
	if errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion) {
		return nil
	}
	return err
}

// withdraw takes c away unless it has been counted, within a grace. It returns
// the round if it has been counted, else whether it is known to be gone; what is
// left is removed in the background.
func (d *DoubleBarrier) withdraw(c *contender) (round []string, gone bool) {
	s := d.line.s
	ctx, cancel := context.WithTimeout(s.ctx, s.grace())
	defer cancel()
	round, err := d.uncount(ctx, c)
	if err != nil {
		d.line.abandon(c)
		return nil, false
	}
	if round == nil {
		d.line.sweepIf(c.unsure, c.id)
	}
	return round, true
}

// uncount removes c in one step with a check that "ready" is as it was read, so
// that c is either counted or gone.
func (d *DoubleBarrier) uncount(ctx context.Context, c *contender) (round []string, err error) {
	s, path := d.line.s, d.line.path
	for {
		ready, err := d.ready(ctx, c.life)
		if err != nil {
			return nil, err
		}
		if round := members(ready.data); slices.Contains(round, c.name) {
			return round, nil
		}
		results, err := ask(ctx, s, c.life, write, func() ([]zk.MultiResponse, error) {
			return s.conn.Multi(
				&zk.CheckVersionRequest{Path: join(path, readyNode), Version: ready.stat.Version},
				&zk.DeleteRequest{Path: join(path, c.name), Version: -1},
			)
		})
		switch {
		case err == nil:
			return nil, nil
		case errors.Is(err, zk.ErrBadVersion), errors.Is(err, zk.ErrNoNode) && refusedBy(results) == 0:
			continue // look again
		case errors.Is(err, zk.ErrNoNode): // by an earlier try, or by somebody else
			return nil, nil
		}
		return nil, err
	}
}

// Leave takes this member away and waits until all others of its round have left
// or died, or ctx ends. It goes on in the next session when one is lost.
//
// Whatever it returns, this member is out, or on its way out in the background,
// and the value is usable again. [ErrOutside] and [ErrClosed] (NoEffect) say that
// it was not inside; after any other error others may still be.
func (d *DoubleBarrier) Leave(ctx context.Context) error {
	const op = "leave"
	ctx, end, err := d.start(ctx, d.line.path)
	if err != nil {
		return without(op, d.line.path, err)
	}
	defer end()
	d.mu.Lock()
	m := d.inside
	d.inside = nil
	d.mu.Unlock()
	if m == nil {
		return without(op, d.line.path, ErrOutside)
	}
	if err := d.line.leave(ctx, m.contender); err != nil && !errors.Is(err, ErrLost) {
		return perhaps(op, d.line.path, d.cause(err))
	}
	if err := d.alone(ctx, m); err != nil {
		return perhaps(op, d.line.path, d.cause(err))
	}
	return nil
}

// alone waits until no other of m's round is present.
func (d *DoubleBarrier) alone(ctx context.Context, m *membership) error {
	for {
		l, err := d.line.s.begin(ctx)
		if err != nil {
			return err
		}
		if err := d.aloneIn(ctx, l, m); !errors.Is(err, ErrSessionLost) {
			return err
		}
	}
}

// aloneIn is alone in one session. Its first list is fenced, so that all it sees
// is of the time of the call.
func (d *DoubleBarrier) aloneIn(ctx context.Context, l *life, m *membership) error {
	s, path := d.line.s, d.line.path
	if _, err := s.fence(ctx, l, path); err != nil {
		return err
	}
	for {
		news := s.nextNews()
		names, err := s.children(ctx, l, path)
		if err != nil {
			return err
		}
		other := ""
		for _, name := range names {
			if name != m.name && slices.Contains(m.round, name) {
				other = max(other, name)
			}
		}
		if other == "" {
			return nil
		}
		v, err := s.get(ctx, l, join(path, other))
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.wait(ctx, l, news, v.changed); err != nil {
			return err
		}
	}
}

// Session returns the id of the session that owns this member's znode while it
// is inside, else 0.
func (d *DoubleBarrier) Session() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside == nil {
		return 0
	}
	return d.inside.life.id
}

// Close takes this member away, ends calls that wait, and waits until nothing of
// this value is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (d *DoubleBarrier) Close(ctx context.Context) error {
	d.close()
	d.mu.Lock()
	m := d.inside
	d.inside = nil
	d.mu.Unlock()
	if m != nil {
		d.line.abandon(m.contender)
	}
	for _, group := range []*tasks{&d.calls.tasks, &d.line.tasks} {
		if err := group.wait(ctx); err != nil {
			return perhaps("close double barrier", d.line.path, err)
		}
	}
	return nil
}
