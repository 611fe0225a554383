package shell

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

var copying = []*command{
	{
		name: "cp", args: "FROM TO", short: "copy a znode, with its data and permissions; TO must not be there yet", least: 2, most: 2,
		long: "An ephemeral znode belongs to its session: it is no copy of itself elsewhere. Below FROM those are left\n" +
			"out, and counted. Copies are persistent: a server does not tell which znodes are containers or have a TTL.",
		bind: func(f *pflag.FlagSet) run {
			recursive := f.BoolP("recursive", "r", false, "with all that is below it")
			return func(ctx context.Context, s *Shell, args []string) error {
				from, to, err := s.fromTo(args)
				if err != nil {
					return err
				}
				return s.copy(ctx, from, to, *recursive)
			}
		},
	},
	{
		name: "mv", args: "FROM TO", short: "move a znode with all that is below it, in one transaction; TO must not be there yet", least: 2, most: 2,
		long: "Nothing is moved if something of it is written meanwhile, or if it is too large for one request.\n" +
			"To those who watch it, it is other znodes that come and these that go. They are persistent: a server\n" +
			"does not tell which are containers or have a TTL.",
		bind: func(*pflag.FlagSet) run {
			return func(ctx context.Context, s *Shell, args []string) error {
				from, to, err := s.fromTo(args)
				if err != nil {
					return err
				}
				return s.move(ctx, from, to)
			}
		},
	},
}

// fromTo are the two paths of a copy, neither within the other.
func (s *Shell) fromTo(args []string) (from, to string, err error) {
	if from, err = s.at(args[0]); err != nil {
		return from, to, err
	}
	if to, err = s.at(args[1]); err != nil {
		return from, to, err
	}
	if strings.HasPrefix(to+"/", strings.TrimSuffix(from, "/")+"/") {
		err = usagef("%s is %s or below it", quote(to), quote(from))
	}
	return from, to, err
}

// full is a znode with all that makes a copy of it.
type full struct {
	node
	data []byte
	acl  []wire.ACL
}

// copyOf is what makes the znode at another path.
func (n full) copyOf(path string) wire.MultiOp {
	return client.CreateOp(path, n.data, n.acl, wire.Persistent, 0)
}

// load reads data and permissions of znodes, in their order. Those that went meanwhile are
// left out, and if it is lenient those that may not be read.
func (s *Shell) load(ctx context.Context, nodes []node, lenient bool) ([]full, error) {
	all := make([]full, len(nodes))
	index := make([]int, len(nodes))
	for i := range index {
		index[i] = i
	}
	err := each(ctx, index, func(ctx context.Context, i int) (err error) {
		n := full{node: nodes[i]}
		n.data, n.stat, err = s.Client.Get(ctx, n.path, false)
		if err == nil {
			n.acl, _, err = s.Client.ACL(ctx, n.path)
		}
		if missing(err) || lenient && errors.Is(err, wire.NoAuth) {
			return nil
		}
		all[i] = n
		return did("read", n.path, err)
	})
	there := all[:0]
	for _, n := range all {
		if n.path != "" {
			there = append(there, n)
		}
	}
	return there, err
}

// copied says what was copied or moved.
type copied struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Znodes  int    `json:"znodes"`
	Skipped int    `json:"skipped"` // ephemeral ones
}

func (r copied) text(p *page) {
	if r.Skipped > 0 {
		p.printf("left out %d ephemeral znodes\n", r.Skipped)
	}
}

func (s *Shell) copy(ctx context.Context, from, to string, recursive bool) error {
	depth := 0
	if recursive {
		depth = -1
	}
	nodes, err := s.gather(ctx, from, depth)
	if err != nil {
		return err
	}
	if err := permanent(nodes[0]); err != nil {
		return did("cp", from, err)
	}
	lasting, skipped := apart(nodes)
	all, err := s.load(ctx, lasting, false)
	if err != nil {
		return err
	}
	for _, n := range all {
		if err := s.make(ctx, n.copyOf(to+strings.TrimPrefix(n.path, from))); err != nil {
			return err
		}
	}
	return s.emit(copied{from, to, len(all), skipped})
}

func (s *Shell) make(ctx context.Context, op wire.MultiOp) error {
	r := op.Request.(*wire.CreateRequest)
	_, _, err := s.Client.Create(ctx, r.Path, r.Data, r.ACL, r.Mode, r.TTL)
	return did("create", r.Path, err)
}

var errEphemeral = errors.New("it is ephemeral: it belongs to its session")

func permanent(n node) error {
	if ephemeral(n.stat) {
		return codedError{NotAllowed, errEphemeral.Error()}
	}
	return nil
}

// apart leaves ephemeral znodes out, and counts them.
func apart(nodes []node) (lasting []node, ephemeral int) {
	for _, n := range nodes {
		if permanent(n) != nil {
			ephemeral++
			continue
		}
		lasting = append(lasting, n)
	}
	return lasting, ephemeral
}

func (s *Shell) move(ctx context.Context, from, to string) error {
	nodes, err := s.gather(ctx, from, -1)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := permanent(n); err != nil {
			return did("mv", n.path, err)
		}
	}
	all, err := s.load(ctx, nodes, false)
	if err != nil {
		return err
	}
	ops := moves(all, from, to)
	if size := len(wire.AppendMultiRequest(nil, ops)); size > wire.MaxRequest {
		return usagef("mv %s: it takes a request of %d bytes, and servers take %d: cp -r, then rm -r", quote(from), size, wire.MaxRequest)
	}
	results, err := s.Client.Multi(ctx, ops)
	if err != nil {
		return (&multi{ops, named(ops)}).explain(results, err)
	}
	return s.emit(copied{From: from, To: to, Znodes: len(all)})
}

// named are operations in words.
func named(ops []wire.MultiOp) (names []string) {
	for _, o := range ops {
		switch r := o.Request.(type) {
		case *wire.CreateRequest:
			names = append(names, "create "+quote(r.Path))
		case *wire.VersionRequest:
			names = append(names, "rm "+quote(r.Path))
		}
	}
	return names
}

// moves are the creates of all znodes, parents first, and the deletes of those that were
// read, parents last.
func moves(all []full, from, to string) []wire.MultiOp {
	ops := make([]wire.MultiOp, 0, 2*len(all))
	for _, n := range all {
		ops = append(ops, n.copyOf(to+strings.TrimPrefix(n.path, from)))
	}
	for i := len(all) - 1; i >= 0; i-- {
		ops = append(ops, wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: all[i].path, Version: all[i].stat.Version}})
	}
	return ops
}
