package adapter

import (
	"slices"

	"github.com/zklab/zklab/subjects"
)

// A semaphore of one lease is a lock. With two leases, a third client waits.
var _ = declare(subjects.Semaphores, always(1), append(slices.Clone(holdChecks), check{"two-leases", holdsTwo})...)

// holdsTwo: two of three clients hold at a time.
func holdsTwo(t *trial) error {
	var all []*contender
	for range 3 {
		p, err := t.client()
		if err != nil {
			return err
		}
		o, err := t.made(p, t.path(), subjects.Semaphores.With(2))
		if err != nil {
			return err
		}
		all = append(all, &contender{object: o})
	}
	for _, o := range all[:2] {
		if err := t.acquire(o); err != nil {
			return err
		}
	}
	third := t.begin("the third acquire", all[2].acquire)
	if err := t.waits(third, "two clients hold both leases"); err != nil {
		return err
	}
	if err := t.release(all[1]); err != nil { // not the first in line
		return err
	}
	if err := t.await(third); err != nil {
		return err
	}
	if err := t.release(all[0]); err != nil {
		return err
	}
	return t.release(all[2])
}
