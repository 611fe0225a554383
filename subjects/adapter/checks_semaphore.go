package adapter

import (
	"slices"

	"github.com/zklab/zklab/internal/contracts"
)

// A semaphore of one lease is a lock. With two leases, a third client waits.
var semaphoresSuite = suiteOf(contracts.Semaphores, always(1), append(slices.Clone(holdChecks), check{"two-leases", holdsTwo})...)

// holdsTwo checks that two of three clients hold at a time.
func holdsTwo(t *trial) {
	var all []*contender
	for range 3 {
		all = append(all, &contender{object: t.made(t.client(), t.path(), contracts.Semaphores.With(2))})
	}
	for _, o := range all[:2] {
		t.acquire(o)
	}
	third := t.begin("the third acquire", all[2].acquire)
	t.waits(third, "two clients hold both leases")
	t.release(all[1]) // not the first in line
	t.must(t.await(third))
	t.release(all[0])
	t.release(all[2])
}
