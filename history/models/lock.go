package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// Operations on a hold: models lock and election.
const (
	// FAcquire acquires the hold: invoke nothing, ok Grant. A fail or info is not a hold.
	FAcquire = "acquire"
	// FRelease releases it: invoke Held (determined after the invocation's time was taken), ok nothing.
	FRelease = "release"
	// FConfirm asks the subject whether it still holds: invoke nothing, ok Held.
	FConfirm = "confirm"
	// FWrite writes to the guarded resource: invoke Grant, ok Written. The FWrite of a register has
	// other values.
	FWrite = "write"
)

// Lock is an exclusive lock.
var Lock = &Model{
	Name: "lock", About: "an exclusive lock",
	State: Exclusive, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: holdOperations(
		Words{Name: "acquire", Asked: "asked for {key}", Done: "was granted it", Refused: "was refused"},
		Words{Name: "release", Asked: "began to release {key}", Refused: "was refused", Early: true},
		Words{Name: "confirm", Asked: "was asked whether it still held {key}", Refused: "could not say"},
	),
}

// holdOperations returns the operations of all objects that one client holds at a time.
func holdOperations(acquire, release, confirm Words) []Operation {
	return []Operation{
		{F: FAcquire, Waits: true, Begins: true, Quorum: always, Words: acquire, Tell: tellGrant},
		{F: FRelease, Ends: true, Quorum: heldStill, Words: release, Tell: tellRelease},
		{F: FConfirm, Local: true, Affirms: true, Words: confirm, Tell: tellConfirm},
		{F: FWrite, Local: true, Writes: true, Tell: tellGuarded, Words: Words{
			Name: "write", Asked: "wrote to the resource that {key} guards", Refused: "was refused",
		}},
	}
}

// heldStill reports whether a release had a hold to end. It is false if the hold is known to be lost.
func heldStill(op *history.Operation) bool {
	v := Held{Held: true}
	return op.Invoke.Decode(&v) == nil && v.Held
}

func tellGrant(op *history.Operation, w *Words) Values {
	if op.Outcome() != history.OK {
		return Values{}
	}
	var g Grant
	_ = op.Return.Decode(&g)
	w.Done += withToken(g.Token) + InSession(op.Return.Session)
	return Values{Token: g.Token, Held: true}
}

func tellRelease(op *history.Operation, w *Words) Values {
	v := Held{Held: true}
	_ = op.Invoke.Decode(&v)
	if !v.Held {
		w.Asked = "found that it no longer held " + Key(op.Key) + " when it wanted to release it"
	}
	return Values{Held: v.Held}
}

func tellConfirm(op *history.Operation, w *Words) Values {
	var v Held
	returned(op, &v)
	w.Done = "said no"
	if v.Held {
		w.Done = "said yes" + withToken(v.Token)
	}
	return Values{Held: v.Held, Token: v.Token}
}

func tellGuarded(op *history.Operation, w *Words) Values {
	var g Grant
	_ = op.Invoke.Decode(&g)
	w.Asked += withToken(g.Token)
	if op.Outcome() != history.OK {
		return Values{Token: g.Token}
	}
	var v Written
	_ = op.Return.Decode(&v)
	w.Done = fmt.Sprintf("had it accepted as write %d", v.Order)
	if !v.Accepted {
		w.Name, w.Done = "write refused", "had it refused"
	}
	return Values{Token: g.Token, Accepted: v.Accepted}
}
