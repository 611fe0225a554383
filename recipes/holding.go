package recipes

import (
	"context"
	"slices"
)

// holding is what a context stands for that a Do gave to its function: all holds under which
// the function runs, since a Do can be called within another one.
type holding struct {
	znodes []string // which are there for as long as all holds last
	token  int64    // of the innermost hold that has one
}

type holdingKey struct{}

func holdingOf(ctx context.Context) holding {
	in, _ := ctx.Value(holdingKey{}).(holding)
	return in
}

// holds returns a context of one hold more, whose token is 0 if it has none.
func holds(ctx context.Context, token int64, znodes ...string) context.Context {
	in := holdingOf(ctx)
	in.znodes = slices.Concat(in.znodes, znodes)
	if token != 0 {
		in.token = token
	}
	return context.WithValue(ctx, holdingKey{}, in)
}

// Fence returns the fencing token of the hold under which a function runs, by the context that
// Do gave it: [Lock.Do], [MultiLock.Do], [RWLock.Do], [RWLock.RDo], [Election.Do] and
// [Election.DoEach]. It is what the method Fence of the recipe returned when the hold began,
// and stays so when that is lost, while the method may by then tell of a later hold that another
// goroutine has taken by the same value.
//
// Of a Do within another one it is that of the inner one. A lease of a [Semaphore] and a [Job]
// have no token; there, as with a context of no Do, it is that of what is around, or 0.
func Fence(ctx context.Context) int64 { return holdingOf(ctx).token }
