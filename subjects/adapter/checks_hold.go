package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Locks, nil, holdChecks...)

// holdChecks are the checks of every hold: t.recipe says which.
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

// grant is a hold. It is not a subjects.Granted, because that rejects a program that grants
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
	if err := (&subjects.Granted{Token: g.Token, Session: g.Session}).Validate(c.Offers); err != nil {
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
func (t *trial) contender() (*contender, error) {
	o, err := t.object(t.path())
	return &contender{object: o}, err
}

// contenders makes two contenders at the same path.
func (t *trial) contenders() (a, b *contender, err error) {
	if a, err = t.contender(); err == nil {
		b, err = t.contender()
	}
	return a, b, err
}

func (t *trial) acquire(o *contender) error { return t.soon("acquire", o.acquire) }
func (t *trial) release(o *contender) error { return t.soon("release", o.release) }

// turn acquires and releases.
func (t *trial) turn(o *contender) error {
	if err := t.acquire(o); err != nil {
		return err
	}
	return t.release(o)
}

// takesTurns: one client acquires and releases repeatedly; no hold is lost.
func takesTurns(t *trial) error {
	o, err := t.contender()
	if err != nil {
		return err
	}
	var last *grant
	for range 3 {
		if err := t.acquire(o); err != nil {
			return err
		}
		if err := t.holds(o, true); err != nil {
			return err
		}
		if err := t.release(o); err != nil {
			return err
		}
		if err := t.settle(o.p); err != nil {
			return err
		}
		h := o.latest()
		if h.isLost() {
			return errors.New("the hold was reported as lost, but was not")
		}
		if err := rises(o, last, h); err != nil {
			return err
		}
		last = h
	}
	return nil
}

// holds: what an object reports about its present hold, if it offers that.
func (t *trial) holds(o *contender, want bool) error {
	if !o.Offers(eventLost) {
		return nil
	}
	return t.soon("confirm", func(ctx context.Context) error {
		var is struct{ Held bool }
		err := o.Call(ctx, models.FConfirm, nil, &is)
		if err == nil && is.Held != want {
			err = fmt.Errorf("confirm says %v, and should say %v", is.Held, want)
		}
		return err
	})
}

// rises: tokens rise, if they are offered.
func rises(o *contender, before, after *grant) error {
	if before != nil && o.Offers(subjects.OfferFence) && after.Token <= before.Token {
		return fmt.Errorf("the fencing token did not rise: %s, and then %s", before.Token, after.Token)
	}
	return nil
}

func (g *grant) isLost() bool {
	select {
	case <-g.lost:
		return true
	default:
		return false
	}
}

// held returns two clients' objects, of which the first one holds.
func (t *trial) held() (a, b *contender, err error) {
	if a, b, err = t.contenders(); err == nil {
		err = t.acquire(a)
	}
	return a, b, err
}

// contended is held, with a waiting acquire of the second client.
func (t *trial) contended() (a, b *contender, second *attempt, err error) {
	if a, b, err = t.held(); err == nil {
		second = t.begin("the second acquire", b.acquire)
		err = t.waits(second, heldByAnother)
	}
	return a, b, second, err
}

const heldByAnother = "another client holds it"

// contends: the second client waits for the first.
func contends(t *trial) error {
	a, b, second, err := t.contended()
	if err != nil {
		return err
	}
	if err := t.release(a); err != nil {
		return err
	}
	if err := t.await(second); err != nil {
		return fmt.Errorf("the second acquire, after the first one's release: %w", err)
	}
	if err := rises(b, a.latest(), b.latest()); err != nil {
		return err
	}
	return t.release(b)
}

// cancelsAcquire: a client that gives up gets nothing later, and is in no other client's
// way.
func cancelsAcquire(t *trial) error {
	a, b, second, err := t.contended()
	if err != nil {
		return err
	}
	if err := t.cancelled(second); err != nil {
		return err
	}
	if err := t.release(a); err != nil {
		return err
	}
	for _, o := range []*contender{a, b} {
		if err := t.turn(o); err != nil {
			return fmt.Errorf("after a cancelled acquire: %w", err)
		}
	}
	return nil
}

// cancelsAcquireAtOnce: see atOnce.
func cancelsAcquireAtOnce(t *trial) error {
	_, b, err := t.held()
	if err != nil {
		return err
	}
	return t.atOnce(b.object, models.FAcquire)
}

// answersWhileItWaits: other lines are read while a call waits.
func answersWhileItWaits(t *trial) error {
	_, b, _, err := t.contended()
	if err != nil {
		return err
	}
	if err := t.settle(b.p); err != nil {
		return fmt.Errorf("while an acquire waits: %w", err)
	}
	return nil
}

// manyObjects is how many objects overlap.
const manyObjects = 20

// overlaps: one client's objects at different paths do not wait for each other.
func overlaps(t *trial) error {
	_, b, err := t.held()
	if err != nil {
		return err
	}
	blocked := t.begin("the second acquire", b.acquire)
	var all []*contender
	for i := range manyObjects {
		o, err := t.of(b.p, fmt.Sprintf("%s/many-%d", t.root, i))
		if err != nil {
			return err
		}
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
			if err := t.await(c); err != nil {
				return fmt.Errorf("%s of object %d of %d, all at once: %w", step.what, i+1, manyObjects, err)
			}
		}
	}
	if err := t.waits(blocked, heldByAnother); err != nil {
		return err
	}
	return t.cancelled(blocked)
}

// holdsUnicode: paths are Unicode text. (ZooKeeper accepts none beyond the basic plane.)
func holdsUnicode(t *trial) error {
	o, err := t.object(t.root + "/käse 锁 \"a\\b\"")
	if err != nil {
		return err
	}
	return t.turn(&contender{object: o})
}

// closesAndIsMadeAgain: a closed object can be made again at its path.
func closesAndIsMadeAgain(t *trial) error {
	o, err := t.contender()
	if err != nil {
		return err
	}
	if err := t.turn(o); err != nil {
		return err
	}
	if err := t.soon("close", o.Close); err != nil {
		return err
	}
	again, err := t.of(o.p, t.path())
	if err != nil {
		return err
	}
	return t.turn(&contender{object: again})
}

// tellsLoss: a client that was frozen for longer than its session timeout reports the loss
// when it resumes.
func tellsLoss(t *trial, a, b *contender) error {
	if !a.Offers(eventLost) {
		return errNotOffered
	}
	if err := t.acquire(a); err != nil {
		return err
	}
	held := a.latest()
	if err := a.p.Freeze(); err != nil {
		return err
	}
	if err := t.acquire(b); err != nil { // after the session has expired
		return fmt.Errorf("while the holder is stopped: %w", err)
	}
	if err := a.p.Thaw(); err != nil {
		return err
	}
	select {
	case <-held.lost:
	case <-time.After(t.Patience):
		return fmt.Errorf("the hold's session expired, but its loss was not reported within %s", t.Patience)
	}
	if b.latest().isLost() {
		return errors.New("the hold of the other client was reported as lost, but was not")
	}
	if err := errors.Join(t.holds(a, false), t.holds(b, true)); err != nil {
		return err
	}
	return t.release(b)
}

// diesHolding: what a killed client held goes to others, and the client can take its turn
// again after a restart.
func diesHolding(t *trial) error {
	a, b, err := t.held()
	if err != nil {
		return err
	}
	if err := a.p.Kill(); err != nil {
		return err
	}
	if err := t.turn(b); err != nil {
		return fmt.Errorf("after the holder was killed: %w", err)
	}
	if err := t.soon("restart", a.p.Restart); err != nil {
		return err
	}
	if err := t.turn(a); err != nil {
		return fmt.Errorf("after a restart: %w", err)
	}
	return nil
}

// givesBackAtQuit: a client that quits closes its session, so that no other client waits
// for it to expire.
func givesBackAtQuit(t *trial) error {
	a, b, next, err := t.contended()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := t.soon("quit", a.p.Close); err != nil {
		return err
	}
	if err := t.await(next); err != nil {
		return fmt.Errorf("after the holder quit: %w", err)
	}
	// A session that is not closed lives for at least two thirds of its timeout.
	if took := next.took(began); took > conformSession/2 {
		return fmt.Errorf("the holder quit, but the next client acquired only %s later: the session was not closed", took.Round(time.Millisecond))
	}
	return t.release(b)
}
