package models

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Operations on a read-write lock, besides those on a hold. The value of an FAcquire's
// invoke is a Wish.
const (
	// FDowngrade turns a hold for writing into one for reading; no values.
	FDowngrade = "downgrade"
	// FRevoke asks the holders to give the lock back; no values.
	FRevoke = "revoke"
	// FListen waits until a client asks for the present hold: invoke Held, ok Heard.
	FListen = "listen"
	// FRead reads the guarded resource, with the values of FWrite.
)

// Heard is the value of a listen's ok.
type Heard struct {
	Revoked bool `json:"revoked"` // a client asked for the hold
}

// RWLock is a read-write lock. It has the operations of a lock, where the value of an acquire is
// a Wish, and its own: FDowngrade, FRevoke, FListen, and FRead of the guarded resource.
var RWLock = &Model{
	Name: "rwlock", About: "a read-write lock: many readers or one writer",
	Called: "the read-write lock",
	State:  ReadWrite, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: slices.Concat(rwHolds(), []Operation{
		{F: FDowngrade, Lessens: true, Quorum: always, Words: Words{
			Name: "downgrade", Asked: "began to downgrade its hold of {key} to reading", Done: "had done it", Refused: "was refused", Early: true,
		}},
		{F: FRevoke, Quorum: always, Words: Words{
			Name: "revoke", Asked: "asked the holders of {key} to release it", Done: "had asked them", Refused: "was refused",
		}},
		{F: FListen, Local: true, Tell: tellHeard, Words: Words{
			Name: "listen", Asked: "began to listen for requests for its hold of {key}", Refused: "could not say",
		}},
		{F: FRead, Local: true, Tell: tellGuarded, Words: Words{
			Name: "read", Asked: "read the resource that {key} guards", Refused: "was refused",
		}},
	}),
}

// rwHolds returns the operations of a lock, whose acquires also say what they are for.
func rwHolds() []Operation {
	of := slices.Clone(Lock.Operations)
	for i := range of {
		if of[i].Begins {
			of[i].Tell = tellWish
		}
	}
	return of
}

func tellWish(op *history.Operation, w *Words) Values {
	var v Wish
	_ = op.Invoke.Decode(&v)
	w.Name, w.Asked = w.Name+" to write", w.Asked+" to write"
	if v.Mode == ToRead {
		w.Name, w.Asked = "acquire to read", "asked for "+Key(op.Key)+" to read"
	}
	return tellGrant(op, w)
}

func tellHeard(op *history.Operation, w *Words) Values {
	var v Heard
	returned(op, &v)
	w.Done = "had got none"
	if v.Revoked {
		w.Done = "got one"
	}
	return Values{}
}
