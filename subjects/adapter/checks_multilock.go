package adapter

import (
	"context"
	"slices"

	"github.com/zklab/zklab/internal/contracts"
)

// A multi-lock whose clients all name the same keys is a lock.
var multiLocksSuite = suiteOf(contracts.MultiLocks, twoKeys,
	append(slices.Clone(holdChecks), check{"crosswise", keysCrosswise}, check{"apart", keysApart})...)

func twoKeys(client int) []string {
	if client%2 == 1 {
		return []string{"b", "a"}
	}
	return []string{"a", "b"}
}

// manyTurns is how often two clients at once lock keys that they name in different orders.
const manyTurns = 20

// multi makes a multi-lock for a new client.
func (t *trial) multi(names ...string) *contender {
	return &contender{object: t.made(t.client(), t.path(), contracts.MultiLocks.With(names))}
}

// keysCrosswise checks that two clients that name two keys in different orders do not
// deadlock.
func keysCrosswise(t *trial) {
	a, b := t.contenders()
	for turn := range manyTurns {
		first := t.begin("the first client's turn", a.both)
		second := t.begin("the second client's turn", b.both)
		for _, at := range []*attempt{first, second} {
			t.mustf(t.await(at), "turn %d of both clients at once, that name the keys in different orders", turn+1)
		}
	}
}

// both acquires and releases.
func (c *contender) both(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	return c.release(ctx)
}

// keysApart checks that a client that waits for one of several keys does not block the
// others for ever, and that clients without common keys do not wait for each other.
func keysApart(t *trial) {
	a := t.multi("a", "b")
	b := t.multi("b", "c")
	c := t.multi("d")
	t.acquire(a)
	waiting := t.begin("the acquire of b and c", b.acquire)
	t.waits(waiting, "another client holds a and b")
	t.during("the key d, that nobody else asks for", func() { t.turn(c) })
	t.cancelled(waiting)
	alone := t.multi("c")
	t.during("the key c, after one gave up that waited for b and c", func() { t.turn(alone) })
	t.release(a)
}
