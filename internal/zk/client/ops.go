package client

import (
	"context"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the requests. Paths are within the chroot. An error code in the server's answer becomes
// an error of type wire.Code.

// Anyone is the list of permissions that allows everything to every client.
var Anyone = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}

// outside returns a path as the server knows it.
func (cfg Config) outside(path string) string {
	switch {
	case cfg.Chroot == "" || cfg.Chroot == "/":
		return path
	case path == "/":
		return cfg.Chroot
	}
	return cfg.Chroot + path
}

// made returns the path in a create as the server knows it. A sequential create of "/" makes a znode whose
// name is only a number, below the chroot like all others.
func (cfg Config) made(path string, mode wire.CreateMode) string {
	if path == "/" && mode.Sequential() && cfg.outside(path) != "/" {
		return cfg.Chroot + "/"
	}
	return cfg.outside(path)
}

// inside is the inverse of outside. A path that is not below the chroot stays as it is.
func (cfg Config) inside(path string) string {
	rest, ok := strings.CutPrefix(path, cfg.Chroot)
	switch {
	case cfg.Chroot == "/" || !ok || rest != "" && rest[0] != '/':
		return path
	case rest == "":
		return "/"
	}
	return rest
}

// Create creates a znode and returns its path, which differs from path if mode is sequential. ttl is
// for modes that have one. A nil acl means Anyone. From a server before 3.5, the stat is read
// afterwards, and empty if the znode was gone by then.
func (c *Client) Create(ctx context.Context, path string, data []byte, acl []wire.ACL, mode wire.CreateMode, ttl time.Duration) (string, wire.Stat, error) {
	op := CreateOp(c.cfg.made(path, mode), data, acl, mode, ttl)
	if op.Op == wire.Create2 && c.plain.Load() {
		return c.createPlain(ctx, op)
	}
	f, err := c.write(ctx, op.Op, op.Request)
	if op.Op == wire.Create2 && c.lacksCreate2(ctx, err, wire.Unimplemented) {
		return c.createPlain(ctx, op)
	}
	if err != nil {
		return "", wire.Stat{}, err
	}
	r, err := wire.DecodeCreateReply(op.Op, f.Record)
	return c.cfg.inside(r.Path), r.Stat, err
}

// CreateOp returns a create for [Client.Multi], of the type that the mode needs. Servers since 3.5 know
// Create2, whose reply has a stat.
func CreateOp(path string, data []byte, acl []wire.ACL, mode wire.CreateMode, ttl time.Duration) wire.MultiOp {
	if acl == nil {
		acl = Anyone
	}
	op := wire.Create2
	switch mode {
	case wire.Container:
		op = wire.CreateContainer
	case wire.PersistentTTL, wire.PersistentSequentialTTL:
		op = wire.CreateTTL
	}
	return wire.MultiOp{Op: op, Request: &wire.CreateRequest{Path: path, Data: data, ACL: acl, Mode: mode, TTL: ttl}}
}

// below returns an operation with its path below the chroot.
func (cfg Config) below(op wire.MultiOp) wire.MultiOp {
	switch r := op.Request.(type) {
	case *wire.CreateRequest:
		shifted := *r
		shifted.Path = cfg.made(r.Path, r.Mode)
		op.Request = &shifted
	case *wire.VersionRequest:
		op.Request = &wire.VersionRequest{Path: cfg.outside(r.Path), Version: r.Version}
	case *wire.SetDataRequest:
		op.Request = &wire.SetDataRequest{Path: cfg.outside(r.Path), Data: r.Data, Version: r.Version}
	}
	return op
}

// Delete removes a znode if it has the version; -1 means any version.
func (c *Client) Delete(ctx context.Context, path string, version int32) error {
	_, err := c.write(ctx, wire.Delete, &wire.VersionRequest{Path: c.cfg.outside(path), Version: version})
	return err
}

// Set writes the data of a znode if it has the version; -1 means any version.
func (c *Client) Set(ctx context.Context, path string, data []byte, version int32) (wire.Stat, error) {
	f, err := c.write(ctx, wire.SetData, &wire.SetDataRequest{Path: c.cfg.outside(path), Data: data, Version: version})
	if err != nil {
		return wire.Stat{}, err
	}
	return wire.DecodeStat(f.Record)
}

// SetACL writes the permissions of a znode; version is the version of the permissions, -1 for any.
func (c *Client) SetACL(ctx context.Context, path string, acl []wire.ACL, version int32) (wire.Stat, error) {
	f, err := c.write(ctx, wire.SetACL, &wire.SetACLRequest{Path: c.cfg.outside(path), ACL: acl, Version: version})
	if err != nil {
		return wire.Stat{}, err
	}
	return wire.DecodeStat(f.Record)
}

// Multi does all operations or none. If one fails, the error is its code, and the results show which one it
// is.
func (c *Client) Multi(ctx context.Context, ops []wire.MultiOp) ([]wire.OpResult, error) {
	shifted := make([]wire.MultiOp, len(ops))
	for i, op := range ops {
		shifted[i] = c.cfg.below(op)
	}
	f, err := c.writeMulti(ctx, shifted)
	if err != nil {
		return nil, err
	}
	results, err := wire.DecodeMultiReply(f.Record)
	if err != nil {
		return nil, err
	}
	for i := range results {
		results[i].Path = c.cfg.inside(results[i].Path)
	}
	if code, ok := wire.MultiResult(f.Record); ok && code != wire.OK {
		return results, code
	}
	return results, nil
}

// asking returns the watch that a read is to set, or nil for none.
func (c *Client) asking(path string, kind Watch, set bool) *watch {
	if !set {
		return nil
	}
	return &watch{kind, c.cfg.outside(path)}
}

// Exists returns the stat of a znode. If watch is true, it also watches the znode's data or its
// creation.
func (c *Client) Exists(ctx context.Context, path string, watch bool) (wire.Stat, error) {
	f, err := c.read(ctx, wire.Exists, &wire.ReadRequest{Path: c.cfg.outside(path), Watch: watch}, c.asking(path, Exist, watch))
	if err != nil {
		return wire.Stat{}, err
	}
	return wire.DecodeStat(f.Record)
}

// Get reads a znode. If watch is true, it also watches the znode's data.
func (c *Client) Get(ctx context.Context, path string, watch bool) ([]byte, wire.Stat, error) {
	f, err := c.read(ctx, wire.GetData, &wire.ReadRequest{Path: c.cfg.outside(path), Watch: watch}, c.asking(path, Data, watch))
	if err != nil {
		return nil, wire.Stat{}, err
	}
	r, err := wire.DecodeDataReply(f.Record)
	return r.Data, r.Stat, err
}

// Children returns the names below a znode in the order of the server. If watch is true, it also
// watches them.
func (c *Client) Children(ctx context.Context, path string, watch bool) ([]string, wire.Stat, error) {
	f, err := c.read(ctx, wire.GetChildren2, &wire.ReadRequest{Path: c.cfg.outside(path), Watch: watch}, c.asking(path, Child, watch))
	if err != nil {
		return nil, wire.Stat{}, err
	}
	r, err := wire.DecodeChildrenReply(wire.GetChildren2, f.Record)
	return r.Children, r.Stat, err
}

// ACL returns the permissions of a znode.
func (c *Client) ACL(ctx context.Context, path string) ([]wire.ACL, wire.Stat, error) {
	f, err := c.read(ctx, wire.GetACL, &wire.PathRequest{Path: c.cfg.outside(path)}, nil)
	if err != nil {
		return nil, wire.Stat{}, err
	}
	r, err := wire.DecodeACLReply(f.Record)
	return r.ACL, r.Stat, err
}

// Sync makes the server catch up with everything that was written before.
func (c *Client) Sync(ctx context.Context, path string) error {
	_, err := c.read(ctx, wire.Sync, &wire.PathRequest{Path: c.cfg.outside(path)}, nil)
	return err
}

// ChildrenNumber returns how many znodes are below a path, at all depths (3.6).
func (c *Client) ChildrenNumber(ctx context.Context, path string) (int, error) {
	f, err := c.read(ctx, wire.GetAllChildrenNumber, &wire.PathRequest{Path: c.cfg.outside(path)}, nil)
	if err != nil {
		return 0, err
	}
	return wire.DecodeChildrenNumberReply(f.Record)
}

// WhoAmI returns the identities of the session (3.7).
func (c *Client) WhoAmI(ctx context.Context) ([]wire.ClientInfo, error) {
	f, err := c.read(ctx, wire.WhoAmI, nil, nil)
	if err != nil {
		return nil, err
	}
	return wire.DecodeWhoAmIReply(f.Record)
}

// AddWatch sets a watch that stays after it fired, on the znode (Persistent), or also on all znodes
// below it (Recursive). The znode need not exist (3.6).
func (c *Client) AddWatch(ctx context.Context, path string, kind Watch) error {
	mode := wire.AddPersistent
	if kind == Recursive {
		mode = wire.AddPersistentRecursive
	}
	_, err := c.read(ctx, wire.AddWatch, &wire.AddWatchRequest{Path: c.cfg.outside(path), Mode: mode}, c.asking(path, kind, true))
	return err
}

// RemoveWatches removes watches of a path.
func (c *Client) RemoveWatches(ctx context.Context, path string, of wire.WatcherType) error {
	path = c.cfg.outside(path)
	_, err := c.read(ctx, wire.RemoveWatches, &wire.WatchesRequest{Path: path, Type: of}, nil)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.watches.remove(path, of)
	}
	return err
}

// AddAuth sends a credential, on this connection and all that follow. A server that rejects it answers
// wire.AuthFailed and ends the connection; the client does not send it again.
func (c *Client) AddAuth(ctx context.Context, a Credential) error {
	if _, err := c.read(ctx, wire.Auth, a.request(), nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.auth = append(c.auth, a)
	return nil
}

// HasCredentials reports whether the client has credentials to send.
func (c *Client) HasCredentials() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.auth) > 0
}
