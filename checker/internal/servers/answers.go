package servers

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// answers looks for requests that were passed over: a server answered a later request of the same
// connection first. A connection keeps the order, and nothing excuses that, except that a copy of
// the client took over the session: then the server answers a write by closing the connection, and
// sends the answers that are ready after it in the same batch.
func answers(a *evidence.Record) (f frame.Finding) {
	for _, e := range a.History.Facts() {
		if e.Process != history.SessionProcess || e.F != history.FOvertaken {
			continue
		}
		var o history.Overtaken
		a.Decode(e, &o)
		if len(o.Requests) > 0 && promises.Writes(o.Requests[0].Op) && a.Faults.Copied(e.Client, e.Time) {
			f.Count("session_moved", 1)
			continue
		}
		for _, q := range o.Requests {
			f.Violated([]int{e.Index}, "the %s that client %d sent at %s had no answer at %s, when the %s that it sent later, at %s, had one",
				named(&q), e.Client, words.At(q.Sent), words.At(e.Time), named(&o.By), words.At(o.By.Sent))
		}
	}
	return f
}

// named returns a request for people: getData of /a.
func named(q *history.UnansweredRequest) string {
	if q.Path == "" {
		return q.Op
	}
	return q.Op + " of " + q.Path
}
