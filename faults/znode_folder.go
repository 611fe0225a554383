package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
)

// folder is a znode that a fault has claimed.
type folder struct {
	path    string
	stat    *zk.Stat
	release func() // its claim
}

// effect returns the effect on the folder, until it is healed.
func (f folder) effect(spec, detail string) effect {
	return effect{step: history.FaultStep{Spec: spec, Detail: detail}, release: f.release}
}

// changed is the effect of a fault that leaves a folder changed.
type changed struct {
	effect
	atOnce
	target *Target
	folder folder
}

// Heal has nothing to undo.
func (e *changed) Heal(context.Context) error { return e.once(func() error { return nil }) }

// keyOption is key=, for faults on a recipe's folder.
var keyOption = Option{
	Key: "key", About: "the recipe's key: k1, k2, ...; by default one that is in use", Example: "k1",
	Check: func(s string) error {
		if s == "" || strings.Contains(s, "/") {
			return fmt.Errorf("key %q is not the name of a znode", s)
		}
		return nil
	},
}

// folderWait is how long a fault waits for a folder with children.
const folderWait = 500 * time.Millisecond

// folder claims the folder of a key. If no key is given, it takes a folder in use:
// preferably one where a client holds, then one where a client waits, then any.
func (t *Target) folder(ctx context.Context, key string, rng *rand.Rand) (folder, error) {
	if t.Admin == nil {
		return folder{}, errNoAdmin
	}
	for late := time.Now().Add(folderWait); ; {
		for _, keys := range t.keys(ctx, key) {
			for _, i := range rng.Perm(len(keys)) {
				f, ok, err := t.take(ctx, drawn(t.lines(ctx, t.Root+"/"+keys[i]), rng))
				if ok || err != nil {
					return f, err
				}
			}
		}
		if !time.Now().Before(late) || !doze(ctx, retryAfter) {
			break
		}
	}
	if key != "" {
		return folder{}, fmt.Errorf("there is no folder of %s with anything in it, or another fault has it: %w", key, ErrNoTarget)
	}
	return folder{}, fmt.Errorf("no recipe has a folder with anything in it: %w", ErrNoTarget)
}

// within returns the folder, or one of its subfolders, under the same claim. A child is a
// subfolder if its purpose is to have children.
func (t *Target) within(ctx context.Context, f folder, rng *rand.Rand) (folder, error) {
	names, err := f.children(ctx, t)
	if err != nil {
		f.release()
		return f, err
	}
	slices.Sort(names)
	places := []folder{f}
	for _, name := range names {
		path := f.path + "/" + name
		switch stat, err := t.look(ctx, path); {
		case errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrNoAuth):
		case err != nil:
			f.release()
			return f, err
		case stat.NumChildren > 0:
			places = append(places, folder{path, stat, f.release})
		}
	}
	return places[rng.IntN(len(places))], nil
}

// lines returns the folders in which clients stand in line for an object: its own, or those
// of its parts.
func (t *Target) lines(ctx context.Context, path string) []string {
	if !t.Activity.model.Parts {
		return []string{path}
	}
	parts, err := fenced(ctx, t, func() ([]string, error) {
		names, _, err := t.Admin.Children(path)
		return names, err
	})
	if err != nil || len(parts) == 0 {
		return []string{path}
	}
	slices.Sort(parts)
	for i := range parts {
		parts[i] = path + "/" + parts[i]
	}
	return parts
}

// drawn returns one of the paths; if there is only one, it draws nothing from rng.
func drawn(paths []string, rng *rand.Rand) string {
	if len(paths) == 1 {
		return paths[0]
	}
	return paths[rng.IntN(len(paths))]
}

// beside claims the root, which contains the objects of recipes without folders, when no
// folder was found.
func (t *Target) beside(ctx context.Context, because error) (folder, error) {
	if t.Admin == nil {
		return folder{}, because
	}
	stat, err := t.look(ctx, t.Root)
	if err != nil {
		return folder{}, err
	}
	release, ok := t.Claims.Take("folder " + t.Root)
	if !ok {
		return folder{}, because
	}
	return folder{t.Root, stat, release}, nil
}

// keys returns the keys to look at, in groups, best first.
func (t *Target) keys(ctx context.Context, key string) [][]string {
	if key != "" {
		return [][]string{{key}}
	}
	sets := [][]string{t.Activity.Keys(Holding), t.Activity.Keys(Waiting)}
	all, err := fenced(ctx, t, func() ([]string, error) {
		names, _, err := t.Admin.Children(t.Root)
		return names, err
	})
	if err == nil {
		slices.Sort(all) // so that the seed alone decides the draw
		sets = append(sets, all)
	}
	return sets
}

// take claims a znode that has children. A znode without children may be an object itself,
// such as a barrier, and a child would keep it from being deleted.
func (t *Target) take(ctx context.Context, path string) (f folder, ok bool, err error) {
	stat, err := t.look(ctx, path)
	switch {
	case errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrNoAuth):
		return folder{}, false, nil
	case err != nil:
		return folder{}, false, err
	case stat.NumChildren == 0:
		return folder{}, false, nil
	}
	release, ok := t.Claims.Take("folder " + path)
	return folder{path, stat, release}, ok, nil
}

// look returns a znode's stat by a fenced read.
func (t *Target) look(ctx context.Context, path string) (*zk.Stat, error) {
	stat, err := fenced(ctx, t, func() (*zk.Stat, error) {
		found, stat, err := t.Admin.Exists(path) // newer servers want the right to read (ZOOKEEPER-2590)
		if err == nil && !found {
			err = zk.ErrNoNode
		}
		return stat, err
	})
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", path, err)
	}
	return stat, nil
}

// children lists the folder by a fenced read; nothing if the folder is gone.
func (f folder) children(ctx context.Context, t *Target) ([]string, error) {
	return fenced(ctx, t, func() ([]string, error) {
		names, _, err := t.Admin.Children(f.path)
		if errors.Is(err, zk.ErrNoNode) {
			return nil, nil
		}
		return names, err
	})
}
