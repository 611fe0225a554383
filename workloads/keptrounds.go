package workloads

import (
	"context"
	"slices"

	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// keptRounds holds finished rounds in which one client got no answer after its session had ended, although another
// client got one. Their subjects stay open, so that the client can ask them once more when all faults are healed.
type keptRounds[S any] struct {
	plain[contracts.At[S]]
}

// mostKept bounds the rounds that are kept, since they all show the same.
const mostKept = 4

// keepRounds follows what clients ask in rounds. calls has the operations whose answer never changes once there is one.
func keepRounds[S any](env *Env, make func(*subjects.Client, string) (contracts.At[S], error), calls map[string]func(context.Context, *Client, string)) *keptRounds[S] {
	all := perKey[contracts.At[S]]{}
	for _, c := range env.Clients {
		all[c.ID] = map[string]contracts.At[S]{}
	}
	k := &keptRounds[S]{plainly(env, all, make, calls)}
	k.of = nil
	return k
}

// begins notes that a client asks from now on. The client counts as if it had got answers before.
func (k *keptRounds[S]) begins(c *Client, key string) {
	for f := range k.calls {
		c.expects(spot{key, f})
	}
}

// ends keeps the subjects of a finished round, or closes them.
func (k *keptRounds[S]) ends(ctx context.Context, key string, made []contracts.At[S]) {
	any := func(is func(*Client, string) bool) bool {
		return slices.ContainsFunc(k.env.Clients, func(c *Client) bool { return is(c, key) })
	}
	if len(k.of) < mostKept && any(k.left) && any(k.passed) {
		k.of = append(k.of, key)
		for i, c := range k.env.Clients {
			k.subjects[c.ID][key] = made[i]
		}
		return
	}
	closeAll(ctx, k.env, made)
}

// left reports whether a client was not answered since its session ended.
func (k *keptRounds[S]) left(c *Client, key string) bool {
	for f := range k.calls {
		if at := (spot{key, f}); c.silent(at) && k.asks(c, at) {
			return true
		}
	}
	return false
}

// passed reports whether a client was answered.
func (k *keptRounds[S]) passed(c *Client, key string) bool {
	for f := range k.calls {
		if c.answered(spot{key, f}) > 0 {
			return true
		}
	}
	return false
}

// askAgain lets the clients ask once more, and closes the subjects.
func (k *keptRounds[S]) askAgain(ctx context.Context) {
	k.env.recover(ctx, k)
	k.close(ctx)
}
