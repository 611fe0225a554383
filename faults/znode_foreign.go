package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Foreign adds znodes that no recipe made to a recipe's folder or to one of its subfolders;
// if no recipe has a folder, it adds them beside the objects. They have odd names and odd
// data, and some are sequential and look like the recipe's own except for their prefix.
// Recipes must ignore znodes that they did not make.
type Foreign struct {
	Key string // whose folder; "" is one in use
}

var _ = declare(kinds.Foreign, Kind{
	About:   "puts foreign znodes into a recipe's folder",
	guide:   []row{{"", "znodes that no recipe created appear in the folder", "a fenced list of children", "they are deleted"}},
	Options: []Option{keyOption},
	build:   func(a arguments) Fault { return Foreign{Key: a.options["key"]} },
})

// Kind returns "foreign".
func (Foreign) Kind() string { return kinds.Foreign.Name }

// Spec returns foreign or foreign:key=<key>.
func (f Foreign) Spec() string { return withOption(f.Kind(), "key", f.Key) }

// Available returns nil: only the permission to write is needed.
func (Foreign) Available(Setting) error { return nil }

// foreignMark is in the name of each foreign znode, so that Heal finds them all, including
// those whose create was not acknowledged.
const foreignMark = history.ForeignMark

// Inject makes the znodes.
func (f Foreign) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	at, err := t.folder(ctx, f.Key, rng)
	if err == nil {
		at, err = t.within(ctx, at, rng)
	} else if errors.Is(err, ErrNoTarget) && f.Key == "" {
		at, err = t.beside(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	e := &foreign{target: t, folder: at, effect: at.effect(f.Spec(), "in "+at.path)}
	if err := e.make(ctx, rng); err != nil {
		return nil, undo(ctx, e, fmt.Errorf("put foreign znodes into %s: %w", at.path, err))
	}
	return e, nil
}

type foreign struct {
	effect
	target *Target
	folder folder
	made   []string
}

// stranger is a znode to create.
type stranger struct {
	name  string
	flags int32
	data  []byte
}

func (e *foreign) make(ctx context.Context, rng *rand.Rand) error {
	names, err := e.folder.children(ctx, e.target)
	if err != nil {
		return err
	}
	for _, s := range strangers(names, rng) {
		path, err := insisting(ctx, func() (string, error) {
			return e.target.Admin.Create(e.folder.path+"/"+s.name, s.data, s.flags, zk.WorldACL(zk.PermAll))
		})
		switch {
		case errors.Is(err, zk.ErrNodeExists): // a reply was lost
			e.made = append(e.made, s.name)
		case err != nil:
			return err
		default:
			e.made = append(e.made, strings.TrimPrefix(path, e.folder.path+"/"))
		}
	}
	return nil
}

// strangers returns what to add to a folder that contains these names.
func strangers(names []string, rng *rand.Rand) []stranger {
	junk := make([]byte, 1+rng.IntN(4<<10))
	for i := range junk {
		junk[i] = byte(rng.Uint32())
	}
	list := []stranger{
		{foreignMark, 0, nil},
		{foreignMark + " with spaces, a # and żółć", 0, junk},
		{foreignMark + "-0000000000", 0, []byte{}},
		{foreignMark + "-lock--0000000001", 0, junk},
		{"-" + foreignMark + "-2147483648", zk.FlagEphemeral, nil},
		{foreignMark + "-99999999999999999999", 0, nil},
		{foreignMark + "-", zk.FlagSequence, junk},
	}
	for _, prefix := range lookalikes(names) {
		list = append(list,
			stranger{prefix, zk.FlagSequence, nil},
			stranger{prefix, zk.FlagSequence | zk.FlagEphemeral, junk})
	}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

var (
	sequenceNumber = regexp.MustCompile(`\d{10}$`)
	// uniquePart matches what makes a recipe's names unique: a UUID, with or without
	// dashes.
	uniquePart = regexp.MustCompile(`[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}`)
)

// lookalikes returns the part before the number of each sequential name, with another
// prefix in place of the unique one. There are no duplicates.
func lookalikes(names []string) []string {
	var list []string
	for _, name := range names {
		stem := sequenceNumber.ReplaceAllString(name, "")
		if stem == name || strings.Contains(name, foreignMark) {
			continue
		}
		like := uniquePart.ReplaceAllString(stem, foreignMark)
		if like == stem {
			like = foreignMark + "-" + stem
		}
		if !slices.Contains(list, like) {
			list = append(list, like)
		}
	}
	slices.Sort(list)
	return list
}

// Verify finds all of them in a fenced list.
func (e *foreign) Verify(ctx context.Context) error {
	names, err := e.folder.children(ctx, e.target)
	if err != nil {
		return err
	}
	for _, name := range e.made {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the foreign znode %q is not in %s", name, e.folder.path)
		}
	}
	return nil
}

// Heal removes those that are still there.
func (e *foreign) Heal(ctx context.Context) error {
	return e.once(func() error { return e.remove(ctx) })
}

func (e *foreign) remove(ctx context.Context) error {
	names, err := e.folder.children(ctx, e.target)
	if err != nil {
		return fmt.Errorf("list %s: %w", e.folder.path, err)
	}
	for _, name := range names {
		if !strings.Contains(name, foreignMark) {
			continue
		}
		_, err := insisting(ctx, func() (struct{}, error) {
			return struct{}{}, e.target.Admin.Delete(e.folder.path+"/"+name, -1)
		})
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return fmt.Errorf("remove %s/%s: %w", e.folder.path, name, err)
		}
	}
	return nil
}
