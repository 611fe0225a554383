package crosscheck

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// jointly reports whether holds can have been granted in this order, each as early as its keys
// allow.
func jointly(holds []hold) bool {
	free := map[string]int64{}
	for _, h := range holds {
		granted := h.ai
		for _, key := range h.keys {
			if at, is := free[key]; is {
				granted = max(granted, at)
			}
		}
		over := max(granted, h.x)
		if granted > h.ao || over > h.e {
			return false
		}
		for _, key := range h.keys {
			free[key] = over
		}
	}
	return true
}

func multiLockAnswers(h record) answers {
	all := answers{"exclusion": valid, "tokens": valid, "fencing": valid}
	for _, key := range keysOf(h.ops) {
		holds, agrees := holdsOf(h, key)
		if !agrees {
			return answers{}
		}
		all.worst("exclusion", verdict(!permutations(slices.Clone(holds), jointly)))
		inOrder := slices.Clone(holds)
		slices.SortStableFunc(inOrder, func(a, b hold) int { return int(min(1, max(-1, a.token-b.token))) })
		all.worst("tokens", verdict(!jointly(inOrder) || shared(inOrder)))
		for _, part := range []string{"a", "b", "c"} {
			all.worst("fencing", verdict(!fenced(h.writesTo(part), key, having(holds, part))))
		}
	}
	return all
}

// shared reports whether two holds that have a key in common have the same token.
func shared(holds []hold) bool {
	for i, a := range holds {
		for _, b := range holds[:i] {
			if a.token == b.token && a.meets(b) {
				return true
			}
		}
	}
	return false
}

// meets reports whether two holds have a key in common.
func (h hold) meets(other hold) bool {
	return len(h.keys) == 0 || slices.ContainsFunc(h.keys, func(k string) bool { return slices.Contains(other.keys, k) })
}

// having returns the holds that cover a key within the object.
func having(holds []hold, part string) []hold {
	var all []hold
	for _, h := range holds {
		if slices.Contains(h.keys, part) {
			all = append(all, h)
		}
	}
	return all
}

// writesTo leaves out the writes to resources that other keys guard.
func (h record) writesTo(part string) record {
	less := h
	less.ops = nil
	for _, o := range h.ops {
		if o.f == models.FWrite {
			var to models.GuardedKey
			must(json.Unmarshal([]byte(o.arg), &to))
			if to.Key != part {
				continue
			}
		}
		less.ops = append(less.ops, o)
	}
	return less
}

// ownMultiLock generates holds that cover some of three keys each, which clients ask for or
// are given.
func ownMultiLock(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record { return someKeys(r, model) }
}

func someKeys(r *rand.Rand, model string) record {
	h := record{model: model, order: r.Uint64()}
	h.facts = append(h.facts, fact{of: history.Nemesis, client: -1, f: history.FOffers, value: history.Offers{Fencing: true}})
	sim := newHolding(&h, r)
	keys := pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"})
	for range 1 + r.IntN(5) {
		sim.parts = pick(r, []string{"a"}, []string{"b"}, []string{"a", "b"}, []string{"b", "a"}, []string{"b", "c"}, []string{"c", "a", "b"})
		sim.one(pick(r, keys...))
	}
	for range r.IntN(4) {
		sim.mutate()
	}
	if a, b := &h.ops[r.IntN(len(h.ops))], &h.ops[r.IntN(len(h.ops))]; chance(r, 4) && a.f == models.FAcquire && b.f == models.FAcquire {
		a.arg, b.arg = b.arg, a.arg
		if model == models.Partitioner.Name && a.res != "" && b.res != "" {
			a.res, b.res = b.res, a.res
		}
	}
	h.tidy(r)
	return h
}

func TestOwnMultiLock(t *testing.T) {
	own{name: "multi-lock", generate: ownMultiLock(models.MultiLock.Name), ours: multiLockAnswers, agree: exact}.compare(t)
	own{name: "partitioner", generate: ownMultiLock(models.Partitioner.Name), ours: multiLockAnswers, agree: exact}.compare(t)
}
