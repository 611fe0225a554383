package checker

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// contradictions returns a verdict for each session whose evidence contradicts itself.
func contradictions(a *evidence.Record) []Verdict {
	var bad []*evidence.Session
	for _, s := range a.ByID {
		if s.Contradictory() {
			bad = append(bad, s)
		}
	}
	slices.SortFunc(bad, func(x, y *evidence.Session) int { return x.First - y.First })
	var vs []Verdict
	for _, s := range bad {
		reason := fmt.Sprintf("session %s of client %d was dead by %s%s, yet a request that it sent at %s was answered by a quorum",
			s.ID, s.Client, words.At(s.DiedBy), s.ClosedAt(), words.At(s.DiedFrom))
		if s.DiedFrom > s.Answered {
			reason = fmt.Sprintf("session %s of client %d was dead by %s, yet by the transaction log it was still open when a request sent at %s was carried out",
				s.ID, s.Client, words.At(s.DiedBy), words.At(s.DiedFrom))
		}
		vs = append(vs, Verdict{
			Property:       "evidence",
			Result:         Unknown,
			Reason:         reason,
			Counterexample: evidence.Indices(s.DiedByEvent, s.ShownAt(s.DiedFrom)),
			Decider:        "session evidence",
			Evidence:       frame.FromSessions(a),
		})
	}
	return cut(vs, 5, "sessions")
}
