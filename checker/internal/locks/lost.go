package locks

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// lost requires that a holder which was told that its session expired admits it
// within a second: no confirm answers true with that hold's token, and Lost is
// closed. Exclusion cannot see a client that leads for ever after its own
// expiry, since there the hold ended with the session.
var lost = lostWith(true, "all released before they had to report the loss, and none had reported it")

// OwnLost is the property lost for holds of a program's own objects. Their clients report nothing,
// and are asked now and then, so only an answer counts.
var OwnLost = lostWith(false, "none was asked before its next hold whether it still holds")

// lostWith returns the property lost, for holds whose clients report their loss, or only answer
// when asked. undecided says why the property is undecided if nothing that clients did after an
// expiry could have been wrong.
func lostWith(reports bool, undecided string) *frame.Property {
	return &frame.Property{
		Name:     "lost",
		NoModel:  frame.Timed,
		Meaning:  "each client that lost its session knew within a second that its hold was lost",
		Decider:  "times of expiry",
		Telling:  explain.ClaimedHeld,
		Evidence: func(*evidence.Record) string { return "S" },
		Applies:  func(a *evidence.Record) bool { return offersOf(a).TellsLost },
		Wants:    wantsLost,
		Decide: func(ctx context.Context, k *evidence.Key) frame.Finding {
			var f frame.Finding
			said := readSaid(k, reports)
			for _, h := range usable(&f, holdsOf(k)) {
				if ctx.Err() != nil {
					return f
				}
				decideLost(&f, k, h, said[h.Client], reports)
			}
			return f
		},
		Exercise: func(a *evidence.Record, figures map[string]float64) string {
			switch {
			case !a.ExpectsExpiries():
			case figures["told"] == 0:
				return "sessions of holders were to end, but no client learned of it while it held"
			case figures["told_decided"] == 0:
				return "clients learned of their expiry while they held, but " + undecided
			}
			return ""
		},
	}
}

func decideLost(f *frame.Finding, k *evidence.Key, h *hold, said *said, reports bool) {
	s := h.death.OverAtLast()
	if s == nil || h.resumed || h.invoked() <= s.Expired {
		return
	}
	f.Count("told", 1)
	known := max(s.Expired, h.Granted)
	if h.resumes { // this grant was judged with the hold that it resumes
		known = s.Expired
	}
	next := evidence.FirstFrom(said.asked, h.Granted)
	watched := min(h.Watched, next, h.Exited.At, k.End) // until then, a report of its loss would have been seen
	had := func(t time.Duration) time.Duration {        // how long the client had had, by t, to find out
		return k.Knew(h.Client, s, evidence.Span{From: known, To: max(known, t)})
	}
	denied := evidence.FirstFrom(said.denied, h.Granted)
	claim := said.claims(h.Token, next, func(t time.Duration) bool { return had(t) > grace })
	if h.Lost.At != evidence.Never || denied != evidence.Never || reports && had(watched) > grace || !reports && claim != nil {
		f.Count("told_decided", 1) // otherwise anything that it did would have been right
	}
	if op := claim; op != nil {
		f.Overdue(late(k.Record, h, evidence.Span{From: known, To: op.Began()}), slices.Concat(h.Shown, h.told(s.Expired), evidence.EventsOf(op)),
			"client %d %s, and said at %s that it still holds %s%s",
			h.Client, s.Told(), words.At(op.Began()), k.Name, words.WithToken(h.Token))
		return
	}
	if !reports || denied != evidence.Never && had(denied) <= grace {
		return
	}
	counterexample := slices.Concat(h.Shown, h.told(s.Expired))
	switch {
	case had(watched) <= grace:
	case h.Lost.At == evidence.Never && denied == evidence.Never:
		f.Overdue(late(k.Record, h, evidence.Span{From: known, To: watched}), counterexample,
			"client %d %s, and by %s its hold of %s%s was not reported lost",
			h.Client, s.Told(), words.At(watched), k.Name, words.WithToken(h.Token))
	case h.Lost.At != evidence.Never && had(h.Lost.At) > grace:
		f.Overdue(late(k.Record, h, evidence.Span{From: known, To: h.Lost.At}), append(counterexample, h.Lost.Event),
			"client %d %s, and reported the loss of %s%s only at %s",
			h.Client, s.Told(), k.Name, words.WithToken(h.Token), words.At(h.Lost.At))
	}
}

// late is like overdue, for the second that the client of h has. It does not count time in which the
// client could do nothing, or could not be heard.
func late(a *evidence.Record, h *hold, s evidence.Span) frame.Result {
	if a.Knew(h.Client, h.death.OverAtLast(), s) <= grace+a.Stalled(s) {
		return frame.Unknown
	}
	return frame.Violation
}

// said lists a client's statements about a key, in order of invocation.
type said struct {
	asked  []time.Duration                     // when it asked for the key
	denied []time.Duration                     // when it was asked, and did not hold
	held   map[history.ID][]*history.Operation // operations that show that it holds, by token
}

// readSaid reads each client's statements about the key. Where clients do not report losses, a
// release says nothing about the hold: the load alone decides when to release.
func readSaid(k *evidence.Key, reports bool) map[int]*said {
	of := map[int]*said{}
	by := func(client int) *said {
		s := of[client]
		if s == nil {
			s = &said{held: map[history.ID][]*history.Operation{}}
			of[client] = s
		}
		return s
	}
	for _, op := range k.Ops() {
		if op.F == models.FAcquire {
			s := by(op.Client)
			s.asked = append(s.asked, op.Began())
		}
	}
	for _, v := range statementsOf(k) {
		switch s := by(v.Op.Client); {
		case !v.Said, !reports && v.Op.F == models.FRelease:
		case v.Held:
			s.held[v.Token] = append(s.held[v.Token], v.Op)
		default:
			s.denied = append(s.denied, v.Op.Began())
		}
	}
	return of
}

// claims returns the first operation that shows that the client still holds by a token, at a time that
// is too late; nil if there is none. Once the client has asked for the key again, only an answer with
// the token itself counts for that hold: its znode was deleted with the session, so the token is not
// granted a second time.
func (s *said) claims(token history.ID, next time.Duration, late func(time.Duration) bool) *history.Operation {
	one := firstLate(s.held[0], late)
	if one != nil && one.Began() >= next {
		one = nil
	}
	if token == 0 {
		return one
	}
	if by := firstLate(s.held[token], late); one == nil || by != nil && by.Began() < one.Began() {
		return by
	}
	return one
}

// firstLate returns the first of some operations that is late. All operations after a
// late one are late.
func firstLate(ops []*history.Operation, late func(time.Duration) bool) *history.Operation {
	i := sort.Search(len(ops), func(i int) bool { return late(ops[i].Began()) })
	if i == len(ops) {
		return nil
	}
	return ops[i]
}
