package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// The operations of a job queue, besides FEnqueue, which adds a job (Item).
const (
	FTake     = "take"      // takes a job: ok Attempt; the attempt's session owns the lease
	FFinish   = "finish"    // finishes the job of an Attempt
	FGiveBack = "give-back" // gives up an Attempt, so that another one can begin
)

// Attempt is one attempt at a job.
type Attempt struct {
	Item    string `json:"item"`
	Attempt int    `json:"attempt"` // from 1
	// Held says, at the end of an attempt, that its worker had not been told of a loss.
	Held bool `json:"held,omitempty"`
}

// Jobs are the jobs that existed at the end: the value of history.FDrained.
type Jobs struct {
	Drained
	Open []string `json:"open,omitempty"` // pending, or with a worker
	Done []string `json:"done,omitempty"`
	Dead []string `json:"dead,omitempty"`
}

// JobQueue is a queue in which each job has one worker at a time, until a worker finishes it or it
// was tried history.Params.Tries times. A finished job leaves the queue.
var JobQueue = &Model{
	Name: "job-queue", About: "a queue that gives each job to one worker at a time until it is finished",
	State: Filled, Stay: "worked", OnZnodes: true,
	Operations: []Operation{
		{F: FEnqueue, Puts: true, Quorum: always, Tell: tellPut, Words: Words{
			Name: "put", Asked: "put", Refused: "failed", Early: true,
		}},
		{F: FTake, Waits: true, Begins: true, Quorum: always, Tell: tellAttempt("took", ""), Words: Words{
			Name: "take", Asked: "asked {key} for a job", Refused: "took none",
		}},
		{F: FFinish, Ends: true, Takes: true, Tell: tellAttempt("", "finish"), Words: Words{
			Name: "finish", Asked: "finish", Refused: "was refused", Early: true,
		}},
		{F: FGiveBack, Ends: true, Tell: tellAttempt("", "give back"), Words: Words{
			Name: "give back", Asked: "give back", Refused: "was refused", Early: true,
		}},
	},
}

// tellAttempt describes an operation that ends an attempt, or that begins one with its ok.
func tellAttempt(began, ends string) func(op *history.Operation, w *Words) Values {
	return func(op *history.Operation, w *Words) Values {
		from := op.Invoke
		if began != "" {
			if from = op.Return; op.Outcome() != history.OK {
				return Values{}
			}
		}
		var a Attempt
		_ = from.Decode(&a)
		w.Name += " " + shown(a.Item)
		if began != "" {
			w.Done = fmt.Sprintf("%s %s for attempt %d", began, Quoted(a.Item), a.Attempt) + InSession(op.Return.Session)
			return Values{} // it is in the queue still
		}
		w.Asked = fmt.Sprintf("began to %s %s of %s after attempt %d", ends, Quoted(a.Item), Key(op.Key), a.Attempt)
		return Values{Item: a.Item, Held: a.Held}
	}
}
