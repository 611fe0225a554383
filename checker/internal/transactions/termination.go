package transactions

import (
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history/models"
)

// termination requires that no client that asks is left waiting once the transaction is decided, or
// its outcome follows from the votes, or the client's own patience has ended. As long as a vote is
// missing, a client may be left waiting.
var termination = &frame.Property{
	Name:     "termination",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "after the heal, no client was left waiting for an outcome that was decided, followed from the votes, or was its own to decide",
	Decider:  "waits for the outcome",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: onTransaction(func(f *frame.Finding, t *transaction) {
		if !f.Timed(t.Record) {
			return
		}
		r := t.ready()
		for _, q := range t.asked {
			own := r
			if q.due < own.at {
				own = ready{at: q.due, why: "its patience had ended"}
			}
			decideWait(f, t, q, own)
		}
	}),
	Exercise: enough,
}

// ready is the time from which an outcome can be told, and the reason.
type ready struct {
	at             time.Duration
	why            string
	counterexample []int
}

// ready returns the time from which any client that asks can be told an outcome.
func (t *transaction) ready() ready {
	r := ready{at: t.allIn(), why: "all had voted yes"}
	if r.at != evidence.Never {
		r.counterexample = t.allVotes()
	}
	if no := t.firstNo(); no != nil && no.inBy() < r.at {
		r = ready{no.inBy(), "a site had voted no", evidence.EventsOf(no.in)}
	}
	if len(t.told) > 0 && t.told[0].ret() < r.at {
		q := t.told[0]
		r = ready{q.ret(), "a client had seen " + models.Decision{Commit: q.commit}.String(), q.events()}
	}
	return r
}

func decideWait(f *frame.Finding, t *transaction, q *outcomeQuery, r ready) {
	if r.at == evidence.Never {
		return
	}
	worst := evidence.Longest(t.WhileLive(q.op.Client, evidence.Span{From: max(q.op.Began(), r.at), To: evidence.Ended(q.op)}))
	if worst.Length() > 0 {
		f.Count("waits", 1)
	}
	f.Longest("longest_wait_seconds", worst.Length())
	judged := frame.Overdue(t.Record, worst, worst.Length())
	if judged == frame.Valid || judged == frame.Violation && f.Again() {
		return
	}
	f.Overdue(judged, append(r.counterexample, q.events()...), "client %d waited for the outcome of %s from %s to %s (%s, of %s allowed), though %s by %s",
		q.op.Client, t.Name, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(t.Bound), r.why, words.At(r.at))
}
