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

// Get reads a znode below the root, as the server of this connection has it, which can lag behind.
// It goes on until a server answers or ctx ends. NoEffect is true for its errors: that of ctx,
// [ErrClosed], or what a server said, such as [zk.ErrNoNode].
func (c *Client) Get(ctx context.Context, path string) (data []byte, stat *zk.Stat, err error) {
	err = calls.New(c.client, path).Attempts(ctx, "get", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := c.client.Get(ctx, z, path)
		data, stat = v.Data, v.Stat
		return calls.AppliedUnless(err)
	})
	return data, stat, err
}

// Multi applies ops, one at least, all or none, as Multi of *zk.Conn does. What they create gets
// the ACL of the session ([WithACL]). They are applied once at most.
//
// Where ctx is that of a function which a Do of this package runs, they are applied only while
// all holds last under which it runs, as the servers have it: the znodes of these are checked in
// the same multi. So a process that stood still for longer than its session lasted writes
// nothing more. Of a [Job] it is the attempt that has to last.
//
// An error with NoEffect says that nothing was applied and never will be: [ErrLost] if a hold
// had ended, [ErrTooLarge] if all data together is, or the whole request, for which the paths
// count, too, [ErrClosed], the error of ctx, or what a server said, such as [zk.ErrBadVersion].
// [ErrUnknown], with the reason, says that they may have been applied, or may yet be: the reply
// was lost, or ctx ended while the request was under way, or the session.
func (c *Client) Multi(ctx context.Context, ops ...any) error {
	var path string // which the error names
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

// copied are ops that stay as they are when the caller has gone, but may still be sent.
func copied(ops []any) ([]any, error) {
	if len(ops) == 0 {
		return nil, errors.New("there are no operations")
	}
	own := make([]any, len(ops))
	size := 0
	for i, op := range ops {
		if isNil(op) {
			return nil, fmt.Errorf("a nil %T is no operation", op)
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
			return nil, fmt.Errorf("%T is no operation: it takes a *zk.CreateRequest, *zk.SetDataRequest, *zk.DeleteRequest or *zk.CheckVersionRequest", op)
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

// completed is the path of an op as the server completes it: the name of a sequential znode may be its
// number alone.
func completed(op any, path string) string {
	if c, ok := op.(*zk.CreateRequest); ok && c.Flags&zk.FlagSequence != 0 && path != "/" {
		return path + "0"
	}
	return path
}
