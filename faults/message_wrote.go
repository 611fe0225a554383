package faults

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// wrote reports whether the tree shows the write whose reply was lost: a znode that was
// created or changed at its zxid, or a deleted znode that is absent while its parent has
// changed. False leaves open whether the write happened.
func (t *Target) wrote(ctx context.Context, lost link.Lost) (bool, error) {
	if lost.Path == "" || lost.Zxid == 0 {
		return false, nil
	}
	return fenced(ctx, t, func() (bool, error) {
		switch lost.Op.Kind() {
		case wire.Create:
			return t.made(lost)
		case wire.SetData:
			found, stat, err := t.Admin.Exists(lost.Path)
			return found && stat.Mzxid == lost.Zxid, err
		case wire.Delete:
			found, _, err := t.Admin.Exists(lost.Path)
			if found || err != nil {
				return false, err
			}
			found, stat, err := t.Admin.Exists(path.Dir(lost.Path))
			return found && stat.Pzxid >= lost.Zxid, err
		}
		return false, nil
	})
}

// made looks for the znode of a create. The name of a sequential znode is the requested name followed
// by a number.
func (t *Target) made(lost link.Lost) (bool, error) {
	dir, base := path.Split(lost.Path)
	names, _, err := t.Admin.Children(path.Clean(dir))
	if errors.Is(err, zk.ErrNoNode) {
		return false, nil
	}
	for _, name := range names {
		if !strings.HasPrefix(name, base) {
			continue
		}
		found, stat, err := t.Admin.Exists(dir + name)
		if err != nil || found && stat.Czxid == lost.Zxid {
			return found, err
		}
	}
	return false, err
}
