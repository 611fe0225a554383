package history

import "time"

// Operation is an invocation with its completion.
type Operation struct {
	Process Process
	Client  int
	F       string
	Key     string
	Invoke  *Event
	// Return is the completion: ok, fail or info; nil if there is none.
	Return *Event
}

// Outcome is ok, fail or info; an operation without completion counts as info.
func (o *Operation) Outcome() Type {
	if o.Return == nil {
		return Info
	}
	return o.Return.Type
}

// Began is when the operation was invoked.
func (o *Operation) Began() time.Duration { return o.Invoke.Time }

// Intended is when an open-loop client wanted to invoke it.
func (o *Operation) Intended() time.Duration {
	if o.Invoke.Intended != 0 {
		return o.Invoke.Intended
	}
	return o.Invoke.Time
}
