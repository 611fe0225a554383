package history

import "time"

// Operation is an invocation with its completion.
type Operation struct {
	Process Process
	Client  int
	F       string
	Key     string
	Invoke  *Event
	// Return is the completion: ok, fail or info. It is nil if there is none.
	Return *Event
}

// Outcome returns OK, Fail or Info. An operation without completion counts as Info.
func (o *Operation) Outcome() Type {
	if o.Return == nil {
		return Info
	}
	return o.Return.Type
}

// Began returns the time of the invocation.
func (o *Operation) Began() time.Duration { return o.Invoke.Time }

// Intended returns when an open-loop client wanted to invoke the operation.
func (o *Operation) Intended() time.Duration {
	if o.Invoke.Intended != 0 {
		return o.Invoke.Intended
	}
	return o.Invoke.Time
}
