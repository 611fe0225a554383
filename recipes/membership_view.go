package recipes

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file reads a group: as a list, or as changes.

// Members lists the members in the order in which they joined, as they are at some moment during
// the call. NoEffect is true for its errors: [ErrClosed], the error of ctx, or what a server
// refused.
func (g *Group) Members(ctx context.Context) ([]Member, error) { return g.membersAs(ctx, "members") }

func (g *Group) membersAs(ctx context.Context, op string) (members []Member, err error) {
	err = g.line.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if _, err := g.line.Client.QuorumSync(ctx, z, g.line.Path); err != nil {
			return calls.NotApplied, err
		}
		var err error
		members, err = g.view(ctx, z, func() (v client.Value, err error) {
			v.Names, err = g.line.Client.Children(ctx, z, g.line.Path)
			return v, err
		})
		return calls.AppliedUnless(err)
	})
	return members, err
}

// view returns the members in one view of the server. If a znode goes before it is read, view
// starts again with a new list, since one member of the earlier view remains unknown. It already
// knows most of the members then.
func (g *Group) view(ctx context.Context, z *client.Session, list func() (client.Value, error)) ([]Member, error) {
	for {
		v, err := list()
		if err != nil {
			return nil, err
		}
		members, err := g.read(ctx, z, znodes.Nodes(v.Names, g.line.Kind))
		if !errors.Is(err, zk.ErrNoNode) {
			return members, err
		}
	}
}

// read reads the data of members that this value does not know yet. The data never changes.
func (g *Group) read(ctx context.Context, z *client.Session, list []znodes.Node) (members []Member, err error) {
	known := make(map[string]Member, len(list))
	defer func() { g.remember(known, err == nil) }()
	for _, n := range list {
		m, ok := g.recall(n.Name)
		if !ok {
			v, err := g.line.Client.Get(ctx, z, znodes.Join(g.line.Path, n.Name))
			if err != nil {
				return nil, err
			}
			m = Member{Name: n.Name, Data: v.Data, Since: v.Stat.Czxid, foreign: v.Stat.EphemeralOwner == 0}
		}
		known[n.Name] = m
		if !m.foreign {
			members = append(members, m)
		}
	}
	return members, nil
}

func (g *Group) recall(name string) (Member, bool) {
	g.seat.Mu.Lock()
	defer g.seat.Mu.Unlock()
	m, ok := g.known[name]
	return m, ok
}

// remember adds the members that were read to the known ones. If all is true, it forgets the
// others.
func (g *Group) remember(read map[string]Member, all bool) {
	g.seat.Mu.Lock()
	defer g.seat.Mu.Unlock()
	if g.known == nil || all {
		g.known = read
		return
	}
	for name, m := range read {
		g.known[name] = m
	}
}

// Change is a change of a group.
type Change struct {
	Members []Member // all members, in the order in which they joined
	Joined  []Member // members that were not in the group before
	Left    []Member // members that are no longer in the group
}

// Changes returns the group with all its members as Joined, and then each change, until ctx ends or
// the loop does. Several changes between two steps come as one: it leaves out a member that comes
// and goes in between, and a member that has joined again after an expiry has left under one name
// and joined under another. Changes never returns an earlier state of the group after a later one,
// not even across sessions.
//
// The last step has an error, for which NoEffect is true: [ErrClosed], the error of ctx, or what a
// server refused.
func (g *Group) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		var before []Member
		f := calls.Follower[[]Member]{Recipe: g.line.Recipe, Look: calls.ByOne(g.watched), Equal: sameMembers}
		for {
			now, err := f.Follow(ctx, "changes")
			if err != nil {
				yield(Change{}, err)
				return
			}
			if !yield(Change{Members: slices.Clone(now), Joined: without(now, before), Left: without(before, now)}, nil) {
				return
			}
			before = now
		}
	}
}

func sameMembers(a, b []Member) bool {
	return slices.EqualFunc(a, b, func(a, b Member) bool { return a.Name == b.Name })
}

// watched returns the members, and a watch on them. It creates the path if there is none to watch.
func (g *Group) watched(ctx context.Context, z *client.Session) (members []Member, changed <-chan zk.Event, err error) {
	members, err = g.view(ctx, z, func() (client.Value, error) {
		for range client.MaxRecreate {
			v, err := g.line.Client.ChildrenW(ctx, z, g.line.Path)
			if !errors.Is(err, zk.ErrNoNode) {
				changed = v.Changed
				return v, err
			}
			if err := g.line.Client.EnsurePath(ctx, z, g.line.Path); err != nil {
				return v, err
			}
		}
		return client.Value{}, ErrRemoved
	})
	return members, changed, err
}

// without returns the members of one list that are not in another.
func without(list, other []Member) []Member {
	there := make(map[string]bool, len(other))
	for _, m := range other {
		there[m.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(m Member) bool { return there[m.Name] })
}
