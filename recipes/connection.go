package recipes

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/go-zookeeper/zk"
)

// conn is what the recipes use of *zk.Conn.
type conn interface {
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

// connection is the way by which all requests of the recipes go: every znode that they make
// gets the ACL of the session, a refusal says what was refused, and requests are counted.
type connection struct {
	to       conn
	acl      []zk.ACL
	requests *atomic.Int64
}

func (c *connection) SessionID() int64 { return c.to.SessionID() }

func (c *connection) State() zk.State { return c.to.State() }

// answer takes in that a request was made, and what was said to it.
func (c *connection) answer(request, path string, err error) error {
	c.requests.Add(1)
	if errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrInvalidACL) {
		return &Refusal{Request: request, Path: path, Err: err}
	}
	return err
}

func (c *connection) Create(path string, data []byte, flags int32) (string, error) {
	created, err := c.to.Create(path, data, flags, c.acl)
	return created, c.answer("create", path, err)
}

func (c *connection) Delete(path string, version int32) error {
	return c.answer("delete", path, c.to.Delete(path, version))
}

func (c *connection) Exists(path string) (bool, *zk.Stat, error) {
	exists, stat, err := c.to.Exists(path)
	return exists, stat, c.answer("exists", path, err)
}

func (c *connection) ExistsW(path string) (bool, *zk.Stat, <-chan zk.Event, error) {
	exists, stat, changed, err := c.to.ExistsW(path)
	return exists, stat, changed, c.answer("exists", path, err)
}

func (c *connection) Get(path string) ([]byte, *zk.Stat, error) {
	data, stat, err := c.to.Get(path)
	return data, stat, c.answer("get", path, err)
}

func (c *connection) GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error) {
	data, stat, changed, err := c.to.GetW(path)
	return data, stat, changed, c.answer("get", path, err)
}

func (c *connection) Set(path string, data []byte, version int32) (*zk.Stat, error) {
	stat, err := c.to.Set(path, data, version)
	return stat, c.answer("set", path, err)
}

func (c *connection) Children(path string) ([]string, *zk.Stat, error) {
	names, stat, err := c.to.Children(path)
	return names, stat, c.answer("list", path, err)
}

func (c *connection) ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error) {
	names, stat, changed, err := c.to.ChildrenW(path)
	return names, stat, changed, c.answer("list", path, err)
}

// Multi sends copies of the creates among ops: an earlier try that nobody waits for any more
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
	if i := refusedBy(results); i >= 0 && i < len(ops) {
		request, path = part(ops[i])
	}
	return results, c.answer(request, path, err)
}

// part names one op of a multi.
func part(op any) (request, path string) {
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

// Refusal is the error of a request that a server refused for want of rights, [zk.ErrNoAuth],
// or for its ACL, [zk.ErrInvalidACL]: which request it was, and of what znode. It is the
// cause of the [Error] of a call. Nothing that was refused is tried again, but for what is
// removed in the background: rights may come back.
type Refusal struct {
	Request string // "create", "delete", "get", "set", "list", "exists" or "check"
	Path    string // of the znode; that of a sequential one without its number
	Err     error  // what the server said
}

func (r *Refusal) Error() string { return r.Request + " " + r.Path + ": " + r.Err.Error() }

// Unwrap returns what the server said.
func (r *Refusal) Unwrap() error { return r.Err }
