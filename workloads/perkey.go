package workloads

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/internal/contracts"
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

// on returns the constructor of the subjects of a contract, wherever a client lives.
func on[S any](k *contracts.Contract[S, contracts.None], make func(c *subjects.Client, path string) (S, error)) func(*subjects.Client, string) (contracts.At[S], error) {
	return onWith(k, contracts.None{}, func(c *subjects.Client, path string, _ contracts.None) (S, error) { return make(c, path) })
}

// onWith is like on, for constructors that get m in addition to the path.
func onWith[S, M any](k *contracts.Contract[S, M], m M, make func(*subjects.Client, string, M) (S, error)) func(*subjects.Client, string) (contracts.At[S], error) {
	return func(c *subjects.Client, path string) (contracts.At[S], error) { return k.New(c, path, m, make) }
}

// close closes each client's subjects, all within one bound.
func (all perKey[T]) close(ctx context.Context, e *Env) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	e.each(func(c *Client) {
		for _, key := range slices.Sorted(maps.Keys(all[c.ID])) {
			c.closeSubject(ctx, all[c.ID][key])
		}
	})
}
