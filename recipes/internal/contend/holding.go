package contend

import (
	"context"
	"slices"
)

// Holding is added by a Do to the context of its function: all holds under which the function
// runs. A Do can be called within another Do.
type Holding struct {
	Znodes []string // these exist as long as all holds last
	Token  int64    // of the innermost hold that has one
}

type holdingKey struct{}

// HoldingOf returns the Holding of ctx. It is empty if ctx does not come from a Do.
func HoldingOf(ctx context.Context) Holding {
	in, _ := ctx.Value(holdingKey{}).(Holding)
	return in
}

// Holds returns a context with one more hold. Its token is 0 if it has none.
func Holds(ctx context.Context, token int64, znodes ...string) context.Context {
	in := HoldingOf(ctx)
	in.Znodes = slices.Concat(in.Znodes, znodes)
	if token != 0 {
		in.Token = token
	}
	return context.WithValue(ctx, holdingKey{}, in)
}
