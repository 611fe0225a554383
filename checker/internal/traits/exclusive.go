package traits

import (
	"encoding/json"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/locks"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Hold names the operations that begin and end a hold of their key. At any time there is one hold, or a
// few. Answers are JSON; nil if there is none.
type Hold struct {
	// Begin is the operation that begins the hold when it is answered. An answer of false means
	// that it did not begin one, and so does an error that it declares as an answer
	// (history.CodeRefused).
	Begin string
	// End is the operation that ends the hold when it is invoked, unless it certainly
	// had no effect.
	End string
	// Confirm is the operation that answers true if the client still holds, and false if not. "":
	// there is no such operation.
	Confirm string
	// Places is how many clients may hold at once. 0 or 1 means that the hold is
	// exclusive.
	Places int
	// Nested means that a client may begin a hold again while it holds, and ends it as often.
	Nested bool
	// Token returns the fencing token in the answer of a Begin; 0 if it has none. nil: there are no
	// tokens.
	Token func(answer json.RawMessage) int64
}

// Exclusive returns the properties of a lock for such holds: exclusion, lost, belief, progress and,
// if the holds have tokens, tokens and grant. If several clients may hold at once, it returns a semaphore's: bound,
// grant, lost and progress.
func Exclusive(x Hold) []*frame.Property {
	if x.Places > 1 {
		of := locks.Semaphore
		return seenAs(of, append(only(of.Properties, "bound", "grant"), locks.OwnLost, locks.OwnProgress), func(h *history.History, a *evidence.Record) {
			h.Header.Params.Leases = x.Places
			x.playAll(h, a)
		})
	}
	of := locks.Lock
	certain := append(only(of.Properties, "exclusion", "grant", "tokens"), locks.OwnLost)
	certain = append(certain, only(of.Properties, "belief")...)
	progress := []*frame.Property{locks.OwnProgress}
	if !x.Nested {
		return seenAs(of, append(certain, progress...), x.playAll)
	}
	nested := func(longest bool) func(*history.History, *evidence.Record) {
		return func(h *history.History, a *evidence.Record) { nesting{&x, h, a, longest}.run() }
	}
	// A client that waits for a hold that may still last does not wait too long.
	all := append(seenAs(of, certain, nested(false)), seenAs(of, progress, nested(true))...)
	for i, p := range all {
		all[i] = x.withInner(p)
	}
	return all
}

// playAll lets all operations play the parts of a lock's operations.
func (x *Hold) playAll(h *history.History, a *evidence.Record) {
	for _, op := range a.History.Operations() {
		x.play(h, op, x.part(op))
	}
}

// part returns the name of the lock's operation whose part an operation plays.
func (x *Hold) part(op *history.Operation) string {
	switch op.F {
	case x.Begin:
		return asGrant
	case x.End:
		return asRelease
	}
	if op.F == x.Confirm && x.Confirm != "" {
		return asConfirm
	}
	return ""
}

// play lets an operation of the history play a part of a lock's operations.
func (x *Hold) play(h *history.History, op *history.Operation, part string) {
	var argument, answer any
	answered := op.Outcome() == history.OK
	switch part {
	case asGrant:
		if answered {
			answer = models.Grant{Token: x.token(op)}
		}
	case asRelease:
		argument = models.Held{Held: true}
	case asConfirm:
		if answered {
			answer = models.Held{Held: !no(op.Return.Value)}
		}
	}
	play(h, op, part, argument, answer)
	if part == asGrant && (answered && no(op.Return.Value) || declined(op)) {
		e := at(h, op.Return)
		e.Type, e.Value, e.Error = history.Fail, nil, &history.Error{Code: history.CodeRefused}
	}
}

// declined reports whether the answer is an error that the operation declares.
func declined(op *history.Operation) bool {
	return op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodeRefused
}

// token returns the fencing token of an answered begin.
func (x *Hold) token(op *history.Operation) history.ID {
	if x.Token == nil {
		return 0
	}
	return history.ID(x.Token(op.Return.Value))
}

// no reports whether an answer is false.
func no(answer json.RawMessage) bool { return string(answer) == "false" }
