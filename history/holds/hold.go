package holds

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Bounds of time. All times of a history lie between them.
const (
	Never  = history.Never
	Always = history.Always
)

// Moment is a time and the index of the event that shows it.
type Moment struct {
	At    time.Duration
	Event int
}

// None is the Moment of something that did not happen.
var None = Moment{At: Never, Event: -1}

// End says how a hold ended, as its client saw it.
type End int

// The ways in which holds end. The end of a session is not among them, since the client does not see it.
const (
	Open      End = iota // the record ends first
	ByRelease            // the client released it
	ByLoss               // the subject reported the loss, or denied that it holds
	ByExpiry             // the client must know that its session expired; what it claims afterwards is another hold
	ByExit               // the client's process ended
	ByNext               // the client was granted another hold of the key
)

// Hold is one period in which a client has an exclusive position: a lock's hold, or a leader's
// term.
type Hold struct {
	Key    string
	Client int
	Token  history.ID // 0 if there is none
	// Grant is the operation whose ok shows the hold: an acquire, or, if the hold is Claimed, the
	// confirm of a leader that leads again by itself.
	Grant   *history.Operation
	Claimed bool
	// Reads means that the hold of a read-write lock was for reading from the beginning.
	// Downgraded is the operation that may have turned it into a hold for reading; nil if
	// there is none.
	Reads      bool
	Downgraded *history.Operation
	// The hold began at some time from Asked to Granted. Shown lists the events that show it.
	// Asked is Always if it is unknown.
	Asked, Granted time.Duration
	Shown          []int

	// Until is the end as the client saw it, or the end of the record.
	Until time.Duration
	Ended End
	// Believed is the time until which the client certainly believed that it held.
	Believed time.Duration
	// Sure is the time until which the hold certainly lasted according to its client, provided that
	// its session lived: until the release, or, if it was lost, until the last time at which it was
	// known to last. It is Never if the client reported no end. SureEvents show it.
	Sure       time.Duration
	SureEvents []int

	Confirmed *history.Operation // the last confirm with the answer yes; nil if there is none
	Release   *history.Operation // the first release that found it held and may have taken effect
	Released  *history.Operation // the first release that succeeded
	Over      time.Duration      // when the first release ended, with any outcome
	Watched   time.Duration      // when the first release began, with any outcome: from then on no loss is looked for
	Denied    time.Duration      // when a confirm answered no
	Lost      Moment             // when the subject reported the loss
	Exited    Moment             // when the client's process ended
	Expired   Moment             // when the client was told that its session expired, or gave it up
	Next      *Hold              // the client's next hold of the key
}

// Writes returns the time until which the hold excluded readers, if it lasted until end. It returns
// Always if the hold never excluded them. A downgrade with an unknown outcome counts, since reading
// is the weaker state.
func (h *Hold) Writes(end time.Duration) time.Duration {
	switch {
	case h.Reads:
		return Always
	case h.Downgraded != nil:
		return min(end, h.Downgraded.Began())
	}
	return end
}

// goesOn reports whether nothing has ended the hold so far.
func (h *Hold) goesOn() bool { return h.Ended == Open }

// known returns the invocation time of the last question at which the hold was known to last. A
// slow answer may have been true only when it was asked for.
func (h *Hold) known() time.Duration {
	at := h.Granted
	if h.Claimed {
		at = h.Grant.Began()
	}
	if h.Confirmed == nil {
		return at
	}
	return max(at, h.Confirmed.Began())
}

// heard returns when the last answer arrived that told the client it held.
func (h *Hold) heard() time.Duration {
	if h.Confirmed == nil {
		return h.Granted
	}
	return max(h.Granted, h.Confirmed.Return.Time)
}

// lose ends the hold because of a reported loss.
func (h *Hold) lose(at time.Duration, events ...int) {
	if h.goesOn() {
		h.Ended, h.Until, h.SureEvents = ByLoss, at, events
	}
}

// settle computes the ends after all events are read. The record ends at end.
func (h *Hold) settle(end time.Duration) {
	if h.Ended == ByLoss {
		h.Sure, h.SureEvents = h.known(), append(h.SureEvents, events(h.Confirmed)...)
	}
	h.Believed = h.believed()
	switch {
	case h.goesOn() && h.Next != nil && h.Next.Grant.Began() <= h.Exited.At:
		h.Ended, h.Until = ByNext, h.Next.Grant.Began()
	case h.goesOn() && h.Exited != None:
		h.Ended = ByExit
	}
	h.Until = max(h.Granted, min(h.Until, h.Exited.At, end))
}

// believed returns the time of the release's call, or of the reported loss. If neither is known, it
// returns when the client was last told that it held.
func (h *Hold) believed() time.Duration {
	end := min(h.Lost.At, h.Exited.At)
	if h.Release != nil {
		end = min(end, h.Release.Began())
	}
	if end == Never || h.Ended == ByLoss && h.Lost == None {
		end = min(end, h.heard())
	}
	return max(end, h.Granted)
}

// Belief returns the indices of the events that show until when the client believed that it held.
func (h *Hold) Belief() []int {
	counterexample := append(slices.Clone(h.Shown), h.Lost.Event, h.Exited.Event)
	if h.Release != nil {
		counterexample = append(counterexample, h.Release.Invoke.Index)
	}
	return append(counterexample, events(h.Confirmed)...)
}

// events returns the indices of an operation's events, or nil for a nil operation.
func events(op *history.Operation) []int {
	switch {
	case op == nil:
		return nil
	case op.Return == nil:
		return []int{op.Invoke.Index}
	}
	return []int{op.Invoke.Index, op.Return.Index}
}
