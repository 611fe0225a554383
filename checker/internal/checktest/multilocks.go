package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// MultiLock begins the record of an object k of several keys.
func MultiLock() *Record {
	return Ours(models.MultiLock.Name, history.Params{Clients: 4}).offers(history.Offers{Fencing: true, TellsLost: true})
}

// Of has the last operation that was added ask for some keys.
func (r *Record) Of(keys ...string) *Record {
	for i := len(r.Events) - 1; i >= 0; i-- {
		if e := &r.Events[i]; e.F == models.FAcquire && e.Type == history.Invoke {
			e.Value = history.Value(models.Keys{Keys: keys})
			break
		}
	}
	return r
}

// WriteTo is like Write, to the resource that one key guards.
func (r *Record) WriteTo(key string, client, inv int, token history.ID, accepted bool, order int64) *Record {
	r.Write(client, inv, token, accepted, order)
	r.Events[len(r.Events)-2].Value = history.Value(models.GuardedKey{Key: key, Token: token})
	return r
}

// StandsFor has a session stand in line for some keys, in one multi.
func (r *Record) StandsFor(s history.ID, number int, keys ...string) *Record {
	var made []history.Txn
	for _, key := range keys {
		made = append(made, history.Txn{Type: "create", Owner: s, Path: fmt.Sprintf("/k/%s/c%d-lock-%010d", key, s, number), ParentCversion: int32(number + 1)})
	}
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: made})
}

// LeavesAll removes what StandsFor made.
func (r *Record) LeavesAll(s history.ID, number int, keys ...string) *Record {
	var gone []history.Txn
	for _, key := range keys {
		gone = append(gone, history.Txn{Type: "delete", Path: fmt.Sprintf("/k/%s/c%d-lock-%010d", key, s, number)})
	}
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: gone})
}

// GenerateMultiLocks is like GenerateHolds, for holds of several keys at once.
func GenerateMultiLocks(rng *rand.Rand, how Kind) *history.History {
	return generateSets(rng, how, models.MultiLock.Name, func(x *tenure, set, _ []string) { x.asked = models.Keys{Keys: set} })
}

// generateSets makes a history of holds, each of one or more of several keys. of sets what a hold
// asks for.
func generateSets(rng *rand.Rand, how Kind, model string, of func(x *tenure, set, all []string)) *history.History {
	locks := []string{"a", "b", "c"}[:2+rng.IntN(2)]
	clients := 3 + rng.IntN(2)
	w := NewWorld(rng, Ours(model, history.Params{Clients: clients}).offers(history.Offers{Fencing: true}), clients)
	n := 5 + rng.IntN(5)
	var all []tenure
	free, end := map[string]int{}, 1 // the time from which each key is free
	for i := range n {
		set := someOf(rng, locks)
		x := tenure{client: rng.IntN(clients), token: history.ID(i + 1)}
		of(&x, set, locks)
		t := 1
		for _, lock := range set {
			t = max(t, free[lock])
		}
		if how == random {
			t = w.UpTo(5)
			x.token = history.ID(1 + rng.IntN(2*n))
		}
		w.stay(&x, t)
		for _, lock := range set {
			free[lock] = max(x.c, x.a)
		}
		end = max(end, x.ret, x.ao, x.c)
		all = append(all, x)
	}
	if how == mutated {
		for range 3 {
			w.mutateTenures(all)
		}
	}
	w.tell(all)
	w.proofs(end + 5)
	return w.Build()
}

// someOf returns one or more of some keys, in random order.
func someOf(rng *rand.Rand, locks []string) []string {
	var set []string
	for _, i := range rng.Perm(len(locks))[:1+rng.IntN(len(locks))] {
		set = append(set, locks[i])
	}
	return set
}

var _ = goesWell(models.MultiLock.Name, goodLocks)

// goodLocks lets three clients lock two keys in turn, crosswise: each client asks while
// another one holds them.
func goodLocks(r *Record, n int) int {
	t, locks := 20, []string{"a", "b"}
	for i := range n {
		c, token := i%3, history.ID(i+1)
		r.Hold(Grant{Client: c, Inv: t - 13, Ret: t, Release: t + 10, Token: token})
		r.Of(locks[i%2], locks[(i+1)%2])
		r.Confirm(c, t+4, true, token, history.ID(c+1))
		r.WriteTo("a", c, t+7, token, true, int64(i+1))
		t += 17
	}
	for c := range 3 { // c gives up
		r.Call(c, models.FAcquire, t, t+5, history.Fail).Of("b", "a")
	}
	r.KeyFact(t+100, history.FFinal, "k", models.Final{})
	return t + 101
}
