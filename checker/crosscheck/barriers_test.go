package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// earlyAnswers tells whether every await that passed can have seen the barrier down.
// What an await saw is a state that is not older than the last sign of life before its
// call, nor than what its session had been shown then.
func earlyAnswers(h record) answers {
	early := valid
	for _, key := range keysOf(h.ops) {
		var calls []call
		for _, c := range callsOf(h.ops) {
			switch {
			case c.op.key != key || c.op.f == models.FAwait && c.op.out != ok:
				continue
			case c.op.f == models.FAwait:
				c.inv = c.op.with.alive[0]
			}
			calls = append(calls, c)
		}
		if !explainable(seenBefore(calls), "down", barrierStep) {
			early = violation
		}
	}
	return answers{"early": early}
}

func barrierStep(state string, o op) []string {
	switch {
	case o.f == models.FRaise:
		return []string{"up"}
	case o.f == models.FLift:
		return []string{"down"}
	case state == "down":
		return []string{state}
	}
	return nil
}

// seenBefore puts a raise before an await if the await's session had seen the raise's
// zxid.
func seenBefore(calls []call) []call {
	for i := range calls {
		for j, raise := range calls {
			o := calls[i].op
			if o.f == models.FAwait && raise.op.f == models.FRaise && raise.op.out == ok && raise.op.with.zxid != 0 && raise.op.with.zxid <= o.with.seen[0] {
				calls[i].after = append(calls[i].after, j)
			}
		}
	}
	return calls
}

// barriers generates rounds of a barrier, with one coordinator or two, and with waiters
// that may have written something before they wait.
func barriers(coordinators int) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: models.Barrier.Name, order: r.Uint64(), ops: calls(r, 3+r.IntN(5), coordinators+1)}
		for i := range h.ops {
			o := &h.ops[i]
			o.key, o.f = "k", models.FAwait
			if o.client < coordinators {
				o.f = pick(r, models.FRaise, models.FLift)
			}
			o.with.session = int64(0x10 + o.client)
			o.with.owner = o.with.session
			o.with.alive = [2]int64{o.inv, o.ret}
			if chance(r, 4) {
				o.with.alive[0] = max(0, o.inv-int64(r.IntN(6)))
			}
		}
		if chance(r, 2) {
			zxids(r, h.ops)
		}
		if chance(r, 2) {
			passRightly(r, h.ops)
		}
		h.tidy(r)
		return h
	}
}

// zxids numbers the changes in a possible order, and lets sessions see some of them.
func zxids(r *rand.Rand, ops []op) {
	zxid := int64(1)
	for _, m := range moments(r, ops) {
		o := &ops[m.op]
		if zxid++; o.f != models.FAwait {
			o.with.zxid = zxid
		}
		for i := range ops {
			p := &ops[i]
			for e, at := range []int64{p.inv, p.ret} {
				if at > m.at && (p.client == o.client || chance(r, 2)) {
					p.with.seen[e] = zxid
				}
			}
		}
	}
}

// passRightly lets only those waiters pass that can.
func passRightly(r *rand.Rand, ops []op) {
	up := false
	for _, m := range moments(r, ops) {
		o := &ops[m.op]
		switch {
		case o.f == models.FRaise:
			up = true
		case o.f == models.FLift:
			up = false
		case up && o.out == ok && !chance(r, 8):
			o.out = pick(r, fail, info)
		}
	}
}

// roundAnswers answers for a round of a double barrier: the two promises in the words
// of docs/recipes.
func roundAnswers(h record) answers {
	all := answers{"enter": valid, "leave": valid}
	for _, key := range keysOf(h.ops) {
		members := membersOf(h, key)
		passed := passedBy(members, h.parties)
		for _, m := range members {
			if m.lo > m.hi {
				return answers{}
			}
			if m.enter.out == ok && !enough(members, m, h.parties) {
				all["enter"] = violation
			}
			if m.left != nil && m.left.out == ok && !alone(members, m, passed) {
				all["leave"] = violation
			}
		}
	}
	if all["enter"] == violation {
		all["leave"] = unknown // anything follows from an impossible record
	}
	return all
}

type member struct {
	enter  op
	left   *op // its leave, if it asked for one
	lo, hi int64
}

func membersOf(h record, key string) []member {
	var all []member
	for i, o := range h.ops {
		if o.key != key || o.f != models.FEnter {
			continue
		}
		m := member{enter: o}
		m.lo, m.hi = deaths(h, o.with.owner)
		for _, p := range h.ops[i+1:] {
			if p.client == o.client && p.key == key && p.f == models.FLeave {
				m.left = &p
				break
			}
		}
		all = append(all, m)
	}
	return all
}

// possibly reports whether the member can have been present at a time.
func (m member) possibly(at int64) bool {
	return m.enter.inv <= at && at <= m.until()
}

// until returns the latest time at which the member can have been present.
func (m member) until() int64 {
	end := m.hi
	if m.enter.out == fail {
		end = min(end, m.enter.ret)
	}
	if m.left != nil && m.left.out == ok {
		end = min(end, m.left.ret)
	}
	return end
}

// passedBy returns the time by which all members were in: one had passed and, if the
// round has no more members than it needs, none was gone yet.
func passedBy(members []member, parties int) int64 {
	passed := int64(never)
	for _, m := range members {
		if m.enter.out == ok {
			passed = min(passed, m.enter.ret)
		}
	}
	for _, m := range members {
		if passed < never && len(members) == parties {
			passed = min(passed, m.until())
		}
	}
	return passed
}

// certainly reports whether the member was certainly present at a time: some member had
// passed, so all were in, and this one had neither asked to leave nor given up, and was
// alive.
func (m member) certainly(at, passed int64) bool {
	end := m.lo
	if m.left != nil && m.left.out != fail {
		end = min(end, m.left.inv)
	}
	return (m.enter.out == ok || m.enter.out == open) && passed < at && at < end
}

func enough(members []member, m member, parties int) bool {
	for _, at := range edges(members, m.enter) {
		n := 0
		for _, other := range members {
			if other.possibly(at) {
				n++
			}
		}
		if n >= parties && m.possibly(at) {
			return true
		}
	}
	return false
}

func alone(members []member, m member, passed int64) bool {
	for _, at := range edges(members, *m.left) {
		others := false
		for _, other := range members {
			others = others || other.enter != m.enter && other.certainly(at, passed)
		}
		if !others {
			return true
		}
	}
	return false
}

// edges returns the moments of a call at which something may change.
func edges(members []member, o op) []int64 {
	all := []int64{o.inv, o.ret}
	for _, m := range members {
		for _, at := range []int64{m.enter.inv, m.enter.ret, m.lo, m.hi} {
			if o.inv <= at && at <= o.ret {
				all = append(all, at)
			}
		}
		if m.left != nil {
			for _, at := range []int64{m.left.inv, m.left.ret} {
				if o.inv <= at && at <= o.ret {
					all = append(all, at)
				}
			}
		}
	}
	return all
}

// rounds generates one round or two: members come, perhaps pass, perhaps leave,
// and some of their sessions end.
func rounds(r *rand.Rand) record {
	h := record{model: models.DoubleBarrier.Name, order: r.Uint64(), parties: 2 + r.IntN(2)}
	gap := func() int64 { return int64(max(0, r.IntN(5)-1)) }
	free := map[int]int64{}
	for round := range 1 + r.IntN(2) {
		key := fmt.Sprint("k", round)
		n := h.parties - r.IntN(2)
		began := make([]int64, n)
		var all int64
		for c := range n {
			began[c] = free[c] + gap()
			all = max(all, began[c]+gap())
		}
		var asked []int64
		for c := range n {
			ret := all + gap()
			if chance(r, 5) {
				ret = began[c] + gap()
			}
			h.member(c, models.FEnter, key, began[c], ret, pick(r, ok, ok, ok, ok, info, fail, open))
			asked = append(asked, ret+gap())
		}
		var out int64
		for _, at := range asked {
			out = max(out, at)
		}
		for c := range n {
			ret := out + gap()
			if chance(r, 5) {
				ret = asked[c] + gap()
			}
			if !chance(r, 8) {
				h.member(c, models.FLeave, key, asked[c], ret, pick(r, ok, ok, ok, ok, info, fail, open))
				free[c] = ret
			}
			free[c] = max(free[c], asked[c])
		}
	}
	h.signs(r)
	h.tidy(r)
	return h
}

func (h *record) member(c int, f, key string, inv, ret int64, out outcome) {
	session := int64(0x10 + c)
	h.ops = append(h.ops, op{client: c, f: f, key: key, inv: inv, ret: ret, out: out, with: evidence{session: session, owner: session}})
}

// signs lets sessions live for some time, and perhaps end for certain.
func (h *record) signs(r *rand.Rand) {
	for c := range 3 {
		dies := int64(never)
		if chance(r, 3) {
			dies = int64(r.IntN(20))
			if chance(r, 2) {
				h.facts = append(h.facts, fact{at: dies + int64(r.IntN(3)), of: history.SessionProcess, client: c, session: int64(0x10 + c), f: history.FDead, value: history.Dead{By: "close-reply"}})
			}
		}
		for i := range h.ops {
			if o := &h.ops[i]; o.client == c && !chance(r, 4) {
				o.with.alive = [2]int64{min(o.inv, dies), min(o.ret, dies)}
			}
		}
	}
}

func TestBarriers(t *testing.T) {
	own{name: "barrier", generate: barriers(1), ours: earlyAnswers}.compare(t)
	own{name: "barrier with coordinators", generate: barriers(2), ours: earlyAnswers}.compare(t)
	own{name: "double-barrier", generate: rounds, ours: roundAnswers}.compare(t)
}
