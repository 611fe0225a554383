package faults

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
)

// nextInLine returns the clients that stand first in line behind a holder, one for each object that is
// held. It reads this from the tree, whatever names a recipe gives to its znodes: contenders are
// ephemeral and stand in the order of their creation.
func (t *Target) nextInLine(ctx context.Context) []int {
	if t.Admin == nil {
		return nil
	}
	var ids []int
	for _, key := range t.Activity.Keys(Holding) {
		for _, folder := range t.lines(ctx, t.Root+"/"+key) {
			line, err := t.line(ctx, folder)
			if err != nil {
				continue
			}
			if id, ok := t.firstWaiting(line); ok && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// firstWaiting returns the first client in the line that waits behind a holder.
func (t *Target) firstWaiting(line []contender) (int, bool) {
	held := false
	for _, x := range line {
		id, ok := t.clientOf(x.owner)
		switch {
		case !ok: // a foreign child
		case held && t.Activity.Doing(id) == Waiting:
			return id, true
		case t.Activity.Doing(id) == Holding:
			held = true
		}
	}
	return 0, false
}

// contender is an ephemeral child of a recipe's folder.
type contender struct {
	name    string
	owner   int64
	created int64 // zxid
}

// line lists the ephemeral children of a folder in the order of their creation.
func (t *Target) line(ctx context.Context, folder string) ([]contender, error) {
	return await.Within(ctx, func() ([]contender, error) {
		names, _, err := t.Admin.Children(folder)
		if err != nil {
			return nil, err
		}
		var line []contender
		for _, name := range names {
			ok, stat, err := t.Admin.Exists(folder + "/" + name)
			switch {
			case errors.Is(err, zk.ErrNoAuth): // no recipe's: its clients read each other's znodes
				continue
			case err != nil:
				return nil, err
			}
			if ok && stat.EphemeralOwner != 0 {
				line = append(line, contender{name, stat.EphemeralOwner, stat.Czxid})
			}
		}
		slices.SortFunc(line, func(a, b contender) int { return cmp.Compare(a.created, b.created) })
		return line, nil
	})
}

// clientOf returns the client that has this session now.
func (t *Target) clientOf(session int64) (id int, ok bool) {
	for _, c := range t.Clients {
		if s, ok := c.Link.Session(); ok && s.ID == session {
			return c.ID, true
		}
	}
	return 0, false
}
