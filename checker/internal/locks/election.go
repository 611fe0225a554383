package locks

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// whoLeads requires that an answer to "who leads?" names a client that was a candidate. If every
// view that the answer can come from shows the same leader, the answer must not name another one.
// And once the leadership has not changed for as long as a timed property allows, every answer
// names the leader. Before that, stale and empty answers are correct: they come from a server that
// lags.
var whoLeads = &frame.Property{
	Name:     "who-leads",
	NoModel:  frame.Given,
	Meaning:  "answers to the question which client leads were true",
	Decider:  "candidacies, final list",
	Evidence: frame.FromSessions,
	Applies:  func(a *evidence.Record) bool { return frame.IsOwn(a) && asksLeader(a) },
	Wants: func(a *evidence.Record) string {
		return "no client asked who leads: " + a.Object.Subject() + " has no Leader, or the load ended before"
	},
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		first := candidacies(k)
		leader := finalLeader(k)
		certain := coresOf(usable(&f, holdsOf(k)))
		for _, op := range k.Ops() {
			if op.F != models.FLeader || op.Outcome() != history.OK {
				continue
			}
			v := models.Leader{Client: -1}
			k.Decode(op.Return, &v)
			f.Count("answers", 1)
			if since, ok := first[v.Client]; v.Client >= 0 && (!ok || since > op.Return.Time) {
				f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that client %d leads %s, but that client had never been a candidate by then",
					op.Client, words.At(op.Return.Time), v.Client, k.Name)
			}
			if v.Client >= 0 {
				f.CountCall(k.Record, "answers_named", op)
			}
			decideView(&f, k, op, v.Client, certain)
			decideAnswer(&f, k, op, v.Client, leader)
		}
		return f
	},
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		if figures["answers_named"] == 0 {
			return "no answer ever named a leader: a subject that cannot tell would have answered the same"
		}
		return ""
	},
}

// coresOf returns the holds that certainly lasted for a time, in order.
func coresOf(holds []*hold) []*hold {
	return slices.DeleteFunc(slices.Clone(holds), func(h *hold) bool { return !h.core() })
}

// decideView compares an answer with all views that its session could still be shown: a
// term that certainly lasted from before the session's last sign of life until after
// the answer is in all of them.
func decideView(f *frame.Finding, k *evidence.Key, op *history.Operation, said int, cores []*hold) {
	seen := k.View(op)
	i, _ := slices.BinarySearchFunc(cores, seen, func(h *hold, t time.Duration) int { return cmp.Compare(h.Granted, t) })
	if i == 0 || cores[i-1].x <= op.Return.Time {
		return
	}
	f.CountCall(k.Record, "answers_compared", op)
	h := cores[i-1]
	if said == h.Client {
		return
	}
	f.Violated(append(h.shown(), evidence.EventsOf(op)...), "client %d got the answer at %s that %s, though client %d led %s %s, and its server had shown it everything up to %s",
		op.Client, words.At(op.Return.Time), leads(said), h.Client, k.Name, h.certain(), words.At(seen))
}

// leads returns an answer in words.
func leads(client int) string {
	if client < 0 {
		return "no client leads"
	}
	return "client " + words.Number(client) + " leads"
}

func asksLeader(a *evidence.Record) bool {
	for _, k := range a.Keys {
		for _, op := range k.Ops() {
			if op.F == models.FLeader {
				return true
			}
		}
	}
	return false
}

// candidacies returns when each client first asked to lead.
func candidacies(k *evidence.Key) map[int]time.Duration {
	first := map[int]time.Duration{}
	for _, op := range k.Ops() {
		if _, ok := first[op.Client]; op.F == models.FAcquire && !ok {
			first[op.Client] = op.Began()
		}
	}
	return first
}

// finalLeader returns the hold of the lowest candidate in the final list, or nil if it
// is not known which hold that is, or whether the hold is in the candidate's session.
func finalLeader(k *evidence.Key) *hold {
	final, seen := final(k)
	if final == nil {
		return nil
	}
	lowest, ok := lowestOf(final.Contenders)
	s := k.Session(lowest.Owner)
	if !ok || s == nil {
		return nil
	}
	for _, h := range holdsOf(k) {
		if len(h.death.Owners) == 1 && h.death.Newest == s && h.Granted <= seen.Time && h.idleFrom() >= seen.Time {
			return h
		}
	}
	return nil
}

// lowestOf returns the contender with the lowest sequence number; false if a name
// carries none.
func lowestOf(cs []models.Contender) (models.Contender, bool) {
	var lowest models.Contender
	var least int32
	for i, c := range cs {
		n, ok := sequence(c.Name)
		if !ok {
			return models.Contender{}, false
		}
		if i == 0 || n < least {
			lowest, least = c, n
		}
	}
	return lowest, len(cs) > 0
}

// sequence returns the number that ZooKeeper put at the end of a name: ten digits. Past
// 2^31-1 a minus sign precedes them. It cannot be distinguished from a hyphen at the
// end of the prefix, so names with numbers near that limit count as unreadable.
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

// decideAnswer compares an answer with the leader at the end, if that client had led
// long enough when it was asked.
func decideAnswer(f *frame.Finding, k *evidence.Key, op *history.Operation, said int, leader *hold) {
	if leader == nil || k.Settled == evidence.Never || said == leader.Client {
		return
	}
	_, seen := final(k)
	since := evidence.Span{From: max(k.Settled, leader.Granted), To: op.Began()}
	if op.Return.Time > seen.Time || !liveThroughout(k.Record, op.Client, since) {
		return
	}
	if r := frame.Overdue(k.Record, since, since.Length()); r != frame.Valid {
		f.Overdue(r, append(evidence.EventsOf(op), append(leader.Shown, seen.Index)...),
			"client %d got the answer at %s that %s, though client %d led %s from %s until the end, %s",
			op.Client, words.At(op.Return.Time), leads(said), leader.Client, k.Name, words.At(leader.Granted), "after heal")
	}
}

// liveThroughout reports whether a client was connected throughout a span.
func liveThroughout(a *evidence.Record, client int, s evidence.Span) bool {
	live := a.WhileLive(client, s)
	return len(live) == 1 && live[0].From <= max(s.From, a.Settled) && live[0].To >= min(s.To, a.End)
}

// states requires that an ended term stays ended: no client is told that it leads under the token of a
// term that it gave up, or that it lost together with its session. A term that was only in doubt may
// come back under its token: a latch can regain leadership without losing its znode.
var states = &frame.Property{
	Name:     "states",
	NoModel:  frame.Given,
	Meaning:  "a leader whose term ended did not lead again until elected again",
	Decider:  "order of each candidate's answers",
	Evidence: frame.FromTimes,
	Applies:  func(a *evidence.Record) bool { o := offersOf(a); return o.TellsLost && o.Fencing },
	Wants: func(a *evidence.Record) string {
		if offersOf(a).TellsLost {
			return wantsToken(a)
		}
		return wantsLost(a)
	},
	Exercise: frame.Wants("asked_again", 1, "candidates that were asked whether they lead after a term of theirs had ended"),
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		ends := termEnds(k, &f)
		deposed := map[int]time.Duration{} // by client: since when it has had a term that ended
		for t, end := range ends {
			if first, ok := deposed[t.client]; !ok || end.at < first {
				deposed[t.client] = end.at
			}
		}
		for _, v := range statementsOf(k) {
			op := v.Op
			if op.F != models.FConfirm {
				continue
			}
			if first, ok := deposed[op.Client]; ok && first < op.Began() {
				f.CountCall(k.Record, "asked_again", op)
			}
			if !v.Held {
				continue
			}
			end, ok := ends[term{op.Client, v.Token}]
			if ok && v.Token != 0 && end.at < op.Began() {
				f.Violated(append(evidence.EventsOf(op), end.events...), "client %d said at %s that it leads %s%s, a term that had ended by %s",
					op.Client, words.At(op.Return.Time), k.Name, words.WithToken(v.Token), words.At(end.at))
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

// termEnds returns when each term was first known to have ended.
func termEnds(k *evidence.Key, f *frame.Finding) map[term]termEnd {
	ends := map[term]termEnd{}
	for _, h := range holdsOf(k) {
		f.Count("terms", 1)
		over, event := h.over()
		if over == evidence.Never {
			continue
		}
		id := term{h.Client, h.Token}
		if old, ok := ends[id]; !ok || over < old.at {
			ends[id] = termEnd{over, append(slices.Clone(h.Shown), event...)}
		}
	}
	return ends
}

// over returns when a term ended and could not come back, and the events that show it.
func (h *hold) over() (time.Duration, []int) {
	over, events := h.released()
	s := h.death.Newest
	if h.Ended == holds.ByLoss && s != nil && h.dead() != evidence.Never {
		if t := max(h.dead(), min(h.Lost.At, h.Denied)); t < over {
			over, events = t, append(s.ToldBy(), h.Lost.Event, s.DiedByEvent)
		}
	}
	return over, events
}
