package declared

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// Caller identifies the client, and its session, that made a call.
type Caller struct {
	Client int // from 0
	// Session is the ZooKeeper session in which the call went on; 0 if it is not known.
	Session int64
}

// String returns the caller's name: "client 1 in session 0x100000001"; "no client" for a client below
// 0.
func (c Caller) String() string {
	switch {
	case c.Client < 0:
		return "no client"
	case c.Session == 0:
		return fmt.Sprintf("client %d", c.Client)
	}
	return fmt.Sprintf("client %d in session %s", c.Client, history.ID(c.Session))
}

// Outcome says what is known about a call.
type Outcome int

// The outcomes of calls.
const (
	Answered Outcome = iota // the client got an answer
	Refused                 // the client was refused, with an error that the operation declares
	Unheard                 // no answer: it happened at some time after it began, or never
)

// Call is a call of an operation. Calls that certainly had no effect are left out. It must not be
// changed.
type Call struct {
	Caller
	Operation string
	Key       string
	// Began and Ended are times since the run began. A call that never returned ended at history.Never.
	Began, Ended time.Duration
	Outcome      Outcome
	// Argument and Answer are JSON; nil if there is none.
	Argument, Answer json.RawMessage
	// Refusal is the text of the declared error.
	Refusal string
	// InFault means that a fault was in force at some time during the call.
	InFault bool

	op       *history.Operation
	number   int     // in order of invocation
	sessions []int64 // sessions that the call can have used; the first is Session
}

// Effective returns the latest time at which the call can have taken effect: history.Never if its
// outcome is unknown.
func (c *Call) Effective() time.Duration {
	if c.Outcome == Unheard {
		return history.Never
	}
	return c.Ended
}

// Recorded returns the operation in the history that the call stands for.
func (c *Call) Recorded() *history.Operation { return c.op }

// Events returns the indices of the events of the call in the history.
func (c *Call) Events() []int { return evidence.EventsOf(c.op) }

// Key lists what clients did to one object. It is safe for concurrent use, and must not be changed.
type Key struct {
	Name string
	// Calls are in the order in which they began.
	Calls []*Call

	key *evidence.Key
}

// Of yields the calls of one operation.
func (k *Key) Of(operation string) iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for _, c := range k.Calls {
			if c.Operation == operation && !yield(c) {
				return
			}
		}
	}
}

// keyOf reads a key's calls. Every rule of an object shares them.
var keyOf = evidence.OncePerKey(func(k *evidence.Key) *Key {
	all := &Key{Name: k.Name, key: k}
	for _, op := range k.Ops() {
		if c := callOf(k, op); c != nil {
			c.number = len(all.Calls)
			all.Calls = append(all.Calls, c)
		}
	}
	return all
})

// callOf returns the call of an operation. It returns nil for a call without effect, and for an
// operation that the object does not have.
func callOf(k *evidence.Key, op *history.Operation) *Call {
	c := &Call{
		Caller: Caller{Client: op.Client}, Operation: op.F, Key: k.Name,
		Began: op.Began(), Ended: evidence.Ended(op), Argument: op.Invoke.Value, op: op,
	}
	switch op.Outcome() {
	case history.OK:
		c.Answer = op.Return.Value
	case history.Fail:
		if e := op.Return.Error; e == nil || e.Code != history.CodeRefused {
			return nil
		}
		c.Outcome, c.Refusal = Refused, op.Return.Error.Message
	default:
		c.Outcome = Unheard
	}
	if len(k.Object.Operations) > 0 && !k.Object.Knows(op.F) {
		return nil
	}
	for _, s := range k.Owners(op) {
		c.sessions = append(c.sessions, int64(s.ID))
	}
	if len(c.sessions) > 0 {
		c.Session = c.sessions[0]
	}
	c.InFault = slices.ContainsFunc(k.Faults.All, func(f *evidence.Fault) bool {
		return f.Took && f.From <= c.Ended && c.Began <= f.Over
	})
	return c
}
