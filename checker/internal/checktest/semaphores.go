package checktest

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Semaphore begins the record of a semaphore k with the given number of leases.
func Semaphore(leases int) *Record {
	return Ours(models.Semaphore.Name, history.Params{Clients: 4, Leases: leases}).offers(history.Offers{Fencing: true, TellsLost: true})
}

var _ = goesWell(models.Semaphore.Name, goodLeases)

// goodLeases lets three clients take two leases in turn: each client asks while the two
// others hold.
func goodLeases(r *Record, n int) int {
	r.Header.Params.Leases = 2
	t := 20
	for i := range n {
		c := i % 3
		r.Hold(Grant{Client: c, Inv: t - 13, Ret: t, Release: t + 32, Token: history.ID(i + 1)})
		r.Confirm(c, t+8, true, history.ID(i+1), history.ID(c+1))
		t += 17
	}
	r.KeyFact(t+100, history.FFinal, "k", models.Final{})
	return t + 101
}
