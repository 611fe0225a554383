package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// gather waits until c is a member of a round, and forms a round if it can.
func (d *DoubleBarrier) gather(ctx context.Context, c *contend.Contender) (round []string, err error) {
	persistent := make(map[string]bool) // persistent znodes that look like members
	for {
		event := d.line.Client.NextEvent()
		ready, err := d.ready(ctx, c.Session)
		if err != nil {
			return nil, err
		}
		round := members(ready.Data)
		if slices.Contains(round, c.Name) {
			return round, nil
		}
		present, changed, err := d.present(ctx, c, persistent)
		switch {
		case errors.Is(err, zk.ErrNoNode): // it changed while we looked
			continue
		case err != nil:
			return nil, err
		}
		if next := d.next(present, round); slices.Contains(next, c.Name) {
			err = d.form(ctx, c.Session, next, ready.Stat.Version, persistent)
		} else {
			err = d.line.Client.Wait(ctx, c.Session, event, ready.Changed, changed)
		}
		if err != nil {
			return nil, err
		}
	}
}

// ready reads the present round and creates the znode for it if it is missing.
func (d *DoubleBarrier) ready(ctx context.Context, z *client.Session) (client.Value, error) {
	path := znodes.Join(d.line.Path, readyNode)
	for range client.MaxRecreate {
		v, err := d.line.Client.GetW(ctx, z, path)
		if !errors.Is(err, zk.ErrNoNode) {
			return v, err
		}
		if err := d.line.Client.EnsurePath(ctx, z, path); err != nil {
			return client.Value{}, err
		}
	}
	return client.Value{}, ErrRemoved
}

// members returns the names of a round. It leaves out lines that are no names.
func members(data []byte) []string {
	var round []string
	for _, n := range znodes.Nodes(strings.Split(string(data), "\n"), kindMember) {
		round = append(round, n.Name)
	}
	return round
}

// present returns the members that are present, in order, and the watch that c needs. Only the
// first member watches the children. Each other member watches the one ahead of it, to replace it
// as the first, and all watch "ready".
func (d *DoubleBarrier) present(ctx context.Context, c *contend.Contender, persistent map[string]bool) ([]znodes.Node, <-chan zk.Event, error) {
	names, err := d.line.Client.Children(ctx, c.Session, d.line.Path)
	if err != nil {
		return nil, nil, err
	}
	for {
		present := sorted(names, persistent)
		at := slices.IndexFunc(present, func(n znodes.Node) bool { return n.Name == c.Name })
		switch {
		case at < 0:
			return nil, nil, ErrRemoved
		case at == 0:
			children, err := d.line.Client.ChildrenW(ctx, c.Session, d.line.Path)
			return sorted(children.Names, persistent), children.Changed, err
		}
		ahead := present[at-1].Name
		v, err := d.line.Client.GetW(ctx, c.Session, znodes.Join(d.line.Path, ahead))
		if err != nil || v.Stat.EphemeralOwner != 0 {
			return present, v.Changed, err
		}
		persistent[ahead] = true
	}
}

// allEphemeral reports whether all named znodes exist and are ephemeral.
func (d *DoubleBarrier) allEphemeral(ctx context.Context, z *client.Session, names []string, persistent map[string]bool) (bool, error) {
	for _, name := range names {
		v, err := d.line.Client.Get(ctx, z, znodes.Join(d.line.Path, name))
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return false, nil
		case err != nil:
			return false, err
		case v.Stat.EphemeralOwner == 0:
			persistent[name] = true
			return false, nil
		}
	}
	return true, nil
}

// sorted returns the members among names, in order, without the persistent ones.
func sorted(names []string, persistent map[string]bool) []znodes.Node {
	return slices.DeleteFunc(znodes.Nodes(names, kindMember), func(n znodes.Node) bool { return persistent[n.Name] })
}

// next returns the names of the round that can be formed now: the first present members, if there
// are enough and no member of the last round is present. A member of the last round that is present
// may not know yet that it is in.
func (d *DoubleBarrier) next(present []znodes.Node, last []string) []string {
	if len(present) < d.parties {
		return nil
	}
	var next []string
	for i, n := range present {
		if slices.Contains(last, n.Name) {
			return nil
		}
		if i < d.parties {
			next = append(next, n.Name)
		}
	}
	return next
}

// form tries to make the named members a round. "ready" shows the result. It is no error that a
// member has gone in the meantime, that another client was faster, or that the reply was lost.
func (d *DoubleBarrier) form(ctx context.Context, z *client.Session, round []string, version int32, persistent map[string]bool) error {
	if ok, err := d.allEphemeral(ctx, z, round, persistent); err != nil || !ok {
		return err
	}
	var ops []any
	for _, name := range round {
		ops = append(ops, &zk.CheckVersionRequest{Path: znodes.Join(d.line.Path, name), Version: -1})
	}
	ops = append(ops, &zk.SetDataRequest{
		Path: znodes.Join(d.line.Path, readyNode), Data: []byte(strings.Join(round, "\n")), Version: version,
	})
	_, err := client.Send(d.line.Client, z, client.Write, func() ([]zk.MultiResponse, error) { return d.line.Client.Conn.Multi(ops...) }).Wait(ctx)
	switch {
	case errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrBadVersion):
		return nil
	case failures.Unanswered(err):
		new(client.Backoff).Pause(ctx)
		return nil
	}
	return err
}

// withdraw removes c unless it has been counted, within a short time. It returns the round if c has
// been counted, and otherwise whether c is known to be gone. What is left is removed in the
// background.
func (d *DoubleBarrier) withdraw(c *contend.Contender) (round []string, gone bool) {
	ctx, cancel := d.line.Client.WithGrace()
	defer cancel()
	round, err := d.removeUncounted(ctx, c)
	if err != nil {
		d.line.Abandon(c)
		return nil, false
	}
	if round == nil {
		d.line.SweepIf(c.Unsure, c.ID)
	}
	return round, true
}

// removeUncounted removes c in one multi that checks that "ready" is as it was read, so that c is
// either counted or gone.
func (d *DoubleBarrier) removeUncounted(ctx context.Context, c *contend.Contender) (round []string, err error) {
	for {
		ready, err := d.ready(ctx, c.Session)
		if err != nil {
			return nil, err
		}
		if round := members(ready.Data); slices.Contains(round, c.Name) {
			return round, nil
		}
		results, err := client.Retry(ctx, d.line.Client, c.Session, client.Write, func() ([]zk.MultiResponse, error) {
			return d.line.Client.Conn.Multi(
				&zk.CheckVersionRequest{Path: znodes.Join(d.line.Path, readyNode), Version: ready.Stat.Version},
				&zk.DeleteRequest{Path: znodes.Join(d.line.Path, c.Name), Version: -1},
			)
		})
		switch {
		case err == nil:
			return nil, nil
		case errors.Is(err, zk.ErrBadVersion), errors.Is(err, zk.ErrNoNode) && client.RefusedBy(results) == 0:
			continue // look again
		case errors.Is(err, zk.ErrNoNode): // by an earlier try, or by another client
			return nil, nil
		}
		return nil, err
	}
}
