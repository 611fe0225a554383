package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the commands that write one znode, and rm.

func bindCreate(f *pflag.FlagSet) run {
	parents := f.BoolP("parents", "p", false, "also create missing parents")
	op := createOp(f)
	return func(s *Shell, ctx context.Context, args []string) error {
		o, err := op(s, args)
		if err != nil {
			return err
		}
		return s.create(ctx, o.Request.(*wire.CreateRequest), *parents)
	}
}

func bindSet(f *pflag.FlagSet) run {
	op := setOp(f)
	return func(s *Shell, ctx context.Context, args []string) error {
		o, err := op(s, args)
		if err != nil {
			return err
		}
		r := o.Request.(*wire.SetDataRequest)
		stat, err := s.Client.Set(ctx, r.Path, r.Data, r.Version)
		if err != nil {
			return did("set", r.Path, err)
		}
		return s.emit(quiet{statOf(r.Path, stat)})
	}
}

func bindRm(f *pflag.FlagSet) run {
	recursive := f.BoolP("recursive", "r", false, "also remove all znodes below, including new ones; prints their number and asks first")
	yes := f.BoolP("yes", "y", false, "do not ask")
	op := rmOp(f)
	return func(s *Shell, ctx context.Context, args []string) error {
		for _, arg := range args {
			o, err := op(s, []string{arg})
			if err == nil {
				err = s.remove(ctx, o.Request.(*wire.VersionRequest), *recursive, *yes)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func checkOp(*pflag.FlagSet) operation {
	return func(s *Shell, args []string) (wire.MultiOp, error) {
		path, err := s.at(args[0])
		version, bad := strconv.ParseInt(args[1], 10, 32)
		if err == nil && bad != nil {
			err = usagef("check %s: invalid version %s: write a whole number", quote(path), quote(args[1]))
		}
		return wire.MultiOp{Op: wire.Check, Request: &wire.VersionRequest{Path: path, Version: int32(version)}}, err
	}
}

// quiet is a result that is printed as JSON only.
type quiet struct{ statResult }

func (quiet) text(*page) {}

func createOp(f *pflag.FlagSet) operation {
	ephemeral := f.BoolP("ephemeral", "e", false, "delete the znode when the session of this shell ends")
	sequential := f.BoolP("sequential", "s", false, "append a sequence number to the name")
	container := f.BoolP("container", "c", false, "delete the znode after its last child is deleted")
	ttl := f.DurationP("ttl", "t", 0, "delete the znode after it has had no children and no writes for this time")
	acl := f.String("acl", "", "permissions in the format of acl set (default: every client may do everything)")
	return func(s *Shell, args []string) (op wire.MultiOp, err error) {
		path, err := s.at(args[0])
		if err != nil {
			return op, err
		}
		mode, err := modeOf(*ephemeral, *sequential, *container, *ttl)
		if err != nil {
			return op, err
		}
		var list []wire.ACL
		if *acl != "" {
			if list, err = parseACL(*acl); err != nil {
				return op, err
			}
		}
		data := []byte{}
		if len(args) > 1 {
			if data, err = s.data(args[1]); err != nil {
				return op, err
			}
		}
		if *sequential && strings.HasSuffix(args[0], "/") { // the name is the number alone
			path = under(path, "")
		}
		return client.CreateOp(path, data, list, mode, *ttl), nil
	}
}

func modeOf(ephemeral, sequential, container bool, ttl time.Duration) (wire.CreateMode, error) {
	switch {
	case ephemeral && container || ephemeral && ttl != 0 || container && ttl != 0 || container && sequential:
		return 0, usagef("create: --ephemeral, --container and --ttl exclude each other, and so do --container and --sequential")
	case ttl < 0 || ttl%time.Millisecond != 0:
		return 0, usagef("create: --ttl must be a whole number of milliseconds, 1ms or more")
	case container:
		return wire.Container, nil
	case ttl > 0 && sequential:
		return wire.PersistentSequentialTTL, nil
	case ttl > 0:
		return wire.PersistentTTL, nil
	case ephemeral && sequential:
		return wire.EphemeralSequential, nil
	case ephemeral:
		return wire.Ephemeral, nil
	case sequential:
		return wire.PersistentSequential, nil
	}
	return wire.Persistent, nil
}

// created is a znode that was created.
type created struct{ statResult }

func (r created) text(p *page) { p.printf("%s\n", legible(r.Path)) }

func (s *Shell) create(ctx context.Context, r *wire.CreateRequest, parents bool) error {
	path, stat, err := s.Client.Create(ctx, r.Path, r.Data, r.ACL, r.Mode, r.TTL)
	if parents && missing(err) {
		if err := s.parents(ctx, r.Path); err != nil {
			return err
		}
		path, stat, err = s.Client.Create(ctx, r.Path, r.Data, r.ACL, r.Mode, r.TTL)
	}
	if err != nil {
		if missing(err) {
			return &explained{"create " + quote(r.Path) + ": its parent does not exist: -p creates it", err}
		}
		return did("create", r.Path, err)
	}
	return s.emit(created{statOf(path, stat)})
}

// parents creates the missing parents of a path, without data.
func (s *Shell) parents(ctx context.Context, path string) error {
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		_, _, err := s.Client.Create(ctx, path[:i], []byte{}, nil, wire.Persistent, 0)
		if errors.Is(err, wire.NoAuth) { // servers check permissions before they check whether the znode exists
			if _, bad := s.Client.Exists(ctx, path[:i], false); bad == nil {
				continue
			}
		}
		if err != nil && !errors.Is(err, wire.NodeExists) {
			return did("create", path[:i], err)
		}
	}
	return nil
}

// anyVersion is the version of a write that does not check the znode's version.
const anyVersion = -1

// versionOf is the value of a flag for the version of a znode. It is anyVersion if the flag is not
// given.
type versionOf int32

func versionFlag(f *pflag.FlagSet, usage string) *int32 {
	v := int32(anyVersion)
	f.VarP((*versionOf)(&v), "version", "v", usage)
	return &v
}

func (v *versionOf) String() string { return strconv.Itoa(int(*v)) }

func (v *versionOf) Type() string { return "version" }

// Set rejects a version that no znode can have: a server would only report a version conflict.
func (v *versionOf) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < anyVersion {
		return errors.New("no znode has this version")
	}
	*v = versionOf(n)
	return nil
}

func setOp(f *pflag.FlagSet) operation {
	version := versionFlag(f, "write only if the znode has this version")
	return func(s *Shell, args []string) (op wire.MultiOp, err error) {
		path, err := s.at(args[0])
		if err != nil {
			return op, err
		}
		data, err := s.data(args[1])
		return wire.MultiOp{Op: wire.SetData, Request: &wire.SetDataRequest{Path: path, Data: data, Version: *version}}, err
	}
}

func rmOp(f *pflag.FlagSet) operation {
	version := versionFlag(f, "write only if the znode has this version")
	return func(s *Shell, args []string) (wire.MultiOp, error) {
		path, err := s.at(args[0])
		if err == nil && path == "/" {
			err = usagef("rm /: the root cannot be removed: name znodes below it")
		}
		return wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: path, Version: *version}}, err
	}
}

func (s *Shell) remove(ctx context.Context, r *wire.VersionRequest, recursive, yes bool) error {
	if !recursive {
		if err := s.Client.Delete(ctx, r.Path, r.Version); err != nil {
			return did("rm", r.Path, err)
		}
		return s.emit(removed{r.Path, 1})
	}
	if r.Version != anyVersion {
		return usagef("rm: --version applies to one znode: leave out --recursive")
	}
	all, err := s.gather(ctx, r.Path, -1)
	if err != nil {
		return err
	}
	if s.Ask != nil && !yes {
		ok, err := s.Ask(fmt.Sprintf("remove %s with %d znodes below it?", quote(r.Path), len(all)-1))
		if err != nil || !ok {
			return err
		}
	}
	n, err := s.removeAll(ctx, r.Path, all)
	if err != nil {
		return cameSoFar(ctx, err, fmt.Sprintf("%d znodes were removed", n), n)
	}
	return s.emit(removed{r.Path, n})
}

// mostRounds bounds how often removeAll reads a subtree again while other clients write to it.
const mostRounds = 100

// removeAll removes a subtree, including znodes that other clients create meanwhile. It returns
// how many it removed.
func (s *Shell) removeAll(ctx context.Context, root string, all []node) (n int, err error) {
	for range mostRounds {
		gone, err := s.removeOnce(ctx, all)
		n += gone
		if err != nil {
			return n, err
		}
		if all, err = s.gather(ctx, root, -1); missing(err) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
	return n, &explained{"rm " + quote(root) + ": other clients create znodes in it faster than rm can remove them", wire.NotEmpty}
}

// removeOnce removes znodes, the deepest first. It leaves a znode that has new children.
func (s *Shell) removeOnce(ctx context.Context, all []node) (n int, err error) {
	levels := make(map[int][]node)
	deepest := 0
	for _, v := range all {
		levels[v.depth] = append(levels[v.depth], v)
		deepest = max(deepest, v.depth)
	}
	defer s.progressed(len(all))
	var removed atomic.Int64
	for d := deepest; d >= 0; d-- {
		for some := range slices.Chunk(levels[d], together) {
			s.progress("removed", int(removed.Load()), len(all))
			err := each(ctx, some, func(ctx context.Context, v node) error {
				switch err := s.Client.Delete(ctx, v.path, anyVersion); {
				case err == nil:
					removed.Add(1)
				case !missing(err) && !errors.Is(err, wire.NotEmpty):
					return did("rm", v.path, err)
				}
				return nil
			})
			if err != nil {
				return int(removed.Load()), err
			}
		}
	}
	return int(removed.Load()), nil
}

// removed is the result of rm.
type removed struct {
	Path   string `json:"path"`
	Znodes int    `json:"znodes"`
}

func (r removed) text(p *page) {
	if p.terminal && r.Znodes > 1 {
		p.printf("removed %d znodes\n", r.Znodes)
	}
}
