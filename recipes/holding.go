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
