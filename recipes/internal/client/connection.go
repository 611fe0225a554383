package client

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Conn has the methods of *zk.Conn that the recipes use.
type Conn interface {
	SessionID() int64
	State() zk.State
	Create(path string, data []byte, flags int32, acl []zk.ACL) (string, error)
	Delete(path string, version int32) error
	Exists(path string) (bool, *zk.Stat, error)
	ExistsW(path string) (bool, *zk.Stat, <-chan zk.Event, error)
	Get(path string) ([]byte, *zk.Stat, error)
	GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error)
	Set(path string, data []byte, version int32) (*zk.Stat, error)
	Children(path string) ([]string, *zk.Stat, error)
	ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error)
	Multi(ops ...any) ([]zk.MultiResponse, error)
}

// connection carries all requests of the recipes: it gives every new znode the ACL of the client,
// makes errors name the refused request, and counts requests.
type connection struct {
	to       Conn
	acl      []zk.ACL
	refused  func(request, path string, err error) error
	requests *atomic.Int64
}

// SessionID returns the id of the present session, or 0 if there is none.
func (c *connection) SessionID() int64 { return c.to.SessionID() }

// State returns the state of the connection.
func (c *connection) State() zk.State { return c.to.State() }

// answer counts a request, and returns its error.
func (c *connection) answer(request, path string, err error) error {
	c.requests.Add(1)
	if IsRefusal(err) {
		return c.refused(request, path, err)
	}
	return wire.Named(err)
}

// IsRefusal reports whether a server has refused a request because the client lacks a permission,
// or because the ACL is invalid.
func IsRefusal(err error) bool {
	return errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrInvalidACL)
}

// Create creates a znode with the ACL of the client.
func (c *connection) Create(path string, data []byte, flags int32) (string, error) {
	created, err := c.to.Create(path, data, flags, c.acl)
	return created, c.answer("create", path, err)
}

// Delete deletes a znode.
func (c *connection) Delete(path string, version int32) error {
	return c.answer("delete", path, c.to.Delete(path, version))
}

// Exists reads the state of a znode, if it exists.
func (c *connection) Exists(path string) (bool, *zk.Stat, error) {
	exists, stat, err := c.to.Exists(path)
	return exists, stat, c.answer("exists", path, err)
}

// ExistsW is like Exists, and sets a watch.
func (c *connection) ExistsW(path string) (bool, *zk.Stat, <-chan zk.Event, error) {
	exists, stat, changed, err := c.to.ExistsW(path)
	return exists, stat, changed, c.answer("exists", path, err)
}

// Get reads a znode.
func (c *connection) Get(path string) ([]byte, *zk.Stat, error) {
	data, stat, err := c.to.Get(path)
	return data, stat, c.answer("get", path, err)
}

// GetW is like Get, and sets a watch.
func (c *connection) GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error) {
	data, stat, changed, err := c.to.GetW(path)
	return data, stat, changed, c.answer("get", path, err)
}

// Set sets the data of a znode.
func (c *connection) Set(path string, data []byte, version int32) (*zk.Stat, error) {
	stat, err := c.to.Set(path, data, version)
	return stat, c.answer("set", path, err)
}

// Children lists the children of a znode.
func (c *connection) Children(path string) ([]string, *zk.Stat, error) {
	names, stat, err := c.to.Children(path)
	return names, stat, c.answer("list", path, err)
}

// ChildrenW is like Children, and sets a watch.
func (c *connection) ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error) {
	names, stat, changed, err := c.to.ChildrenW(path)
	return names, stat, changed, c.answer("list", path, err)
}

// Multi sends copies of the creates among ops: an earlier try, for which no call waits any more,
// may still read them.
func (c *connection) Multi(ops ...any) ([]zk.MultiResponse, error) {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if create, ok := op.(*zk.CreateRequest); ok {
			withACL := *create
			withACL.Acl = c.acl
			ops[i] = &withACL
		}
	}
	results, err := c.to.Multi(ops...)
	request, path := "multi", ""
	if i := RefusedBy(results); i >= 0 && i < len(ops) {
		request, path = Part(ops[i])
	}
	return results, c.answer(request, path, err)
}

// RefusedBy returns the index of the op that made a multi fail.
func RefusedBy(results []zk.MultiResponse) int {
	for i, r := range results {
		if r.Error != nil {
			return i
		}
	}
	return -1
}

// Part returns the name and the path of one op of a multi.
func Part(op any) (request, path string) {
	switch op := op.(type) {
	case *zk.CreateRequest:
		return "create", op.Path
	case *zk.DeleteRequest:
		return "delete", op.Path
	case *zk.SetDataRequest:
		return "set", op.Path
	case *zk.CheckVersionRequest:
		return "check", op.Path
	}
	return "multi", ""
}

// MaxData is how many bytes of data a request can have. The servers' own limit on a request
// (jute.maxbuffer) is a little less than 1 MiB by default. A server closes the connection of a
// larger request.
const MaxData = 1<<20 - 8<<10

// MaxRequest is the servers' limit on a request in bytes, by default (jute.maxbuffer).
const MaxRequest = 0xfffff

// OpSize is more bytes than an op in a multi takes, not counting its path, data and ACL.
const OpSize = 32

// SizeOf returns how many bytes a multi of ops takes as a request, or a few more.
func (c *connection) SizeOf(ops []any) int {
	acl := 0
	for _, a := range c.acl {
		acl += 12 + len(a.Scheme) + len(a.ID)
	}
	size := OpSize // of the rest of the request
	for _, op := range ops {
		_, path := Part(op)
		size += OpSize + len(path)
		switch op := op.(type) {
		case *zk.CreateRequest:
			size += len(op.Data) + acl
		case *zk.SetDataRequest:
			size += len(op.Data)
		}
	}
	return size
}
