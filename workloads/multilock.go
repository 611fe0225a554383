package workloads

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// MultiLock is the workload of locks on several keys at once. Each object has four keys;
// every client locks one, two or all of them at a time. Half of the clients name the keys
// in one order and half in the other. Half of the time all clients come at once. A client holds for
// 1–20 ms around a write to the resource that each key guards, and gives up one attempt in five
// after a moment. Then none of the keys may stay locked.
type MultiLock struct {
	// New makes the subject of one client for some keys, which are the names of znodes
	// below the path. A client makes several with the same path.
	New func(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error)
}

// Name returns the name of the model.
func (MultiLock) Name() string { return models.MultiLock.Name }

// Maker serves the subjects to another process.
func (w MultiLock) Maker() subjects.Maker { return contracts.MultiLocks.Serve(w.New) }

// keysOfObject lists the keys of each object. keySets lists the sets that are locked together: a
// single key, the pairs of neighbours on a circle, and all keys, which come last.
var (
	keysOfObject = []string{"a", "b", "c", "d"}
	keySets      = [][]string{{"a"}, {"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "a"}, keysOfObject}
)

// perKeysRush is the mean number of operations, of all clients, after which they all lock keys of one
// object at once.
const perKeysRush = 12

// perImpatience is how rarely an acquire is given up after a moment: one in this many.
const perImpatience = 5

// Start makes the multi-locks.
func (w MultiLock) Start(ctx context.Context, env *Env) (Run, error) {
	var sets []perKey[*holder]
	for _, keys := range keySets {
		holders, err := makePerKey(ctx, env, func(c *subjects.Client, path string) (*holder, error) {
			return w.holder(c, path, named(keys, c.ID))
		})
		if err != nil {
			return nil, err
		}
		sets = append(sets, holders)
	}
	last := len(sets) - 1
	r := holdRunOf(env, time.Millisecond, 20*time.Millisecond, sets[last])
	r.lines, r.impatient = keysOfObject, perImpatience
	for i := range env.Keys {
		for _, part := range keysOfObject {
			r.resources[env.Key(i)+"/"+part] = &resource{}
		}
	}
	r.choose = func(rng *rand.Rand, client int, key string) *holder { return sets[rng.IntN(len(sets))][client][key] }
	r.others = sets[:last]
	r.rushes = newRushes(newMeetings(env, perKeysRush), 1)
	return r, nil
}

func (w MultiLock) holder(c *subjects.Client, path string, keys []string) (*holder, error) {
	h, err := holderOf(onWith(contracts.MultiLocks, keys, w.New), contracts.MultiLockAcquire, contracts.MultiLockRelease)(c, path)
	if err != nil {
		return nil, err
	}
	h.keys = keys
	h.asks = func(purpose) any { return models.Keys{Keys: keys} }
	return h, nil
}

// named returns keys in the order in which a client names them.
func named(keys []string, client int) []string {
	keys = slices.Clone(keys)
	if client%2 == 1 {
		slices.Reverse(keys)
	}
	return keys
}
