package recipes

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Get reads a znode below the root, from the server of this connection, which can lag behind other
// servers. It tries again until a server answers or ctx ends. Its errors have no effect: the error
// of ctx, [ErrClosed], or an answer of a server, such as [zk.ErrNoNode].
func (c *Client) Get(ctx context.Context, path string) (data []byte, stat *zk.Stat, err error) {
	err = calls.New(c.client, path).Attempts(ctx, "get", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := c.client.Get(ctx, z, path)
		data, stat = v.Data, v.Stat
		return calls.AppliedUnless(err)
	})
	return data, stat, err
}

// Multi applies all of ops, or none of them, as Multi of *zk.Conn does. There must be at least one.
// New znodes get the ACL of the client ([WithACL]). Multi applies ops at most once.
//
// If ctx is the context of a function that a Do of this package runs, Multi applies ops only while
// the holds of that Do last, as the servers see it: the same multi checks the znodes of the holds.
// So a process that stood still for longer than its session lasted writes nothing more. For a
// [Job], the attempt must last.
//
// An error with NoEffect means that ops were not applied and never will be: [ErrLost] if a hold has
// ended, [ErrTooLarge] if the data or the whole request, including paths, is too large,
// [ErrClosed], the error of ctx, or an answer of a server, such as [zk.ErrBadVersion].
// [ErrUnknown], with the reason, means that they may have been applied, or may yet be: the reply
// was lost, or ctx or the session ended while the request was under way.
func (c *Client) Multi(ctx context.Context, ops ...any) error {
	var path string // for the error
	if len(ops) > 0 && !isNil(ops[0]) {
		_, path = client.Part(ops[0])
	}
	const op = "multi"
	r := calls.New(c.client, strings.TrimSuffix(path, "/"))
	own, err := copied(ops)
	if err != nil {
		return r.Definite(op, err)
	}
	var guards []any
	for _, path := range contend.HoldingOf(ctx).Znodes {
		guards = append(guards, present(path))
	}
	own = slices.Concat(guards, own)
	if c.client.Conn.SizeOf(own) > client.MaxRequest {
		return r.Definite(op, ErrTooLarge)
	}
	return r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		return calls.Once(ctx, c.client, z, func() (struct{}, error) {
			results, err := c.client.Conn.Multi(own...)
			if i := client.RefusedBy(results); errors.Is(err, zk.ErrNoNode) && i >= 0 && i < len(guards) {
				err = ErrLost
			}
			return struct{}{}, err
		})
	})
}

// copied returns a copy of ops: they may still be sent after the caller has gone and changed them.
func copied(ops []any) ([]any, error) {
	if len(ops) == 0 {
		return nil, errors.New("there are no operations")
	}
	own := make([]any, len(ops))
	size := 0
	for i, op := range ops {
		if isNil(op) {
			return nil, fmt.Errorf("a nil %T is not an operation", op)
		}
		var data *[]byte
		switch op := op.(type) {
		case *zk.CreateRequest:
			c := *op
			own[i], data = &c, &c.Data
		case *zk.SetDataRequest:
			c := *op
			own[i], data = &c, &c.Data
		case *zk.DeleteRequest:
			c := *op
			own[i] = &c
		case *zk.CheckVersionRequest:
			c := *op
			own[i] = &c
		default:
			return nil, fmt.Errorf("%T is not an operation: give a *zk.CreateRequest, *zk.SetDataRequest, *zk.DeleteRequest or *zk.CheckVersionRequest", op)
		}
		if data != nil {
			*data = slices.Clone(*data)
			size += len(*data)
		}
		if _, path := client.Part(op); znodes.CheckPath(completed(op, path)) != nil {
			return nil, fmt.Errorf("%w: %q", zk.ErrInvalidPath, path)
		}
	}
	if size > MaxItem {
		return nil, ErrTooLarge
	}
	return own, nil
}

func isNil(op any) bool {
	v := reflect.ValueOf(op)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// completed returns the path of an op as the server completes it: the name of a sequential znode
// may be its number alone.
func completed(op any, path string) string {
	if c, ok := op.(*zk.CreateRequest); ok && c.Flags&zk.FlagSequence != 0 && path != "/" {
		return path + "0"
	}
	return path
}
