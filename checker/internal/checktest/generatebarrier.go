package checktest

import (
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// upDown is a change of a generated barrier: it goes up, or down, at a moment.
type upDown struct {
	Args
	at int
	up bool
}

// GenerateBarriers makes a history of one barrier that coordinators raise and lift, n times
// together, with waiters on servers that lag as far as their sessions allow it. A zxid is
// ten times its moment, and a little more for waiters, which also make transactions of
// their own.
func GenerateBarriers(rng *rand.Rand, how Kind, coordinators, n int) *history.History {
	const waiters = 2
	w := NewWorld(rng, Ours(models.Barrier.Name, history.Params{Clients: coordinators + waiters}), coordinators+waiters)
	changes := w.changeBarrier(n, coordinators)
	for _, x := range changes {
		if how == mutated && rng.IntN(6) == 0 && x.Ret >= 0 {
			x.Ret = x.Inv + rng.IntN(2)
		}
		w.Op(x.Args)
	}
	for c := coordinators; c < coordinators+waiters; c++ {
		t := w.UpTo(3)
		for range 1 + rng.IntN(3) {
			o, ok := w.await(changes, c, t, how)
			if !ok {
				break
			}
			w.Op(o)
			t = o.Ret + 1
		}
	}
	return w.Build()
}

// changeBarrier raises and lifts in turns, each by some coordinator. A call that is
// answered with an error may have its effect later, or never.
func (w *world) changeBarrier(n, coordinators int) []upDown {
	var changes []upDown
	t := 1
	for i := range n {
		c := w.rng.IntN(coordinators)
		t += 2 + w.UpTo(6)
		t = max(t, w.Free[c])
		x := upDown{at: t, up: i%2 == 0}
		x.Args = Args{Client: c, F: models.FLift, Key: "b", Inv: max(w.Free[c], t-w.UpTo(4)), Ret: t + w.UpTo(4), Outcome: history.OK, Session: w.session[c]}
		if x.up {
			x.F = models.FRaise
		}
		switch w.rng.IntN(12) {
		case 0:
			x.Outcome = history.Info
			x.Ret = x.Inv + w.UpTo(4)
		case 1:
			x.Ret = -1
			w.Free[c] = 1 << 20 // it never comes back
		}
		x.seen = history.ID(10*t + w.UpTo(3)*w.UpTo(5))
		if w.rng.IntN(3) == 0 {
			x.Zxid = history.ID(10 * t)
		}
		changes = append(changes, x)
		if w.Free[c] == 1<<20 {
			break
		}
		w.Free[c] = max(x.Ret, x.Inv) + 1
	}
	return changes
}

// await returns an await that passes because of a view of the barrier that is no older than what
// its session has seen. The bool is false if no such view lets it pass.
func (w *world) await(changes []upDown, c, t int, how Kind) (Args, bool) {
	inv := t + w.UpTo(8)
	alive := max(0, inv-w.UpTo(6))
	seen := 10*alive + w.UpTo(10*(inv-alive)) // of some moment since then
	view := seen/10 + min(1, seen%10) + w.UpTo(8)
	if how != random {
		for ; isUp(changes, view); view++ {
			if view > changes[len(changes)-1].at {
				return Args{}, false
			}
		}
	}
	ret := max(inv, view) + w.UpTo(3)
	if how == mutated {
		ret = inv + w.UpTo(ret-inv)
	}
	if how != Constructed {
		inv, ret = w.inside(changes, inv)
		alive = max(0, inv-w.UpTo(2))
		seen = 10*alive + w.UpTo(10*(inv-alive)+9)
	}
	o := Args{Client: c, F: models.FAwait, Key: "b", Inv: inv, Ret: ret, Outcome: history.OK, Session: w.session[c], Before: alive, sawThen: history.ID(seen)}
	switch w.rng.IntN(8) {
	case 0:
		w.reconnect(c)
	case 1:
		o.Before = 0 // the link knows of no request that a quorum answered
	case 2:
		o.sawThen = 0
	}
	return o, true
}

// inside returns the times of a call that is usually made and answered while the barrier is
// up.
func (w *world) inside(changes []upDown, inv int) (from, to int) {
	x := changes[2*w.rng.IntN((len(changes)+1)/2)]
	if x.at >= inv {
		inv = x.at + w.UpTo(4)
	}
	return inv, inv + w.UpTo(2)
}

// isUp reports whether the barrier is up right after the changes at a moment.
func isUp(changes []upDown, t int) bool {
	up := false
	for _, x := range changes {
		if x.at <= t {
			up = x.up
		}
	}
	return up
}
