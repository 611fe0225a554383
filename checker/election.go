package checker

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
)

// whoLeads says that an answer to "who leads?" names somebody who was a
// candidate, and not another one than every view shows that the answer can come
// from; and that, once the leadership has not changed for as long as a
// timed property allows, every answer names the leader. Stale and empty answers
// before that are right: they come from a server that lags.
var whoLeads = &property{
	name:     "who-leads",
	decider:  "candidacies, final list",
	evidence: sessionEvidence,
	applies:  func(a *analysis) bool { return !a.foreign && a.asksLeader() },
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		first := candidacies(k)
		leader := finalLeader(a, k)
		certain := coresOf(usable(&f, k.holds(a)))
		for _, op := range k.ops {
			if op.F != history.FLeader || op.Outcome() != history.OK {
				continue
			}
			v := history.Leader{Client: -1}
			a.decode(op.Return, &v)
			f.count("answers", 1)
			if since, ok := first[v.Client]; v.Client >= 0 && (!ok || since > op.Return.Time) {
				f.violated(events(op), "client %d was told at %s that client %d leads %s, which had never been a candidate by then",
					op.Client, at(op.Return.Time), v.Client, k.key)
			}
			if v.Client >= 0 {
				f.count("answers_named", 1)
			}
			decideView(&f, a, k, op, v.Client, certain)
			decideAnswer(&f, a, k, op, v.Client, leader)
		}
		return f
	},
	exercise: func(_ *analysis, figures map[string]float64) string {
		if figures["answers"] > 0 && figures["answers_named"] == 0 {
			return "no answer ever named a leader: a subject that cannot tell would have answered alike"
		}
		return ""
	},
}

// coresOf are the holds that certainly lasted for a time, in order.
func coresOf(holds []*hold) []*hold {
	return slices.DeleteFunc(slices.Clone(holds), func(h *hold) bool { return !h.core() })
}

// decideView compares an answer with what every view that its session could
// still be shown says: a term that certainly lasted from before the session's
// last sign of life until after the answer is in all of them.
func decideView(f *finding, a *analysis, k *keyRecord, op *history.Operation, said int, cores []*hold) {
	seen := a.view(op)
	i, _ := slices.BinarySearchFunc(cores, seen, func(h *hold, t time.Duration) int { return cmp.Compare(h.ao, t) })
	if i == 0 || cores[i-1].x <= op.Return.Time {
		return
	}
	f.count("answers_compared", 1)
	h := cores[i-1]
	if said == h.client {
		return
	}
	f.violated(append(h.shown(), events(op)...), "client %d was told at %s that %s, though client %d led %s %s, and its server had shown it everything up to %s",
		op.Client, at(op.Return.Time), leads(said), h.client, k.key, h.certain(), at(seen))
}

// leads is an answer in words.
func leads(client int) string {
	if client < 0 {
		return "nobody leads"
	}
	return "client " + itoa(client) + " leads"
}

func (a *analysis) asksLeader() bool {
	for _, k := range a.keys {
		for _, op := range k.ops {
			if op.F == history.FLeader {
				return true
			}
		}
	}
	return false
}

// candidacies is when each client first asked to lead.
func candidacies(k *keyRecord) map[int]time.Duration {
	first := map[int]time.Duration{}
	for _, op := range k.ops {
		if _, ok := first[op.Client]; op.F == history.FAcquire && !ok {
			first[op.Client] = op.Began()
		}
	}
	return first
}

// finalLeader is the hold of the lowest candidate in the final list; nil if
// that is not known.
func finalLeader(a *analysis, k *keyRecord) *hold {
	final, seen := k.final(a)
	if final == nil {
		return nil
	}
	lowest, ok := lowestOf(final.Contenders)
	s := a.sessions[lowest.Owner]
	if !ok || s == nil {
		return nil
	}
	for _, h := range k.holds(a) {
		if h.death.newest == s && h.ao <= seen.Time && h.idleFrom() >= seen.Time {
			return h
		}
	}
	return nil
}

// lowestOf is the contender with the lowest sequence number; false if a name
// carries none.
func lowestOf(cs []history.Contender) (history.Contender, bool) {
	var lowest history.Contender
	var least int32
	for i, c := range cs {
		n, ok := sequence(c.Name)
		if !ok {
			return history.Contender{}, false
		}
		if i == 0 || n < least {
			lowest, least = c, n
		}
	}
	return lowest, len(cs) > 0
}

// sequence is the number that ZooKeeper put at the end of a name: ten digits.
// Past 2^31-1 a minus sign precedes them; next to that point it cannot be told
// from a prefix that ends in one, so such names count as unreadable.
func sequence(name string) (int32, bool) {
	const digits = 10
	if len(name) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(name[len(name)-digits:], 10, 64)
	if err != nil || n > math.MaxInt32-1<<16 {
		return 0, false
	}
	return int32(n), true
}

// decideAnswer compares an answer with the leader at the end, if that one had
// led long enough when the question was put.
func decideAnswer(f *finding, a *analysis, k *keyRecord, op *history.Operation, said int, leader *hold) {
	if leader == nil || a.settled == never || said == leader.client {
		return
	}
	_, seen := k.final(a)
	since := span{max(a.settled, leader.ao), op.Began()}
	if op.Return.Time > seen.Time || !a.liveThroughout(op.Client, since) {
		return
	}
	if r := a.overdue(since, since.length()); r != Valid {
		f.overdue(r, append(events(op), append(leader.opened, seen.Index)...),
			"client %d was told at %s that %s, though client %d led %s from %s until the end, %s",
			op.Client, at(op.Return.Time), leads(said), leader.client, k.key, at(leader.ao), "after heal")
	}
}

// liveThroughout says that a client was connected all the time.
func (a *analysis) liveThroughout(client int, s span) bool {
	live := a.whileLive(client, s)
	return len(live) == 1 && live[0].from <= max(s.from, a.settled) && live[0].to >= min(s.to, a.end)
}

// states says that an ended term stays ended: nobody is told that it leads
// under the token of a term that it gave up, or that it lost together with its
// session. A term that was only in doubt may come back under its token: a latch
// can regain leadership without losing its znode.
var states = &property{
	name:     "states",
	decider:  "order of each candidate's answers",
	evidence: realTime,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		ends := termEnds(a, k, &f)
		for _, v := range k.statements(a) {
			op := v.op
			if op.F != history.FConfirm || !v.held {
				continue
			}
			end, ok := ends[term{op.Client, v.token}]
			if ok && v.token != 0 && end.at < op.Began() {
				f.violated(append(events(op), end.events...), "client %d said at %s that it leads %s%s, a term that had ended by %s",
					op.Client, at(op.Return.Time), k.key, withToken(v.token), at(end.at))
			}
		}
		return f
	},
}

type term struct {
	client int
	token  history.ID
}

type termEnd struct {
	at     time.Duration
	events []int
}

// termEnds is when each term was first known to be over.
func termEnds(a *analysis, k *keyRecord, f *finding) map[term]termEnd {
	ends := map[term]termEnd{}
	for _, h := range k.holds(a) {
		f.count("terms", 1)
		over, event := h.over()
		if over == never {
			continue
		}
		id := term{h.client, h.token}
		if old, ok := ends[id]; !ok || over < old.at {
			ends[id] = termEnd{over, append(slices.Clone(h.opened), event...)}
		}
	}
	return ends
}

// over is when a term was over for good, with the events that say so.
func (h *hold) over() (time.Duration, []int) {
	over, events := h.released, h.releasedEvents
	s := h.death.newest
	if h.lost && s != nil && h.dead() != never {
		if t := max(h.dead(), min(h.lostAt, h.denied)); t < over {
			over, events = t, []int{h.lostEvent, s.toldEvent, s.dhiEvent}
		}
	}
	return over, events
}
