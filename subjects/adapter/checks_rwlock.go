package adapter

import (
	"context"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// A read-write lock without readers is a lock.
var rwlocksSuite = suiteOf(contracts.RWLocks, nil,
	append(slices.Clone(holdChecks), check{"readers", readsTogether}, check{"downgrade", downgrades}, check{"revoke", isAsked})...)

// read acquires for reading.
func (c *contender) read(ctx context.Context) error {
	_, err := c.Hold(ctx, models.FAcquire, models.Wish{Mode: models.ToRead}, &grant{})
	return err
}

// several returns n contenders at one path, each in its own process.
func (t *trial) several(n int) []*contender {
	all := make([]*contender, n)
	for i := range all {
		all[i] = t.contender()
	}
	return all
}

// readsTogether checks that two clients can read at a time, and that no reader
// overtakes a waiting writer.
func readsTogether(t *trial) {
	all := t.several(4)
	for _, c := range all[:2] {
		t.soon("acquire to read", c.read)
	}
	writer := t.begin("an acquire to write", all[2].acquire)
	t.waits(writer, "two clients read")
	reader := t.begin("an acquire to read", all[3].read)
	t.waits(reader, "a writer waits that came before")
	for _, c := range all[:2] {
		t.release(c)
	}
	t.must(t.await(writer))
	t.waits(reader, "a writer holds it")
	t.release(all[2])
	t.must(t.await(reader))
	t.release(all[3])
}

// downgrades checks that readers get in after a downgrade, and writers do not.
func downgrades(t *trial) {
	all := t.several(3)
	if !all[0].Offers(contracts.OfferDowngrade) {
		return
	}
	t.acquire(all[0])
	reader := t.begin("an acquire to read", all[1].read)
	t.waits(reader, heldByAnother)
	writer := t.begin("an acquire to write", all[2].acquire)
	t.waits(writer, heldByAnother)
	t.simply(all[0].object, models.FDowngrade)
	t.mustf(t.await(reader), "after the downgrade")
	t.waits(writer, "two clients read")
	for _, c := range all[:2] {
		t.release(c)
	}
	t.must(t.await(writer))
	t.release(all[2])
}

// isAsked checks that a holder is told when another client asks for its hold, and not
// before.
func isAsked(t *trial) {
	a, b := t.contenders()
	if !a.Offers(contracts.OfferRevoke) {
		return
	}
	t.acquire(a)
	var v models.Heard
	listen := func(ctx context.Context) error { return a.Call(ctx, models.FListen, nil, &v) }
	t.soon("listen", listen)
	if v.Revoked {
		t.failf("it heard that it is asked for its hold, and nobody had asked")
	}
	t.simply(b.object, models.FRevoke)
	t.soon("listen until it is heard", func(ctx context.Context) error {
		for !v.Revoked {
			if err := listen(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	t.release(a)
}
