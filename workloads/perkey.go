package workloads

import (
	"context"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/subjects"
)

// perKey holds the subjects of a workload by client and key.
type perKey[T any] map[int]map[string]T

// makePerKey makes the subject of every client and key.
func makePerKey[T any](ctx context.Context, e *Env, make func(c *subjects.Client, path string) (T, error)) (perKey[T], error) {
	all := perKey[T]{}
	for _, c := range e.Clients {
		all[c.ID] = map[string]T{}
		for i := range e.Keys {
			if ctx.Err() != nil { // with many keys this takes long
				return nil, context.Cause(ctx)
			}
			key := e.Key(i)
			jitter.Wait(1)
			subject, err := makeSubject(ctx, e, c, key, make)
			if err != nil {
				return nil, err
			}
			all[c.ID][key] = subject
		}
	}
	return all, nil
}

// close closes each client's subjects, all within one bound.
func (all perKey[T]) close(ctx context.Context, e *Env, subject func(T) any) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	e.each(func(c *Client) {
		for i := range e.Keys { // not in the random order of a map
			c.closeSubject(ctx, subject(all[c.ID][e.Key(i)]))
		}
	})
}
