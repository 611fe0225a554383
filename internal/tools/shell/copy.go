package shell

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

func bindCp(f *pflag.FlagSet) run {
	recursive := f.BoolP("recursive", "r", false, "also copy all znodes below")
	noACL := noACLFlag(f, "do not copy permissions: every client may do everything with the copies")
	limit := limitFlag(f)
	return func(s *Shell, ctx context.Context, args []string) error {
		return s.copy(ctx, args, *recursive, *noACL, *limit)
	}
}

// fromTo returns the two paths of a move. It returns an error if the second is within the first.
func (s *Shell) fromTo(args []string) (from, to string, err error) {
	if from, err = s.at(args[0]); err != nil {
		return from, to, err
	}
	if to, err = s.at(args[1]); err != nil {
		return from, to, err
	}
	return from, to, apartFrom(from, to)
}

// apartFrom returns an error if a path is within a subtree.
func apartFrom(from, to string) error {
	if within(to, from) {
		return usagef("%s is %s or below it", quote(to), quote(from))
	}
	return nil
}

// copied is the result of cp and mv.
type copied struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Znodes  int    `json:"znodes"`
	Skipped int    `json:"skipped"` // ephemeral znodes
	unsteady
	unread
}

func (r copied) text(p *page) {
	if r.Skipped > 0 {
		p.printf("left out %d ephemeral znodes\n", r.Skipped)
	}
	r.unsteady.text(p)
	r.unread.text(p)
}

func (s *Shell) copy(ctx context.Context, args []string, recursive, noACL bool, limit int) error {
	from, err := s.place(ctx, args[0])
	if err != nil {
		return err
	}
	defer from.leave()
	to, err := s.place(ctx, args[1])
	if err != nil {
		return err
	}
	defer to.leave()
	if from.own && to.own {
		if err := apartFrom(from.path, to.path); err != nil {
			return err
		}
	}
	depth := 0
	if recursive {
		depth = -1
	}
	tree, err := from.take(ctx, from.path, depth, !noACL)
	if err != nil {
		return err
	}
	if ephemeral(tree.znodes[0].stat) {
		return did("cp", from.path, errEphemeral)
	}
	lasting, skipped := tree.lasting()
	if err := to.vacant(ctx, to.path); err != nil {
		return err
	}
	w := writePlan{name: "cp", to: to.path, limit: limit}
	for _, n := range lasting {
		if err := told(n.acl); err != nil {
			return did("cp", join(from.path, n.path), err)
		}
		w.create(n)
	}
	if err := to.carryOut(ctx, &w); err != nil {
		return err
	}
	if err := s.emit(copied{args[0], args[1], len(lasting), skipped, tree.unsteady, tree.unread}); err != nil {
		return err
	}
	return tree.err()
}

// vacant returns an error if there is a znode at a path. It is called before anything is written.
func (s *Shell) vacant(ctx context.Context, path string) error {
	switch _, err := s.Client.Exists(ctx, path, false); {
	case missing(err):
		return nil
	case err != nil:
		return did("read", path, err)
	}
	return did("create", path, wire.NodeExists)
}

var errEphemeral = codedError{NotAllowed, "it is ephemeral: it belongs to its session"}

func (s *Shell) move(ctx context.Context, args []string) error {
	from, to, err := s.fromTo(args)
	if err != nil {
		return err
	}
	all, err := s.movable(ctx, from)
	if err != nil {
		return err
	}
	return s.moveRead(ctx, all, from, to)
}

// movable reads a subtree. It returns an error if the subtree cannot be moved.
func (s *Shell) movable(ctx context.Context, from string) ([]znode, error) {
	nodes, err := s.gather(ctx, from, -1)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if ephemeral(n.stat) {
			return nil, did("mv", n.path, errEphemeral)
		}
	}
	all, err := s.load(ctx, nodes, loading{permissions: true})
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if err := told(n.acl); err != nil {
			return nil, did("mv", n.path, err)
		}
	}
	return all, nil
}

// moveRead moves a subtree that was read, if it has not changed. The transaction fails if data
// were written or children created. It cannot check the versions of permissions, so moveRead
// reads those once more before.
func (s *Shell) moveRead(ctx context.Context, all []znode, from, to string) error {
	now, err := s.gather(ctx, from, -1)
	if err != nil {
		return err
	}
	if others := changed(all, now); len(others) > 0 {
		return codedError{Conflict, fmt.Sprintf("mv %s: another client wrote %s meanwhile: nothing was moved", quote(from), quote(others[0]))}
	}
	ops := moves(all, from, to)
	if size := requestSize(ops) + len(ops)*s.longer(); size > wire.MaxRequest {
		return usagef("mv %s: the request would have %d bytes, and servers accept %d: use cp -r, then rm -r", quote(from), size, wire.MaxRequest)
	}
	results, err := s.Client.Multi(ctx, ops)
	if err != nil {
		m := multi{ops: ops}
		for _, op := range ops {
			m.names = append(m.names, named(op))
		}
		return m.explain(results, err)
	}
	return s.emit(copied{From: from, To: to, Znodes: len(all)})
}

// moves returns the operations of a move: they create all new znodes, parents first, and delete
// all old ones, parents last.
func moves(all []znode, from, to string) []wire.MultiOp {
	ops := make([]wire.MultiOp, 0, 2*len(all))
	for _, n := range all {
		ops = append(ops, client.CreateOp(to+strings.TrimPrefix(n.path, from), n.data, n.acl, wire.Persistent, 0))
	}
	for i := len(all) - 1; i >= 0; i-- {
		ops = append(ops, wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: all[i].path, Version: all[i].stat.Version}})
	}
	return ops
}
