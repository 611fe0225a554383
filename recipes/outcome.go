package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// outcome of a write.
type outcome int

const (
	unknown outcome = iota // perhaps applied
	applied
	notApplied // and never will be
)

// once sends a write once. unknown comes with the error that left it so.
func once[T any](ctx context.Context, s *client.Client, z *client.Session, f func() (T, error)) (outcome, error) {
	if err := s.AwaitConnected(ctx, z); err != nil {
		return notApplied, err
	}
	r := client.Send(s, z, client.Write, f)
	_, err := r.Wait(ctx)
	if failures.Stopped(err) && !r.Settled() {
		grace, cancel := s.WithGrace()
		defer cancel()
		if _, late := r.Wait(grace); r.Settled() && !failures.Unanswered(late) {
			err = late
		}
	}
	switch {
	case err == nil:
		return applied, nil
	case r.Settled() && r.Unsent:
		return notApplied, err
	case failures.Stopped(err), failures.Unanswered(err):
		return unknown, err
	}
	return notApplied, err
}

// appliedUnless is applied if there is no error, else notApplied.
func appliedUnless(err error) (outcome, error) {
	if err != nil {
		return notApplied, err
	}
	return applied, nil
}

// settle counts a write whose reply was lost, if its outcome is known now.
func (r *recipe) settle(o outcome, err error) (outcome, error) {
	if o != unknown {
		r.s.Counters.Settled.Add(1)
	}
	return o, err
}
