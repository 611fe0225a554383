package client

import (
	"context"
	"errors"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// This file is about servers before 3.5, which know no Create2: from the first that says so on,
// the client makes znodes by Create, which all servers know.

// createPlain is a create that is answered without a stat.
func (c *Client) createPlain(ctx context.Context, op wire.MultiOp) (string, wire.Stat, error) {
	f, err := c.write(ctx, wire.Create, op.Request)
	if err != nil {
		return "", wire.Stat{}, err
	}
	r, err := wire.DecodeCreateReply(wire.Create, f.Record)
	if err != nil {
		return "", wire.Stat{}, err
	}
	path := c.cfg.inside(r.Path)
	stat, _ := c.Exists(ctx, path, false) // the znode is made, whatever this says
	return path, stat, nil
}

// writeMulti sends a transaction, once more with plain creates if the server cannot read it: one
// before 3.5 says so of all that has a Create2, and has done nothing.
func (c *Client) writeMulti(ctx context.Context, ops []wire.MultiOp) (zkclient.Frame, error) {
	if c.plain.Load() {
		ops = plainOps(ops)
	}
	f, err := c.write(ctx, wire.Multi, ops)
	if errors.Is(err, wire.MarshallingError) && slices.ContainsFunc(ops, isCreate2) {
		c.plain.Store(true)
		return c.write(ctx, wire.Multi, plainOps(ops))
	}
	return f, err
}

func isCreate2(op wire.MultiOp) bool { return op.Op == wire.Create2 }

func plainOps(ops []wire.MultiOp) []wire.MultiOp {
	ops = slices.Clone(ops)
	for i := range ops {
		if isCreate2(ops[i]) {
			ops[i].Op = wire.Create
		}
	}
	return ops
}

// unknown says that a server does not know a type of request at all: it ends the connection
// behind that answer (UnimplementedRequestProcessor). What it knows and was not told to allow it
// answers so, too, and goes on (PrepRequestProcessor).
func unknown(op wire.Op, err wire.Code) bool {
	return err == wire.Unimplemented && op != wire.CreateTTL && op != wire.Reconfig && op != wire.Multi
}
