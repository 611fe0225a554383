package agreement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

var errSlow = errors.New("it did not answer in time")

// reader is a session with one server, on one connection: everything it reads comes from
// that server.
type reader struct {
	server ensemble.Server
	conn   *zkclient.Conn
	tree   tree // being read
}

const (
	sessionTimeout = 10 * time.Second // needs no pings: the session reads all the time
	connectWait    = 5 * time.Second
	goodbye        = 300 * time.Millisecond
	// atOnce is how many znodes a reader asks for before it reads the answers. Each can be
	// a megabyte.
	atOnce = 64
)

func open(ctx context.Context, dial ensemble.DialFunc, s ensemble.Server) (*reader, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, connectWait, errSlow)
	defer cancel()
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: sessionTimeout}, Dial: zkclient.To(dial, s.Addr()),
	})
	if err != nil {
		return nil, because(ctx, err)
	}
	return &reader{server: s, conn: conn}, nil
}

// because adds the end of ctx as the reason of an error that it caused.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// serverID returns the number of the server that created the session, which Apache's servers put into
// the first byte of the session id. It returns 0 for servers that do not.
func (r *reader) serverID() uint8 { return uint8(uint64(r.conn.Session().ID) >> 56) }

func (r *reader) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_, _ = r.conn.Do(ctx, wire.CloseSession, nil)
	r.conn.Close()
}

// read makes a quorum write that changes nothing, and reads everything at and below root.
// (A sync would not be enough: it is not a quorum operation, ZOOKEEPER-1675.)
func (r *reader) read(ctx context.Context, fence, root string) (tree, error) {
	r.tree = tree{}
	check := []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: fence, Version: -1}}}
	if _, err := r.all(ctx, []zkclient.Request{{Op: wire.Multi, Req: check}}); err != nil {
		return nil, because(ctx, err)
	}
	for level := []string{root}; len(level) > 0; {
		var below []string
		for paths := range slices.Chunk(level, atOnce) {
			children, err := r.look(ctx, paths)
			if err != nil {
				return nil, because(ctx, err)
			}
			below = append(below, children...)
		}
		level = below
	}
	return r.tree, nil
}

// all sends requests and returns the answers, in order.
func (r *reader) all(ctx context.Context, requests []zkclient.Request) ([]zkclient.Frame, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	if err := r.conn.SendAll(ctx, requests...); err != nil {
		return nil, err
	}
	answers := make([]zkclient.Frame, len(requests))
	for i := range answers {
		f, err := r.conn.Next(ctx)
		switch {
		case err != nil:
			return nil, err
		case f.TooLarge > 0:
			return nil, fmt.Errorf("%s: %w: %d bytes", f.Op, wire.ErrFrameSize, f.TooLarge)
		}
		switch f.Header.Err {
		case wire.OK, wire.NoNode, wire.NoAuth:
			answers[i] = f
		default:
			return nil, fmt.Errorf("%s: %w", f.Op, f.Header.Err)
		}
	}
	return answers, nil
}

// look reads some znodes, and returns the paths of their children.
func (r *reader) look(ctx context.Context, paths []string) (children []string, err error) {
	var requests []zkclient.Request
	for _, path := range paths {
		requests = append(requests,
			zkclient.Request{Op: wire.GetData, Req: &wire.ReadRequest{Path: path}},
			zkclient.Request{Op: wire.GetACL, Req: &wire.PathRequest{Path: path}})
	}
	answers, err := r.all(ctx, requests)
	if err != nil {
		return nil, err
	}
	var parents, hidden []string
	for i, path := range paths {
		data, acl := answers[2*i], answers[2*i+1]
		if data.Header.Err == wire.NoNode || acl.Header.Err == wire.NoNode {
			continue // deleted, or just created
		}
		z, err := permitted(acl)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if data.Header.Err == wire.NoAuth {
			r.tree[path] = z
			hidden = append(hidden, path)
			continue
		}
		d, err := wire.DecodeDataReply(data.Record)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		z.data = shown(d.Data)
		r.tree[path] = z.with(d.Stat)
		if d.Stat.NumChildren > 0 {
			parents = append(parents, path)
		}
	}
	if err := r.lookAt(ctx, hidden); err != nil {
		return nil, err
	}
	return r.below(ctx, parents)
}

// permitted returns a znode with its permissions, which the reader may not be allowed to
// see.
func permitted(f zkclient.Frame) (znode, error) {
	if f.Header.Err == wire.NoAuth {
		return znode{acl: notReadable, data: notReadable}, nil
	}
	a, err := wire.DecodeACLReply(f.Record)
	return znode{acl: list(a.ACL), data: notReadable}, err
}

// lookAt reads the stat of znodes that may not be read. Servers before 3.9.3 show it to
// everyone, later ones only that the znode exists.
func (r *reader) lookAt(ctx context.Context, hidden []string) error {
	var requests []zkclient.Request
	for _, path := range hidden {
		requests = append(requests, zkclient.Request{Op: wire.Exists, Req: &wire.ReadRequest{Path: path}})
	}
	answers, err := r.all(ctx, requests)
	for i, f := range answers {
		path := hidden[i]
		switch f.Header.Err {
		case wire.NoNode:
			delete(r.tree, path)
			continue
		case wire.NoAuth:
			r.tree[path] = znode{there: true, acl: notReadable, data: notReadable}
			continue
		}
		stat, err := wire.DecodeStat(f.Record)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.tree[path] = r.tree[path].with(stat)
	}
	return err
}

// below lists the children of some znodes, without ZooKeeper's own.
func (r *reader) below(ctx context.Context, parents []string) (children []string, err error) {
	var requests []zkclient.Request
	for _, path := range parents {
		requests = append(requests, zkclient.Request{Op: wire.GetChildren, Req: &wire.ReadRequest{Path: path}})
	}
	answers, err := r.all(ctx, requests)
	for i, f := range answers {
		if f.Header.Err != wire.OK {
			continue
		}
		list, err := wire.DecodeChildrenReply(wire.GetChildren, f.Record)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", parents[i], err)
		}
		for _, name := range list.Children {
			if path := strings.TrimSuffix(parents[i], "/") + "/" + name; path != "/zookeeper" {
				children = append(children, path)
			}
		}
	}
	return children, err
}
