package contend

import (
	"context"
	"slices"
)

// Holding is what a context stands for that a Do gave to its function: all holds under which
// the function runs, since a Do can be called within another one.
type Holding struct {
	Znodes []string // which are there for as long as all holds last
	Token  int64    // of the innermost hold that has one
}

type holdingKey struct{}

// HoldingOf is what ctx stands for: nothing, where no Do gave it.
func HoldingOf(ctx context.Context) Holding {
	in, _ := ctx.Value(holdingKey{}).(Holding)
	return in
}

// Holds returns a context of one hold more, whose token is 0 if it has none.
func Holds(ctx context.Context, token int64, znodes ...string) context.Context {
	in := HoldingOf(ctx)
	in.Znodes = slices.Concat(in.Znodes, znodes)
	if token != 0 {
		in.Token = token
	}
	return context.WithValue(ctx, holdingKey{}, in)
}
