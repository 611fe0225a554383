package adapter

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/subjects"
)

// A multi-lock whose clients all name the same keys is a lock.
var _ = declare(subjects.MultiLocks, twoKeys,
	append(slices.Clone(holdChecks), check{"crosswise", keysCrosswise}, check{"apart", keysApart})...)

func twoKeys(client int) []string {
	if client%2 == 1 {
		return []string{"b", "a"}
	}
	return []string{"a", "b"}
}

// manyTurns is how often two clients lock keys at once that each names in another order.
const manyTurns = 20

// multi makes a multi-lock for a new client.
func (t *trial) multi(names ...string) (*contender, error) {
	p, err := t.client()
	if err != nil {
		return nil, err
	}
	o, err := t.made(p, t.path(), subjects.MultiLocks.With(names))
	return &contender{object: o}, err
}

// keysCrosswise: two clients that name two keys in different orders do not deadlock.
func keysCrosswise(t *trial) error {
	a, b, err := t.contenders()
	if err != nil {
		return err
	}
	for turn := range manyTurns {
		first := t.begin("the first client's turn", a.both)
		second := t.begin("the second client's turn", b.both)
		for _, at := range []*attempt{first, second} {
			if err := t.await(at); err != nil {
				return fmt.Errorf("turn %d of both clients at once, that name the keys in different orders: %w", turn+1, err)
			}
		}
	}
	return nil
}

// both is an acquire and a release.
func (c *contender) both(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	return c.release(ctx)
}

// keysApart: a client that waits for one of several keys does not block the others for
// ever, and clients without common keys do not wait for each other.
func keysApart(t *trial) error {
	a, err := t.multi("a", "b")
	if err != nil {
		return err
	}
	b, err := t.multi("b", "c")
	if err != nil {
		return err
	}
	c, err := t.multi("d")
	if err != nil {
		return err
	}
	if err := t.acquire(a); err != nil {
		return err
	}
	waiting := t.begin("the acquire of b and c", b.acquire)
	if err := t.waits(waiting, "another client holds a and b"); err != nil {
		return err
	}
	if err := t.turn(c); err != nil {
		return fmt.Errorf("the key d, that nobody else asks for: %w", err)
	}
	if err := t.cancelled(waiting); err != nil {
		return err
	}
	alone, err := t.multi("c")
	if err != nil {
		return err
	}
	if err := t.turn(alone); err != nil {
		return fmt.Errorf("the key c, after one gave up that waited for b and c: %w", err)
	}
	return t.release(a)
}
