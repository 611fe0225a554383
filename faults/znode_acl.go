package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/faults/kinds"
)

// ACL takes away permissions on a recipe's folder from all clients, as an administrator's
// mistake would; healing restores exactly the former ACL. If no recipe has a folder, it
// hits the parent znode of the objects.
type ACL struct {
	Lost Permission
	Key  string // whose folder; "" is one in use
}

// Permission is the permission that clients lose.
type Permission string

// The permissions. The zero value means those to create and to delete.
const (
	MayCreateAndDelete Permission = ""
	MayCreate          Permission = "create"
	MayDelete          Permission = "delete"
	MayRead            Permission = "read"
	MayReadOrAny       Permission = "read" + orAny // those to create and delete where there is no folder to read
	MayWrite           Permission = "write"        // to set data
)

var permissions = map[Permission]int32{
	MayCreateAndDelete: zk.PermCreate | zk.PermDelete,
	MayCreate:          zk.PermCreate, MayDelete: zk.PermDelete, MayRead: zk.PermRead, MayReadOrAny: zk.PermRead, MayWrite: zk.PermWrite,
}

var _ = declare(kinds.ACL, Kind{
	About:   "takes away permissions on a recipe's folder",
	guide:   []row{{"", "permissions on the folder are taken away; `read-or-any` takes create and delete if there is no folder to read", "a refused request", "the ACL is restored"}},
	words:   words{list: []string{string(MayCreate), string(MayDelete), string(MayRead), string(MayReadOrAny), string(MayWrite)}},
	Options: []Option{keyOption},
	build:   func(a arguments) Fault { return ACL{Lost: Permission(a.word), Key: a.options["key"]} },
	vary: func(f Fault, _ int, rng *rand.Rand) Fault {
		a := f.(ACL)
		if a.Lost == MayCreateAndDelete {
			a.Lost = []Permission{MayCreateAndDelete, MayCreate, MayDelete, MayReadOrAny, MayWrite}[rng.IntN(5)]
		}
		return a
	},
})

// Kind returns "acl".
func (ACL) Kind() string { return kinds.ACL.Name }

// Spec returns acl, with the permission and the key where they were given.
func (f ACL) Spec() string { return withOption(spec(kinds.ACL, string(f.Lost)), "key", f.Key) }

// Available returns nil: only the permission to administer the folder is needed.
func (ACL) Available(Setting) error { return nil }

// Inject takes the permissions away.
func (f ACL) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	if _, ok := permissions[f.Lost]; !ok {
		return nil, fmt.Errorf("there is no permission %q", f.Lost)
	}
	at, err := t.folder(ctx, f.Key, rng)
	if errors.Is(err, ErrNoTarget) && f.Key == "" && f.Lost != MayRead {
		at, err = t.beside(ctx, err)
		if f.Lost == MayReadOrAny { // the harness itself reads there
			f.Lost = MayCreateAndDelete
		}
	}
	if err != nil {
		return nil, err
	}
	e := &denied{target: t, folder: at, lost: permissions[f.Lost], effect: at.effect(f.Spec(), "on "+at.path)}
	if err := e.deny(ctx); err != nil {
		return nil, undo(ctx, e, fmt.Errorf("change the ACL of %s: %w", at.path, err))
	}
	return e, nil
}

type denied struct {
	effect
	target *Target
	folder folder
	lost   int32
	before []zk.ACL
	after  []zk.ACL
}

func (e *denied) deny(ctx context.Context) (err error) {
	e.before, err = e.read(ctx)
	if err != nil {
		return err
	}
	for _, a := range e.before {
		a.Perms &^= e.lost
		e.after = append(e.after, a)
	}
	// One of the former identities must be able to restore the ACL.
	if !slices.ContainsFunc(e.after, func(a zk.ACL) bool { return a.Perms&zk.PermAdmin != 0 }) {
		return errors.New("no client may change its ACL")
	}
	return e.set(ctx, e.after)
}

// read returns the folder's ACL by a fenced read; zk.ErrNoNode if the folder is gone or was
// replaced by another one of that name.
func (e *denied) read(ctx context.Context) ([]zk.ACL, error) {
	return fenced(ctx, e.target, func() ([]zk.ACL, error) {
		acl, stat, err := e.target.Admin.GetACL(e.folder.path)
		if err == nil && stat.Czxid != e.folder.stat.Czxid {
			return nil, zk.ErrNoNode
		}
		return acl, err
	})
}

func (e *denied) set(ctx context.Context, acl []zk.ACL) error {
	_, err := insisting(ctx, func() (*zk.Stat, error) { return e.target.Admin.SetACL(e.folder.path, acl, -1) })
	return err
}

// Verify tries the operations that are forbidden now.
func (e *denied) Verify(ctx context.Context) error {
	const probe = foreignMark + "-probe" // may exist for a moment
	path, admin := e.folder.path+"/"+probe, e.target.Admin
	// A client that may write gets the error that no znode has this version. A znode that
	// was removed and created again meanwhile starts with the same version numbers as the
	// old one; it keeps its data.
	const noVersion = math.MaxInt32
	tries := []struct {
		perm int32
		do   func() error
	}{
		{zk.PermCreate, func() error {
			_, err := admin.Create(path, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
			if err == nil {
				err = admin.Delete(path, -1)
			}
			return err
		}},
		{zk.PermDelete, func() error { return admin.Delete(path, -1) }},
		{zk.PermRead, func() error { _, _, err := admin.Get(e.folder.path); return err }},
		{zk.PermWrite, func() error { _, err := admin.Set(e.folder.path, nil, noVersion); return err }},
	}
	for _, try := range tries {
		if e.lost&try.perm == 0 {
			continue
		}
		if err := e.forbidden(ctx, try.do); err != nil {
			return fmt.Errorf("what the ACL of %s forbids was answered with: %w", e.folder.path, err)
		}
	}
	return nil
}

// mostTries is how often something forbidden is tried, retryAfter apart.
const mostTries = 50

// forbidden tries something until it is forbidden, and returns what came instead. Until the
// leader has applied a setACL it still checks the former ACL (PrepRequestProcessor keeps it
// among the outstanding changes), even if a follower has acknowledged the setACL.
func (e *denied) forbidden(ctx context.Context, try func() error) error {
	for tries := 1; ; tries++ {
		_, err := fenced(ctx, e.target, func() (struct{}, error) { return struct{}{}, try() })
		switch {
		case errors.Is(err, zk.ErrNoAuth):
			return nil
		case tries == mostTries || !doze(ctx, retryAfter):
			return cmp.Or(err, errAllowed)
		}
	}
}

var errAllowed = errors.New("it was done")

// Heal restores the ACL, if the folder is still there.
func (e *denied) Heal(ctx context.Context) error {
	return e.once(func() error {
		if e.after == nil {
			return nil // the ACL was never read
		}
		now, err := e.read(ctx)
		if err == nil && !slices.Equal(now, e.before) {
			err = e.set(ctx, e.before)
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return fmt.Errorf("restore the ACL of %s: %w", e.folder.path, err)
		}
		return nil
	})
}
