package workloads

import (
	"context"
	"slices"
)

// lookLate makes each client ask the caches of every object after the caches have had time to become current.
func (r *mixRun) lookLate(ctx context.Context) {
	cached := func(o MixedOperation) bool { return o.Cached }
	if !slices.ContainsFunc(r.Operations, cached) || !pause(ctx, Patience(r.env.Bound)) {
		return
	}
	r.env.eachKey(func(c *Client, key string) {
		for i := range r.Operations {
			o := &r.Operations[i]
			d := r.afterwards(c, key, random(r.env, c.ID))
			if o.Cached && r.may(o, r.seen(c, o, d)) {
				_, _ = r.call(ctx, c, 0, o, d)
			}
		}
	})
}
