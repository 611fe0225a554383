package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// This file is about servers that do not know Create2: Apache's before 3.5, which say so, and others,
// some of which end the connection. After the first such answer, the client creates znodes with Create,
// which all servers know.

// lacksCreate2 reports whether the error of a request with a Create2 shows that the servers do not know
// it. refused is the code with which a server says so.
func (c *Client) lacksCreate2(ctx context.Context, err error, refused wire.Code) bool {
	switch {
	case errors.Is(err, refused):
		c.plain.Store(true)
	case errors.Is(err, wire.ConnectionLoss) && !c.knows.Load():
		c.plain.Store(c.losesEachCreate2(ctx))
	case err == nil:
		c.knows.Store(true)
	}
	return c.plain.Load()
}

// mostAsking bounds how long the client tries to find out whether servers that ended a connection know
// Create2.
const mostAsking = 5 * time.Second

// losesEachCreate2 reports whether two requests in a row lose the connection: one may be lost by
// chance.
func (c *Client) losesEachCreate2(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, mostAsking)
	defer cancel()
	for range 2 {
		if !c.losesCreate2(ctx) {
			return false
		}
	}
	return true
}

// losesCreate2 reports whether a connection on which a read succeeds ends at a Create2 of "/", which creates
// nothing because "/" exists. If so, an earlier Create2 that lost its connection has created nothing either.
func (c *Client) losesCreate2(ctx context.Context) bool {
	if _, err := c.read(ctx, wire.Exists, &wire.ReadRequest{Path: "/"}, nil); err != nil {
		return false
	}
	_, err := c.write(ctx, wire.Create2, &wire.CreateRequest{Path: "/", ACL: Anyone})
	c.knows.Store(errors.Is(err, wire.NodeExists))
	return errors.Is(err, wire.ConnectionLoss)
}

// createPlain sends a create whose reply has no stat, and then asks for the stat.
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
	stat, _ := c.Exists(ctx, path, false) // the znode exists, even if this fails
	return path, stat, nil
}

// writeMulti sends a transaction. If the server cannot read it, it sends it again with plain creates:
// Apache's servers before 3.5 refuse every transaction with a Create2, and have carried out none of it.
func (c *Client) writeMulti(ctx context.Context, ops []wire.MultiOp) (zkclient.Frame, error) {
	if c.plain.Load() {
		ops = plainOps(ops)
	}
	f, err := c.write(ctx, wire.Multi, ops)
	if slices.ContainsFunc(ops, isCreate2) && c.lacksCreate2(ctx, err, wire.MarshallingError) {
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

// unknown reports whether a server does not know a type of request at all: then it ends the connection
// after that answer (UnimplementedRequestProcessor). A server that knows the type but is configured not
// to allow it gives the same answer, and keeps the connection (PrepRequestProcessor).
func unknown(op wire.Op, err wire.Code) bool {
	return err == wire.Unimplemented && op != wire.CreateTTL && op != wire.Reconfig && op != wire.Multi
}
