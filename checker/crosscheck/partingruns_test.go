package crosscheck

import (
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// quarter is the unit of time of these histories: a second is a few quarters.
const quarter = grace / 4

// leaving is a way in which a session ends, or seems to end.
type leaving int

const (
	givesUp leaving = iota
	givesUpTwice
	isTold
	isToldLater
	isToldAtLast // and opens no other session
	comesBack
	exits
	hasTwo
)

// partings generates holds of clients that lose their sessions, and of others that wait for these
// holds.
func partings(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64()}
		h.facts = append(h.facts, fact{of: history.Nemesis, client: -1, f: history.FOffers, value: history.Offers{Fencing: true, TellsLost: true}})
		s := &parting{holding: newHolding(&h, r), told: make([]int64, 3)}
		for c := range s.told {
			s.session[c] = int64(c+1) << 4
			s.link(c, history.FConnected, s.session[c], 0)
			s.free[c] = 2
		}
		keys := pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"})
		if model == models.Semaphore.Name {
			h.leases = 1 + r.IntN(3)
		}
		for range 1 + r.IntN(3) + max(0, h.leases-1) {
			key := pick(r, keys...)
			s.divides()
			if chance(r, 3) {
				s.stays(key)
				continue
			}
			s.loses(key)
		}
		s.divides()
		s.stays("k")
		for range r.IntN(3) {
			s.mutate()
		}
		h.inOrder()
		h.place(quarter, pick[int64](r, 0, 0, 1, 1e9, 1<<60))
		return h
	}
}

type parting struct {
	*holding
	told  []int64 // when the links last told something about each client
	fault int
}

// link records a fact about a session, at a time that no other fact has.
func (s *parting) link(c int, f string, session, at int64) int64 {
	at = max(at, s.told[c]+1)
	s.told[c] = at
	one := fact{at: at, of: history.SessionProcess, client: c, session: session, f: f}
	switch f {
	case history.FConnected:
		one.value = history.Connected{Server: "a:1", Timeout: 4e9}
	case history.FExited:
		one.value, one.session = history.Exited{By: history.ByCrash}, 0
	case history.FStarted:
		one.session = 0
	}
	s.facts = append(s.facts, one)
	return at
}

// stays adds a hold of one session that lasts.
func (s *parting) stays(key string) {
	c := s.r.IntN(len(s.told))
	s.tidies(c, key)
	began := s.free[c] + s.gap()
	granted := max(began, s.from(key)) + s.gap()
	s.acquire(c, key, began, granted+s.gap())
	for range s.r.IntN(3) {
		s.says(c, key, s.free[c]+1+s.r.Int64N(5), true)
	}
	s.until(key, s.free[c])
	if !chance(s.r, 4) {
		s.releases(c, key, s.free[c]+s.r.Int64N(6), true)
	}
}

// tidies gives back, in most cases, what a client still has: otherwise it could not be
// granted it again.
func (s *parting) tidies(c int, key string) {
	holds := int64(0)
	for _, o := range s.ops {
		switch {
		case o.client != c || o.key != key:
		case o.f == models.FAcquire:
			holds = field(o.res, "token")
		case o.f == models.FRelease && o.out != fail:
			holds = 0
		}
	}
	if holds != 0 && !chance(s.r, 10) {
		at := s.free[c] + s.gap()
		s.add(op{client: c, f: models.FRelease, key: key, arg: held(!chance(s.r, 4), holds), inv: at, ret: at + s.gap(), out: ok}, s.session[c], never)
	}
}

// acquire adds an acquire that is granted in the session that its client has now, even if it
// was called in another.
func (s *parting) acquire(c int, key string, inv, ret int64) {
	s.token += 1 + s.r.Int64N(2)
	if chance(s.r, 15) && s.token > 3 {
		s.token -= 2
	}
	one := op{client: c, f: models.FAcquire, key: key, inv: inv, ret: ret, out: ok, res: s.grants()}
	if s.model == models.MultiLock.Name || s.model == models.Partitioner.Name {
		one.arg = s.asks()
	}
	s.add(one, s.session[c], never)
}

func (s *parting) says(c int, key string, at int64, yes bool) {
	at = max(at, s.free[c])
	s.add(op{client: c, f: models.FConfirm, key: key, inv: at, ret: at + s.gap(), out: ok, res: held(yes, s.token)}, s.session[c], never)
	s.meanwhile()
}

func (s *parting) releases(c int, key string, at int64, yes bool) {
	at = max(at, s.free[c])
	s.add(op{client: c, f: models.FRelease, key: key, arg: held(yes, s.token), inv: at, ret: at + s.gap(), out: pick(s.r, ok, ok, ok, ok, info, fail)}, s.session[c], never)
	s.until(key, max(s.from(key), at))
	s.meanwhile()
}

// meanwhile makes the client of the last call lose its session during the call, now and
// then.
func (s *parting) meanwhile() {
	if !chance(s.r, 10) {
		return
	}
	o := &s.ops[len(s.ops)-1]
	how := pick(s.r, givesUp, givesUp, givesUpTwice, isTold, isToldLater, comesBack, hasTwo, exits)
	left, opened, _ := s.leaves(o.client, how, o.inv+s.gap())
	if how == exits {
		o.out, o.ret, s.free[o.client] = info, left, opened
		return
	}
	o.ret = max(o.ret, opened+s.gap())
	o.with.owner, s.free[o.client] = s.session[o.client], o.ret
}

// loses adds a hold whose client loses its session while it asks, or while it holds.
func (s *parting) loses(key string) {
	c := s.r.IntN(len(s.told))
	s.tidies(c, key)
	old := s.session[c]
	began := s.free[c] + s.gap()
	how := pick(s.r, givesUp, givesUp, givesUp, givesUpTwice, isTold, isTold, isToldLater, isToldAtLast, comesBack, exits, hasTwo)
	whole := chance(s.r, 4)
	if whole {
		s.acquire(c, key, began, began+s.gap())
	}
	left, opened, knows := s.leaves(c, how, max(began, s.free[c])+s.gap())
	if how == exits && !chance(s.r, 4) {
		s.until(key, left)
		s.free[c] = max(s.free[c], opened)
		return // the client that asked is gone
	}
	if !whole {
		s.acquire(c, key, began, opened+s.gap())
		a := &s.ops[len(s.ops)-1].with
		a.session, a.alive[0] = old, min(a.alive[0], began)
	}
	s.until(key, left+s.gap())
	s.holdsOn(c, key, knows)
}

// leaves records how a session ends. It returns when the client left it, when the next session
// was open, and when the client knew that the old one is over.
func (s *parting) leaves(c int, how leaving, at int64) (left, opened, knows int64) {
	old := s.session[c]
	next := old + 1
	if how == hasTwo {
		opened = s.link(c, history.FConnected, next, at)
		left = s.link(c, history.FDisconnected, old, opened+s.gap())
		s.session[c] = next
		return left, opened, left
	}
	left = s.link(c, history.FDisconnected, old, at)
	if how == isToldAtLast {
		knows = s.link(c, history.FExpired, old, left+s.gap())
		return left, knows, knows
	}
	switch how {
	case isTold:
		s.link(c, history.FExpired, old, left+s.gap())
	case exits:
		s.link(c, history.FExited, 0, left+s.gap())
		s.link(c, history.FStarted, 0, 0)
	}
	opened = s.link(c, history.FConnected, next, left+s.gap())
	knows = opened
	s.session[c] = next
	switch how {
	case isToldLater:
		knows = s.link(c, history.FExpired, old, opened+s.gap())
	case comesBack:
		knows = s.link(c, history.FConnected, old, opened+s.gap())
	case givesUpTwice:
		s.link(c, history.FDisconnected, next, opened+s.gap())
		knows = s.link(c, history.FConnected, next+1, s.told[c]+s.gap())
		s.session[c] = next + 1
		opened = knows // a call that returned in the session in between would be recorded with that session
	}
	return left, opened, knows
}

// holdsOn plays a client that knows that its session is over, about a second later.
func (s *parting) holdsOn(c int, key string, knows int64) {
	if chance(s.r, 2) {
		s.hinder(pick(s.r, c, c, c, (c+1)%len(s.told)), knows+s.gap()-1)
	}
	for range s.r.IntN(4) {
		s.says(c, key, knows+2+s.r.Int64N(7), !chance(s.r, 20))
	}
	if chance(s.r, 8) {
		s.says(c, key, knows+2+s.r.Int64N(7), false)
	}
	if chance(s.r, 3) {
		at := knows + 2 + s.r.Int64N(5)
		if !chance(s.r, 8) {
			at = max(at, s.free[c]+1) // a client that has lost its hold does not claim it
		}
		s.facts = append(s.facts, fact{
			at: at, of: history.SessionProcess, client: c, session: s.session[c],
			f: history.FLost, key: key, value: history.LostHold{Token: history.ID(s.token)},
		})
	}
	switch s.r.IntN(4) {
	case 0:
		s.releases(c, key, knows+s.r.Int64N(8), !chance(s.r, 4))
	case 1:
		s.until(key, s.free[c])
	}
	if chance(s.r, 8) {
		old := s.session[c]
		s.facts = append(s.facts, fact{
			at: s.free[c] + s.gap(), of: history.SessionProcess, client: c, session: old, f: history.FDead, value: history.Dead{By: "close-reply"},
		})
		_, s.free[c], _ = s.leaves(c, isTold, s.free[c])
	}
}

// hinder stops a client, or holds up its link.
func (s *parting) hinder(c int, from int64) {
	s.fault++
	kind := pick(s.r, "freeze", "freeze", "slow-link", "stall-link")
	to := from + 1 + s.r.Int64N(4)
	traits := history.FaultTraits{Absent: true}
	if kind == "freeze" {
		traits.Sessions = history.EndIfOutlasted
	}
	for i, step := range []string{history.StepInject, history.StepVerified, history.StepHeal, history.StepHealed} {
		at := from
		if i > 1 {
			at = to
		}
		s.facts = append(s.facts, fact{
			at: max(0, at), of: history.Nemesis, client: -1, f: kind,
			value: history.FaultStep{Fault: s.fault, Step: step, Spec: kind, Clients: []int{c}, Traits: traits},
		})
	}
}
