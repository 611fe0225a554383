package models

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// Lock is an exclusive lock.
var Lock = declare(Model{
	Name: "lock", About: "an exclusive lock",
	State: Exclusive, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: holdOperations(
		Words{Name: "acquire", Asked: "asked for {key}", Done: "was granted it", Refused: "was refused", Unknown: "nobody knows whether it was granted"},
		Words{Name: "release", Asked: "began to release {key}", Refused: "was refused", Unknown: "nobody knows whether it was released", Early: true},
		Words{Name: "confirm", Asked: "was asked whether it still held {key}", Refused: "could not say", Unknown: "it did not say"},
	),
})

// holdOperations are the operations of all objects that one client holds at a time.
func holdOperations(acquire, release, confirm Words) []Operation {
	return []Operation{
		{F: history.FAcquire, Waits: true, Begins: true, Quorum: always, Words: acquire, Tell: tellGrant},
		{F: history.FRelease, Ends: true, Quorum: heldStill, Words: release, Tell: tellRelease},
		{F: history.FConfirm, Local: true, Affirms: true, Words: confirm, Tell: tellConfirm},
		{F: history.FWrite, Local: true, Tell: tellGuarded, Words: Words{
			Name: "write", Asked: "wrote to the resource that {key} guards", Refused: "was refused", Unknown: "nobody knows whether it was written",
		}},
	}
}

// heldStill is false if the hold is known to be lost, so that nothing is left to release.
func heldStill(op *history.Operation) bool {
	v := history.Held{Held: true}
	return op.Invoke.Decode(&v) == nil && v.Held
}

func tellGrant(op *history.Operation, w *Words) Values {
	if op.Outcome() != history.OK {
		return Values{}
	}
	var g history.Grant
	_ = op.Return.Decode(&g)
	w.Done += withToken(g.Token) + InSession(op.Return.Session)
	return Values{Token: g.Token, Held: true}
}

func tellRelease(op *history.Operation, w *Words) Values {
	v := history.Held{Held: true}
	_ = op.Invoke.Decode(&v)
	if !v.Held {
		w.Asked = "found that it no longer held " + Key(op.Key) + " when it wanted to give it up"
	}
	return Values{Held: v.Held}
}

func tellConfirm(op *history.Operation, w *Words) Values {
	var v history.Held
	returned(op, &v)
	w.Done = "said no"
	if v.Held {
		w.Done = "said yes" + withToken(v.Token)
	}
	return Values{Held: v.Held, Token: v.Token}
}

func tellGuarded(op *history.Operation, w *Words) Values {
	var g history.Grant
	_ = op.Invoke.Decode(&g)
	w.Asked += withToken(g.Token)
	if op.Outcome() != history.OK {
		return Values{Token: g.Token}
	}
	var v history.Written
	_ = op.Return.Decode(&v)
	w.Done = fmt.Sprintf("had it accepted as write %d", v.Order)
	if !v.Accepted {
		w.Name, w.Done = "write refused", "had it refused"
	}
	return Values{Token: g.Token, Accepted: v.Accepted}
}
