package ownobjects

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// lease is an ephemeral znode: its session holds the lease until the session ends. A wrong one is
// granted to every client that asks.
type lease struct {
	*seat
	wrong bool
	done  func() // ends the session of the lease that the client took last; nil if it took none
}

var errTaken = errors.New("taken")

func (l *lease) Take(context.Context) error {
	if l.done != nil {
		l.done()
	}
	now, done, err := l.session()
	if err != nil {
		return err
	}
	l.done = done
	_, err = now.Conn.Create(l.path+"/holder", nil, zk.FlagEphemeral, everyone)
	if errors.Is(err, zk.ErrNodeExists) {
		if err = errTaken; l.wrong {
			err = nil
		}
	}
	return err
}

// Try is like Take, but returns false instead of a refusal.
func (l *lease) Try(ctx context.Context) (bool, error) {
	err := l.Take(ctx)
	if errors.Is(err, errTaken) {
		return false, nil
	}
	return err == nil, err
}

func newLease(life Life, wrong bool) func(*subjects.Client, string) (*lease, error) {
	return seated(life, "", func(s *seat) *lease { return &lease{seat: s, wrong: wrong} })
}

// freed returns the holder of a lease after the end of who's session.
func freed(holder, who object.Caller) object.Caller {
	if holder == who {
		return object.Nobody
	}
	return holder
}

// leases declares leases with a sequential specification in which sessions end.
func leases(life Life, wrong bool) Declared {
	take := object.Do("take", (*lease).Take).Refuses(errTaken)
	spec := object.Sequential(object.Nobody, object.RunsBy(take, func(holder, who object.Caller, _ object.None) (object.Caller, object.None, error) {
		if holder != object.Nobody {
			return holder, object.None{}, errTaken
		}
		return who, object.None{}, nil
	})).SessionEnds(freed)
	return object.Object[*lease]{
		Name: "own-lease", New: newLease(life, wrong), Operations: []object.Operation[*lease]{take}, Rules: []object.Rule{spec},
	}
}

// triedLeases declares leases whose try may answer false although the lease is free.
func triedLeases(life Life, wrong bool) Declared {
	try := object.Ask("try", (*lease).Try)
	spec := object.Sequential(object.Nobody, object.AllowsBy(try, func(holder, who object.Caller, _ object.None, got bool) (object.Caller, error) {
		switch {
		case !got:
			return holder, nil
		case holder != object.Nobody:
			return holder, fmt.Errorf("client %d got the lease, which client %d had", who.Client, holder.Client)
		}
		return who, nil
	}, func(holder, who object.Caller, _ object.None) []object.Caller {
		if holder != object.Nobody {
			return []object.Caller{holder}
		}
		return []object.Caller{holder, who}
	})).SessionEnds(freed)
	return object.Object[*lease]{
		Name: "own-tried-lease", New: newLease(life, wrong), Operations: []object.Operation[*lease]{try}, Rules: []object.Rule{spec},
	}
}

// gate lets one client in at a time. A wrong gate makes a mistake.
type gate struct {
	*seat
	mistake mistake

	of    *subjects.Client // whose lock it is
	lock  held             // nil before the first
	done  func()           // ends the session of the hold
	depth int              // how often the client is inside
	count int64            // its holds
}

// held has all methods of zklab's own lock.
type held interface {
	subjects.Lock
	subjects.Holder
	subjects.Owner
	subjects.Fencer
}

// mistake names the defect of a wrong gate.
type mistake string

const (
	none      mistake = ""
	impatient mistake = "impatient" // it lets every client in that has waited for a while
	shallow   mistake = "shallow"   // one leave puts a client outside, however often it entered
	forgetful mistake = "forgetful" // it does not notice that its session ended
	counting  mistake = "counting"  // its tokens count the holds of one client
)

func newGate(life Life, m mistake, wrong bool) func(*subjects.Client, string) (*gate, error) {
	if !wrong {
		m = none
	}
	return seated(life, "", func(s *seat) *gate { return &gate{seat: s, mistake: m} })
}

// patience is how long a try waits. An impatient gate waits half as long.
const patience = 30 * time.Millisecond

var errOutside = errors.New("not inside")

// Session returns the session that has the hold, or 0.
func (g *gate) Session() int64 {
	if g.depth == 0 || g.lock == nil {
		return 0
	}
	return g.lock.Session()
}

func (g *gate) lost() bool {
	if g.lock == nil {
		return false
	}
	select {
	case <-g.lock.Lost():
		return true
	default:
		return false
	}
}

// Enter waits until the client is inside. A client that is already inside enters once more.
func (g *gate) Enter(ctx context.Context) (err error) {
	if g.depth > 0 && !g.lost() {
		g.depth++
		return nil
	}
	if g.depth > 0 {
		_ = g.leave(ctx)
	}
	now, done, err := g.session()
	if err != nil {
		return err
	}
	if g.of != now {
		l, err := subjects.NewLock(now, g.path)
		if err != nil {
			done()
			return err
		}
		g.of, g.lock = now, l.(held)
	}
	wait, cancel := ctx, func() {}
	if g.mistake == impatient {
		wait, cancel = context.WithTimeout(ctx, patience/2)
	}
	defer cancel()
	err = g.lock.Lock(wait)
	if err != nil && g.mistake == impatient && ctx.Err() == nil {
		g.of, g.lock, err = nil, nil, nil
	}
	if err != nil {
		done()
		return err
	}
	g.done, g.depth, g.count = done, 1, g.count+1
	return nil
}

// Try is like Enter, but waits only for patience, and returns false if the gate is still taken.
func (g *gate) Try(ctx context.Context) (bool, error) {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := g.Enter(wait)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// Leave undoes one Enter.
func (g *gate) Leave(ctx context.Context) error {
	if g.depth == 0 {
		return subjects.WithoutEffect(errOutside)
	}
	if g.depth > 1 && g.mistake == shallow {
		g.depth--
		return g.lock.Unlock(ctx)
	}
	if g.depth > 1 && !g.lost() {
		g.depth--
		return nil
	}
	return g.leave(ctx)
}

// leave undoes every Enter.
func (g *gate) leave(ctx context.Context) (err error) {
	if g.depth = 0; g.lock != nil {
		err = g.lock.Unlock(ctx)
	}
	g.done()
	return err
}

// Inside reports whether the client is inside.
func (g *gate) Inside(context.Context) (bool, error) {
	return g.depth > 0 && (g.mistake == forgetful || !g.lost()), nil
}

// Count enters, and returns the token.
func (g *gate) Count(ctx context.Context) (int64, error) {
	err := g.Enter(ctx)
	switch {
	case err != nil:
		return 0, err
	case g.mistake == counting:
		return g.count, nil
	}
	return g.lock.Fence(), nil
}

// gates declares gates as exclusive.
func gates(life Life, wrong bool) Declared {
	enter, leave := object.Do("enter", (*gate).Enter), object.Do("leave", (*gate).Leave)
	return object.Object[*gate]{
		Name: "own-gate", New: newGate(life, impatient, wrong), Operations: []object.Operation[*gate]{enter, leave},
		Rules: []object.Rule{object.Exclusive(enter, leave)},
	}
}

// nestedGates declares gates that a client inside can enter again.
func nestedGates(life Life, wrong bool) Declared {
	enter, leave := object.Do("enter", (*gate).Enter), object.Do("leave", (*gate).Leave)
	return object.Object[*gate]{
		Name: "own-nested-gate", New: newGate(life, shallow, wrong), Operations: []object.Operation[*gate]{enter, leave},
		Rules: []object.Rule{object.Exclusive(enter, leave).Nested()},
	}
}

// askedGates declares gates that report whether their client is inside.
func askedGates(life Life, wrong bool) Declared {
	enter, leave := object.Do("enter", (*gate).Enter), object.Do("leave", (*gate).Leave)
	inside := object.Ask("inside", (*gate).Inside).ReadOnly().Weight(6)
	return object.Object[*gate]{
		Name: "own-asked-gate", New: newGate(life, forgetful, wrong), Operations: []object.Operation[*gate]{enter, leave, inside},
		Rules: []object.Rule{object.Exclusive(enter, leave).Confirm(inside)},
	}
}

// countedGates declares gates with tokens.
func countedGates(life Life, wrong bool) Declared {
	enter, leave := object.Ask("enter", (*gate).Count), object.Do("leave", (*gate).Leave)
	return object.Object[*gate]{
		Name: "own-counted-gate", New: newGate(life, counting, wrong), Operations: []object.Operation[*gate]{enter, leave},
		Rules: []object.Rule{object.Exclusive(enter, leave).Token(func(token int64) int64 { return token })},
	}
}

// triedGates declares gates as try-locks.
func triedGates(life Life, wrong bool) Declared {
	enter, leave := object.Ask("enter", (*gate).Try), object.Do("leave", (*gate).Leave)
	return object.Object[*gate]{
		Name: "own-tried-gate", New: newGate(life, impatient, wrong), Operations: []object.Operation[*gate]{enter, leave},
		Rules: []object.Rule{object.Exclusive(enter, leave)},
	}
}

// desk is a semaphore with two leases. A wrong desk has three.
type desk struct {
	*seat
	wrong bool

	of    *subjects.Client // whose semaphore it is
	lease subjects.Semaphore
	done  func() // ends the session of the lease; nil: there is none
}

const desks = 2

// Sit waits for a lease.
func (d *desk) Sit(ctx context.Context) error {
	if d.done != nil { // its session ended
		_ = d.Rise(ctx)
	}
	now, done, err := d.session()
	if err != nil {
		return err
	}
	if d.of != now {
		n := desks
		if d.wrong {
			n++
		}
		s, err := subjects.NewSemaphore(now, d.path, n)
		if err != nil {
			done()
			return err
		}
		d.of, d.lease = now, s
	}
	if err = d.lease.Acquire(ctx); err != nil {
		done()
		return err
	}
	d.done = done
	return nil
}

// Session returns the session that has the lease, or 0.
func (d *desk) Session() int64 {
	if o, ok := d.lease.(subjects.Owner); ok {
		return o.Session()
	}
	return 0
}

// Rise gives the lease back.
func (d *desk) Rise(ctx context.Context) error {
	if d.done == nil {
		return subjects.WithoutEffect(errOutside)
	}
	err := d.lease.Release(ctx)
	d.done()
	d.done = nil
	return err
}

// offices declares desks, which admit two clients at a time.
func offices(life Life, wrong bool) Declared {
	sit, rise := object.Do("sit", (*desk).Sit), object.Do("rise", (*desk).Rise)
	return object.Object[*desk]{
		Name: "own-desks", Operations: []object.Operation[*desk]{sit, rise}, Rules: []object.Rule{object.Exclusive(sit, rise).AtMost(desks)},
		New: seated(life, "", func(s *seat) *desk { return &desk{seat: s, wrong: wrong} }),
	}
}
