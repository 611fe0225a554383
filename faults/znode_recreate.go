package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/base/await"
)

// Recreate deletes a recipe's folder with everything in it and creates it again, empty,
// with the same data and ACL. This is one transaction, so that no client can get in
// between. Sequence numbers start at 0 again.
type Recreate struct {
	Key string // whose folder; "" is one in use
}

var _ = declare(kinds.Recreate, Kind{
	About:   "deletes a recipe's folder and creates it again",
	guide:   []row{{"", "the folder is deleted with its contents, and created again", "the folder is a new znode", "nothing to heal"}},
	Options: []Option{keyOption},
	Harsh:   true,
	build:   func(a arguments) Fault { return Recreate{Key: a.options["key"]} },
})

// Kind returns "recreate".
func (Recreate) Kind() string { return kinds.Recreate.Name }

// Spec returns recreate or recreate:key=<key>.
func (f Recreate) Spec() string { return withOption(f.Kind(), "key", f.Key) }

// Available returns nil: only the permission to write is needed.
func (Recreate) Available(Setting) error { return nil }

// Inject recreates the folder. If something changes in it meanwhile, it tries again.
func (f Recreate) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	at, err := t.folder(ctx, f.Key, rng)
	if err != nil {
		return nil, err
	}
	e := &recreated{changed{target: t, folder: at, effect: at.effect(f.Spec(), at.path)}}
	if err := e.replace(ctx); err != nil {
		at.release()
		return nil, fmt.Errorf("recreate %s: %w", at.path, err)
	}
	return e, nil
}

type recreated struct {
	changed
}

// replace tries until nothing changes between looking and deleting.
func (e *recreated) replace(ctx context.Context) error {
	leaves := map[string]bool{}
	for {
		err := await.Until(ctx, func() error {
			anew, version, err := e.same()
			if err != nil {
				return err
			}
			ops, err := e.deletes(e.folder.path, version, leaves)
			if err != nil {
				return err
			}
			_, err = e.target.Admin.Multi(append(ops, anew)...)
			return err
		})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, zk.ErrNotEmpty):
			clear(leaves)
		case errors.Is(err, zk.ErrConnectionClosed):
			if !doze(ctx, retryAfter) || e.Verify(ctx) == nil { // the transaction may have been committed
				return context.Cause(ctx)
			}
		case !errors.Is(err, zk.ErrNoNode) && !errors.Is(err, zk.ErrBadVersion):
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("it changed all the time: %w", err)
		}
	}
}

// same returns the request that creates the folder with its present data and ACL, and the
// version that the data has.
func (e *recreated) same() (_ *zk.CreateRequest, version int32, err error) {
	data, stat, err := e.target.Admin.Get(e.folder.path)
	if err != nil {
		return nil, 0, err
	}
	acl, _, err := e.target.Admin.GetACL(e.folder.path)
	return &zk.CreateRequest{Path: e.folder.path, Data: data, Acl: acl}, stat.Version, err
}

// deletes returns the requests that delete a znode in a version (-1: any) and everything
// below it, in order. To be quick, it asks only once for the children of a znode that had
// none.
func (e *recreated) deletes(path string, version int32, leaves map[string]bool) ([]any, error) {
	var ops []any
	if !leaves[path] {
		names, _, err := e.target.Admin.Children(path)
		if err != nil && !errors.Is(err, zk.ErrNoAuth) { // of one that may not be read, the multi tells whether it has children
			return nil, err
		}
		leaves[path] = len(names) == 0 && path != e.folder.path
		for _, name := range names {
			below, err := e.deletes(path+"/"+name, -1, leaves)
			if err != nil {
				return nil, err
			}
			ops = append(ops, below...)
		}
	}
	return append(ops, &zk.DeleteRequest{Path: path, Version: version}), nil
}

// Verify finds another znode in the folder's place.
func (e *recreated) Verify(ctx context.Context) error {
	stat, err := e.target.look(ctx, e.folder.path)
	switch {
	case errors.Is(err, zk.ErrNoNode): // a recipe removed it since
		return nil
	case err != nil:
		return err
	case stat.Czxid == e.folder.stat.Czxid:
		return fmt.Errorf("%s is still the same znode", e.folder.path)
	}
	return nil
}
