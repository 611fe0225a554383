package adapter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
)

var locksSuite = suiteOf(contracts.Locks, nil, holdChecks...)

// holdChecks lists the checks of every hold; t.recipe names it.
var holdChecks = []check{
	{"normal", takesTurns},
	{"contend", contends},
	{"cancel", cancelsAcquire},
	{"cancel-at-once", cancelsAcquireAtOnce},
	{"ping-waiting", answersWhileItWaits},
	{"overlap", overlaps},
	{"unicode", holdsUnicode},
	{"close", closesAndIsMadeAgain},
	{"lost", onContenders(tellsLoss)},
	{"crash", diesHolding},
	{"quit-gives-back", givesBackAtQuit},
}

// contender is a lock, or a candidate, of one client.
type contender struct {
	*object

	mu      sync.Mutex
	present *grant // the latest hold; nil before the first
}

// grant is a hold. It is not a contracts.Granted, because that rejects a program that grants
// less than it offers.
type grant struct {
	Token   history.ID `json:"token"`
	Session history.ID `json:"session"`
	lost    <-chan struct{}
}

func (c *contender) acquire(ctx context.Context) error {
	g := &grant{}
	lost, err := c.Hold(ctx, models.FAcquire, nil, g)
	if err != nil {
		return err
	}
	if err := (&contracts.Granted{Token: g.Token, Session: g.Session}).Validate(c.Offers); err != nil {
		return fmt.Errorf("acquire was answered %w", err)
	}
	g.lost = lost
	c.mu.Lock()
	defer c.mu.Unlock()
	c.present = g
	return nil
}

func (c *contender) latest() *grant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present
}

func (c *contender) release(ctx context.Context) error {
	return c.Call(ctx, models.FRelease, nil, nil)
}

// contender makes a contender in its own process.
func (t *trial) contender() *contender {
	return &contender{object: t.first()}
}

// contenders makes two contenders at the same path.
func (t *trial) contenders() (a, b *contender) { return t.contender(), t.contender() }

func (t *trial) acquire(o *contender) { t.soon("acquire", o.acquire) }
func (t *trial) release(o *contender) { t.soon("release", o.release) }

// turn acquires and releases.
func (t *trial) turn(o *contender) {
	t.acquire(o)
	t.release(o)
}

// takesTurns checks that one client can acquire and release repeatedly, and loses no
// hold.
func takesTurns(t *trial) {
	o := t.contender()
	var last *grant
	for range 3 {
		t.acquire(o)
		t.holds(o, true)
		t.release(o)
		t.settle(o.p)
		h := o.latest()
		if await.Closed(h.lost) {
			t.failf("the hold was reported as lost, but was not")
		}
		t.rises(o, last, h)
		last = h
	}
}

// holds checks what an object reports about its present hold, if it offers that.
func (t *trial) holds(o *contender, want bool) {
	if !o.Offers(eventLost) {
		return
	}
	t.soon("confirm", func(ctx context.Context) error {
		var is struct{ Held bool }
		err := o.Call(ctx, models.FConfirm, nil, &is)
		if err == nil && is.Held != want {
			err = fmt.Errorf("confirm says %v, and should say %v", is.Held, want)
		}
		return err
	})
}

// rises checks that tokens rise, if they are offered.
func (t *trial) rises(o *contender, before, after *grant) {
	if before != nil && o.Offers(contracts.OfferFence) && after.Token <= before.Token {
		t.failf("the fencing token did not rise: %s, and then %s", before.Token, after.Token)
	}
}

// held returns objects of two clients, of which the first one holds.
func (t *trial) held() (a, b *contender) {
	a, b = t.contenders()
	t.acquire(a)
	return a, b
}

// contended is like held, and the second client waits in an acquire.
func (t *trial) contended() (a, b *contender, second *attempt) {
	a, b = t.held()
	second = t.begin("the second acquire", b.acquire)
	t.waits(second, heldByAnother)
	return a, b, second
}

const heldByAnother = "another client holds it"

// contends checks that the second client waits for the first.
func contends(t *trial) {
	a, b, second := t.contended()
	t.release(a)
	t.mustf(t.await(second), "the second acquire, after the first one's release")
	t.rises(b, a.latest(), b.latest())
	t.release(b)
}

// cancelsAcquire checks that a client that gives up gets nothing later, and is in no
// other client's way.
func cancelsAcquire(t *trial) {
	a, b, second := t.contended()
	t.cancelled(second)
	t.release(a)
	for _, o := range []*contender{a, b} {
		t.during("after a cancelled acquire", func() { t.turn(o) })
	}
}

// cancelsAcquireAtOnce checks a cancel that the program reads together with its
// acquire: see atOnce.
func cancelsAcquireAtOnce(t *trial) {
	_, b := t.held()
	t.atOnce(b.object, models.FAcquire)
}

// answersWhileItWaits checks that other lines are read while a call waits.
func answersWhileItWaits(t *trial) {
	_, b, _ := t.contended()
	t.during("while an acquire waits", func() { t.settle(b.p) })
}

// manyObjects is how many objects overlap.
const manyObjects = 20

// overlaps checks that one client's objects at different paths do not wait for each
// other.
func overlaps(t *trial) {
	_, b := t.held()
	blocked := t.begin("the second acquire", b.acquire)
	var all []*contender
	for i := range manyObjects {
		o := t.of(b.p, fmt.Sprintf("%s/many-%d", t.root, i))
		all = append(all, &contender{object: o})
	}
	for _, step := range []struct {
		what string
		do   func(o *contender) func(context.Context) error
	}{
		{"acquire", func(o *contender) func(context.Context) error { return o.acquire }},
		{"release", func(o *contender) func(context.Context) error { return o.release }},
	} {
		var attempts []*attempt
		for _, o := range all {
			attempts = append(attempts, t.begin(step.what, step.do(o)))
		}
		for i, c := range attempts {
			t.mustf(t.await(c), "%s of object %d of %d, all at once", step.what, i+1, manyObjects)
		}
	}
	t.waits(blocked, heldByAnother)
	t.cancelled(blocked)
}

// holdsUnicode checks that a path may be Unicode text. (ZooKeeper accepts no characters
// beyond the basic plane.)
func holdsUnicode(t *trial) {
	o := t.object(t.root + "/käse 锁 \"a\\b\"")
	t.turn(&contender{object: o})
}

// closesAndIsMadeAgain checks that a closed object can be made again at its path.
func closesAndIsMadeAgain(t *trial) {
	o := t.contender()
	t.turn(o)
	t.soon("close", o.Close)
	again := t.of(o.p, t.path())
	t.turn(&contender{object: again})
}

// tellsLoss checks that a client that was frozen for longer than its session timeout
// reports the loss when it resumes.
func tellsLoss(t *trial, a, b *contender) {
	if !a.Offers(eventLost) {
		t.must(errNotOffered)
	}
	t.acquire(a)
	held := a.latest()
	t.must(a.p.Freeze())
	t.during("while the holder is stopped", func() { t.acquire(b) }) // after the session has expired
	t.must(a.p.Thaw())
	select {
	case <-held.lost:
	case <-time.After(t.Patience):
		t.failf("the hold's session expired, but its loss was not reported within %s", t.Patience)
	}
	if await.Closed(b.latest().lost) {
		t.failf("the hold of the other client was reported as lost, but was not")
	}
	t.holds(a, false)
	t.holds(b, true)
	t.release(b)
}

// diesHolding checks that what a killed client held goes to others, and that the client
// can take its turn again after a restart.
func diesHolding(t *trial) {
	a, b := t.held()
	t.must(a.p.Kill())
	t.during("after the holder was killed", func() { t.turn(b) })
	t.soon("restart", a.p.Restart)
	t.during("after a restart", func() { t.turn(a) })
}

// givesBackAtQuit checks that a client that quits closes its session, so that no other
// client waits for it to expire.
func givesBackAtQuit(t *trial) {
	a, b, next := t.contended()
	began := time.Now()
	t.soon("quit", a.p.Close)
	t.mustf(t.await(next), "after the holder quit")
	// A session that is not closed lives for at least two thirds of its timeout.
	if took := next.took(began); took > conformSession/2 {
		t.failf("the holder quit, but the next client acquired only %s later: the session was not closed", took.Round(time.Millisecond))
	}
	t.release(b)
}
