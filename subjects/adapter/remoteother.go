package adapter

import (
	"context"
	"strings"
)

type queue struct{ *object }

func (q queue) Put(ctx context.Context, item []byte) error {
	_, err := q.do(ctx, request{Op: opPut, Item: item})
	return err
}

func (q queue) Take(ctx context.Context) ([]byte, error) {
	r, err := q.do(ctx, request{Op: opTake})
	if err != nil {
		return nil, err
	}
	return r.Item, nil
}

// itemQueue is a queue whose items are not all children of its znode.
type itemQueue struct {
	queue
	mark string
}

func (q itemQueue) IsItem(child string) bool { return strings.Contains(child, q.mark) }

type barrier struct{ *object }

func (b barrier) Raise(ctx context.Context) error { return b.simply(ctx, opRaise) }
func (b barrier) Lift(ctx context.Context) error  { return b.simply(ctx, opLift) }
func (b barrier) Await(ctx context.Context) error { return b.simply(ctx, opAwait) }

type doubleBarrier struct{ *object }

func (b doubleBarrier) Enter(ctx context.Context) error { return b.simply(ctx, opEnter) }
func (b doubleBarrier) Leave(ctx context.Context) error { return b.simply(ctx, opLeave) }
