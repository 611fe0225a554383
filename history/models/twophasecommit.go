package models

import (
	"fmt"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Operations on a transaction. A key is one transaction.
const (
	// FPrepare begins the transaction: invoke Sites, ok nothing.
	FPrepare = "prepare"
	// FVote votes: invoke Ballot, ok nothing. A site that votes again gives the same vote.
	FVote = "vote"
	// FDecide waits for the decision, and after its patience counts missing votes as no: invoke
	// Deciding, ok Decision.
	FDecide = "decide"
	// FOutcome waits for the decision: invoke nothing, ok Decision.
	FOutcome = "outcome"
)

// Sites are the sites whose votes a commit needs.
type Sites struct {
	Sites []string `json:"sites"`
}

// Ballot is the vote of a site.
type Ballot struct {
	Site string `json:"site"`
	Yes  bool   `json:"yes"` // it can commit
}

// Deciding says how to decide a transaction.
type Deciding struct {
	// Patience is how long to wait for missing votes, in milliseconds from the call.
	Patience int `json:"patience_ms"`
}

// Length returns the patience.
func (d Deciding) Length() time.Duration { return time.Duration(d.Patience) * time.Millisecond }

// Decision is the outcome of a transaction.
type Decision struct {
	Commit bool `json:"commit"` // false: aborted
}

// String returns "commit" or "abort".
func (d Decision) String() string {
	if d.Commit {
		return "commit"
	}
	return "abort"
}

// TwoPhaseCommit is a transaction on which sites vote, and which all of them commit or none.
var TwoPhaseCommit = &Model{
	Name: "two-phase-commit", About: "transactions that all sites commit or none does", Called: "the transaction",
	Sessions: true, OnZnodes: true, Rounds: true,
	Operations: []Operation{
		{F: FPrepare, Quorum: always, Tell: tellPrepare, Words: Words{
			Name: "prepare", Asked: "began {key}", Refused: "failed",
		}},
		{F: FVote, Quorum: always, Tell: tellVote, Words: Words{
			Name: "vote", Asked: "voted on {key}", Refused: "failed",
		}},
		{F: FDecide, Waits: true, Tell: tellDecide, Words: Words{
			Name: "decide", Asked: "asked to decide {key}", Refused: "did not",
		}},
		{F: FOutcome, Waits: true, Settles: true, Tell: tellOutcome, Words: Words{
			Name: "outcome", Asked: "asked for the outcome of {key}", Refused: "got no outcome",
		}},
	},
}

func tellPrepare(op *history.Operation, w *Words) Values {
	var v Sites
	_ = op.Invoke.Decode(&v)
	w.Name = fmt.Sprintf("prepare %s", prose.Count(len(v.Sites), "site"))
	w.Asked = fmt.Sprintf("began %s with %s", Key(op.Key), Listed(v.Sites))
	return Values{}
}

func tellVote(op *history.Operation, w *Words) Values {
	var v Ballot
	_ = op.Invoke.Decode(&v)
	vote := "no"
	if v.Yes {
		vote = "yes"
	}
	w.Name = strings.TrimSpace("vote " + vote + " " + shown(v.Site))
	w.Asked = fmt.Sprintf("voted %s on %s as site %s", vote, Key(op.Key), Quoted(v.Site))
	return Values{}
}

func tellDecide(op *history.Operation, w *Words) Values {
	var v Deciding
	_ = op.Invoke.Decode(&v)
	w.Asked = fmt.Sprintf("asked to decide %s, with patience for %d ms", Key(op.Key), v.Patience)
	return tellOutcome(op, w)
}

func tellOutcome(op *history.Operation, w *Words) Values {
	var d Decision
	if returned(op, &d) {
		w.Name += ": " + d.String()
		w.Done = "saw " + d.String()
	}
	return Values{}
}
