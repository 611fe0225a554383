package checktest

import (
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// setOfItems are the items of the set k.
var setOfItems = []string{"a", "b", "c", "d"}

// Partitioner begins the record of a set k of the items a to d.
func Partitioner() *Record {
	return Ours(models.Partitioner.Name, history.Params{Clients: 4}).offers(history.Offers{Fencing: true, TellsLost: true})
}

// Share is like Hold, for some items of the set k.
func (r *Record) Share(g Grant, items ...string) *Record {
	begin := len(r.Events)
	g.Wish = models.Keys{Keys: setOfItems}
	r.Hold(g)
	for i := begin; i < len(r.Events); i++ {
		if e := &r.Events[i]; e.F == models.FAcquire && e.Type == history.OK {
			e.Value = history.Value(models.Share{Keys: items, Token: g.Token})
		}
	}
	return r
}

// Hears adds a wait in which a client that holds a share is to be told that another share is
// due to it.
func (r *Record) Hears(client, inv, ret int, due bool) *Record {
	return r.Op(Args{Client: client, F: models.FChanged, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Out: models.Due{Due: due}, Session: history.ID(client + 1)})
}

// Asks adds an acquire of a client that gets no share.
func (r *Record) Asks(client, inv, ret int) *Record {
	return r.Op(Args{Client: client, F: models.FAcquire, Key: "k", Inv: inv, Ret: ret, Outcome: history.Fail, In: models.Keys{Keys: setOfItems}, Session: history.ID(client + 1)})
}

// Quits has a client leave the set k.
func (r *Record) Quits(client, inv, ret int) *Record {
	return r.Op(Args{Client: client, F: models.FLeave, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Session: history.ID(client + 1)})
}

// GenerateShares is like GenerateMultiLocks, for shares of a set.
func GenerateShares(rng *rand.Rand, how Kind) *history.History {
	return generateSets(rng, how, models.Partitioner.Name, func(x *tenure, set, all []string) { x.asked, x.share = models.Keys{Keys: all}, set })
}

var _ = goesWell(models.Partitioner.Name, goodShares)

// goodShares adds rounds in which three clients hold shares of two items, two at a time: each
// client asks while another one holds what it will get.
func goodShares(r *Record, n int) int {
	t := 20
	for i := range n {
		c, token := i%3, history.ID(i+1)
		items := [][]string{{"a", "c"}, {"b", "d"}}[i%2]
		r.Share(Grant{Client: c, Inv: t - 8, Ret: t, Release: t + 15, Token: token}, items...)
		r.Confirm(c, t+2, true, token, history.ID(c+1))
		r.WriteTo(items[0], c, t+5, token, true, int64(i/2+1))
		r.Hears(c, t+9, t+14, true)
		t += 11
	}
	for c := range 3 {
		r.Quits(c, t+30, t+35)
	}
	r.KeyFact(t+100, history.FFinal, "k", models.Final{})
	return t + 101
}
