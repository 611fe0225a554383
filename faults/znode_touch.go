package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/kinds"
)

// Touch writes the contenders in a recipe's folder, its ephemeral znodes, with the data
// that they have. Clients that watch one get an event, although only its version has
// changed. Recipes must look again after every event, and watch again.
type Touch struct {
	Key string // whose folder; "" is one in use
}

var _ = declare(kinds.Touch, Kind{
	About:   "rewrites contenders with unchanged data, so that watches fire without a change",
	guide:   []row{{"", "contenders are written with the data they have, so watches fire although nothing changed", "their new versions, read fenced", "nothing to heal"}},
	Options: []Option{keyOption},
	build:   func(a arguments) Fault { return Touch{Key: a.options["key"]} },
})

// Kind returns "touch".
func (Touch) Kind() string { return kinds.Touch.Name }

// Spec returns touch or touch:key=<key>.
func (f Touch) Spec() string { return withOption(f.Kind(), "key", f.Key) }

// Available returns nil: only the permission to write is needed.
func (Touch) Available(Setting) error { return nil }

// Inject touches the contenders, one after the other.
func (f Touch) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	key := f.Key
	if waited := t.Activity.Keys(Waiting); key == "" && len(waited) > 0 { // a client watches there
		key = waited[rng.IntN(len(waited))]
	}
	at, err := t.folder(ctx, key, rng)
	if err != nil {
		return nil, err
	}
	e := &touched{changed: changed{target: t, folder: at}, after: map[string]*zk.Stat{}}
	if err := e.touchAll(ctx); err != nil {
		at.release()
		return nil, fmt.Errorf("touch what is in %s: %w", at.path, err)
	}
	e.effect = at.effect(f.Spec(), fmt.Sprintf("%d in %s", len(e.after), at.path))
	return e, nil
}

type touched struct {
	changed
	after map[string]*zk.Stat // the stat of each right after its touch
}

func (e *touched) touchAll(ctx context.Context) error {
	names, err := e.folder.children(ctx, e.target)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := e.folder.path + "/" + name
		stat, err := insisting(ctx, func() (*zk.Stat, error) { return e.touch(path) })
		switch {
		case errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrBadVersion), errors.Is(err, zk.ErrNoAuth): // its owner was quicker, or it is no recipe's
		case err != nil:
			return err
		case stat != nil:
			e.after[path] = stat
		}
	}
	if len(e.after) == 0 {
		return fmt.Errorf("no contender stayed for so long: %w", ErrNoTarget)
	}
	return nil
}

// touch writes a znode if it is a contender, unless another client wrote it in between.
func (e *touched) touch(path string) (*zk.Stat, error) {
	data, stat, err := e.target.Admin.Get(path)
	if err != nil || stat.EphemeralOwner == 0 {
		return nil, err
	}
	return e.target.Admin.Set(path, data, stat.Version)
}

// Verify finds all that are still there, with the version that they got or a later one.
func (e *touched) Verify(ctx context.Context) error {
	for path, after := range e.after {
		now, err := e.target.look(ctx, path)
		switch {
		case errors.Is(err, zk.ErrNoNode): // its owner has gone since
		case err != nil:
			return err
		case now.Czxid == after.Czxid && now.Mzxid < after.Mzxid:
			return fmt.Errorf("%s was touched with zxid %#x, and last changed with %#x", path, after.Mzxid, now.Mzxid)
		}
	}
	return nil
}
