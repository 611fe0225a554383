package calls

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// Outcome is the outcome of a write.
type Outcome int

const (
	Unknown    Outcome = iota // perhaps applied
	Applied                   // once
	NotApplied                // and never will be
)

// Once sends a write once. With Unknown it returns the error that made the outcome unknown.
func Once[T any](ctx context.Context, cl *client.Client, z *client.Session, f func() (T, error)) (Outcome, error) {
	if err := cl.AwaitConnected(ctx, z); err != nil {
		return NotApplied, err
	}
	r := client.Send(cl, z, client.Write, f)
	_, err := r.Wait(ctx)
	if failures.Stopped(err) && !r.Settled() {
		grace, cancel := cl.WithGrace()
		defer cancel()
		if _, late := r.Wait(grace); r.Settled() && !failures.Unanswered(late) {
			err = late
		}
	}
	switch {
	case err == nil:
		return Applied, nil
	case r.Settled() && r.Unsent:
		return NotApplied, err
	case failures.Stopped(err), failures.Unanswered(err):
		return Unknown, err
	}
	return NotApplied, err
}

// AppliedUnless returns Applied if err is nil, and otherwise NotApplied.
func AppliedUnless(err error) (Outcome, error) {
	if err != nil {
		return NotApplied, err
	}
	return Applied, nil
}

// Settle counts a write whose reply was lost if its outcome is known now, and returns its
// arguments.
func (r *Recipe) Settle(o Outcome, err error) (Outcome, error) {
	if o != Unknown {
		r.Client.Counters.Settled.Add(1)
	}
	return o, err
}
