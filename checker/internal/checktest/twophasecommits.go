package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Transaction begins the record of a transaction k of sites a and b, as zklab writes it.
func Transaction() *Record {
	r := Ours(models.TwoPhaseCommit.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100)
	return r.Begun("k", 0, 1, 2, "a", "b")
}

// Begun adds that a client has begun a transaction.
func (r *Record) Begun(key string, client, inv, ret int, sites ...string) *Record {
	return r.Op(Args{
		Client: client, F: models.FPrepare, Key: key, Inv: inv, Ret: ret, Outcome: history.OK,
		In: models.Sites{Sites: sites}, Session: history.ID(client + 1),
	})
}

// Casts adds the vote of a site.
func (r *Record) Casts(key string, client, inv, ret int, site string, yes bool, outcome history.Type) *Record {
	return r.Op(Args{
		Client: client, F: models.FVote, Key: key, Inv: inv, Ret: ret, Outcome: outcome,
		In: models.Ballot{Site: site, Yes: yes}, Session: history.ID(client + 1),
	})
}

// Decides adds a call of a client that decides, with the given patience.
func (r *Record) Decides(key string, client, inv, ret, patience int, commit bool, outcome history.Type) *Record {
	o := Args{
		Client: client, F: models.FDecide, Key: key, Inv: inv, Ret: ret, Outcome: outcome,
		In: models.Deciding{Patience: patience}, Session: history.ID(client + 1),
	}
	if outcome == history.OK {
		o.Out = models.Decision{Commit: commit}
	}
	return r.Op(o)
}

// Learns adds an operation in which a client asked for the outcome and got it.
func (r *Record) Learns(key string, client, inv, ret int, commit bool) *Record {
	return r.Op(Args{
		Client: client, F: models.FOutcome, Key: key, Inv: inv, Ret: ret, Outcome: history.OK,
		Out: models.Decision{Commit: commit}, Session: history.ID(client + 1),
	})
}

// Resolves adds a decision to the log.
func (r *Record) Resolves(s history.ID, key string, commit bool) *Record {
	return r.Txn(history.Txn{
		Type: "create", Session: s, Path: "/run/" + key + "/outcome", Data: []byte(models.Decision{Commit: commit}.String()),
	})
}

var (
	_ = goesWell(models.TwoPhaseCommit.Name, goodTransactions)
	_ = committing(models.TwoPhaseCommit.Name, func(r *Record, done, _ *history.Event) {
		var d models.Decision
		if (done.F == models.FDecide || done.F == models.FOutcome) && done.Decode(&d) == nil {
			r.Resolves(done.Session, done.Key, d.Commit)
		}
	})
)

// goodTransactions has three sites vote. Some transactions are aborted, and in some the
// coordinator disappears.
func goodTransactions(r *Record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("t%d", i)
		commit := i%3 != 1
		r.Begun(key, 0, t, t+2, "a", "b", "c")
		for c, site := range []string{"a", "b", "c"} {
			r.Casts(key, c, t+3, t+5, site, commit || c < 2, history.OK)
		}
		if i%3 != 2 {
			r.Decides(key, 0, t+6, t+8, 40, commit, history.OK)
		}
		r.Learns(key, 1, t+6, t+9, commit).Learns(key, 2, t+6, t+10, commit)
		r.Learns(key, 1, t+11, t+13, commit)
		t += 20
	}
	return t + 90
}

// GenerateTransaction makes a transaction of up to three sites, some of which do not vote, or vote with
// an unknown outcome. The clients that decide have no patience.
func GenerateTransaction(rng *rand.Rand, how Kind) *history.History {
	const k = "k"
	w := NewWorld(rng, Ours(models.TwoPhaseCommit.Name, history.Params{Clients: 8}), 8)
	sites := []string{"a", "b", "c"}[:1+rng.IntN(3)]
	w.Begun(k, 7, 1, 2, sites...)
	at := 6 + w.UpTo(10) // when the transaction is decided
	all, refused := true, false
	wrong := rng.IntN(4) // what is changed
	for i, site := range sites {
		if rng.IntN(8) == 0 {
			all = false
			continue
		}
		yes, outcome, happens := rng.IntN(5) > 0, history.OK, true
		inv := 3 + w.UpTo(6)
		comes := inv + w.UpTo(3)
		if rng.IntN(5) == 0 {
			outcome, happens = history.Info, rng.IntN(2) == 0
		}
		in := happens && comes <= at
		all, refused = all && in && yes, refused || in && !yes
		if how == mutated && wrong == 0 && i == 0 {
			yes = !yes
		}
		w.Casts(k, i, inv, comes+w.UpTo(3), site, yes, outcome)
	}
	if how == mutated && wrong == 1 {
		all = !all
	}
	lapses := rng.IntN(2) == 0
	if !lapses && !all && !refused && how != random {
		return w.Build()
	}
	commit := all && !refused
	told := func() bool {
		if how == random {
			return rng.IntN(2) == 0
		}
		return commit
	}
	if lapses && (how != mutated || wrong != 2) {
		inv := max(3, at-w.UpTo(5))
		outcome := history.OK
		if rng.IntN(4) == 0 {
			outcome = history.Info
		}
		w.Decides(k, 5, inv, at+w.UpTo(3), 0, told(), outcome)
	}
	for i, c := range []int{3, 4, 6} {
		answer := told()
		if how == mutated && wrong == 3 && i == 0 {
			answer = !answer
		}
		inv := max(3, at-3+w.UpTo(6))
		w.Learns(k, c, inv, max(inv, at)+w.UpTo(3), answer)
	}
	return w.Build()
}
