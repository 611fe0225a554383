package holds

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// The ends of time. Times of a history lie between them.
const (
	Never  = history.Never
	Always = history.Always
)

// Moment is a time, and the index of the event that tells of it.
type Moment struct {
	At    time.Duration
	Event int
}

// None is the moment of what did not happen.
var None = Moment{At: Never, Event: -1}

// End is how a hold ended, as its client saw it.
type End int

// The ends of holds. An end of the session is none that the client sees.
const (
	Open      End = iota // the record ends before it does
	ByRelease            // the client gave it up
	ByLoss               // the subject said that it was lost, or that it does not hold
	ByExpiry             // the client must know that its session is gone, but goes on: as another hold
	ByExit               // the client's process ended
	ByNext               // the client has got another hold of the key
)

// Hold is one stay of one client in an exclusive position: a lock's hold, a
// leader's term.
type Hold struct {
	Key    string
	Client int
	Token  history.ID // 0: none
	// Grant is the operation whose ok tells of it: an acquire, or the confirm of a
	// leader that leads again by itself.
	Grant *history.Operation
	// Reads says that it is one for reading, of a read-write lock, from the beginning.
	// Downgraded is the operation that made it one, if there was one that may have happened.
	Reads      bool
	Downgraded *history.Operation
	// It began at some moment from Asked to Granted, as the events Shown show. Asked is
	// Always where nobody knows.
	Asked, Granted time.Duration
	Shown          []int

	// Until is the end as the client saw it, or that of the record.
	Until time.Duration
	Ended End
	// Believed is until when the client certainly believed in the hold.
	Believed time.Duration
	// Sure is until when it surely lasted by its client's word, if its session did: up
	// to the release, or, of one that was lost, to the last time that it was known not
	// to be. It is Never if there is no word of its end. SureEvents show it.
	Sure       time.Duration
	SureEvents []int

	Confirmed *history.Operation // the last confirm that said that it holds; nil: none
	Release   *history.Operation // the first release that found it held and may have happened
	Released  *history.Operation // the release that succeeded first
	Over      time.Duration      // when a release first was over, whatever came of it
	Denied    time.Duration      // when a confirm said that it does not hold
	Lost      Moment             // when the subject said that it was lost
	Exited    Moment             // when the client's process ended
	Expired   Moment             // when the client was told that its session was gone, or gave it up
	Next      *Hold              // of the client, on the same key
}

// Writes is until when the hold kept others out who read, if it lasted until end; Always if
// it never did. A downgrade of which it is not known whether it happened counts: reading is
// the weaker state.
func (h *Hold) Writes(end time.Duration) time.Duration {
	switch {
	case h.Reads:
		return Always
	case h.Downgraded != nil:
		return min(end, h.Downgraded.Began())
	}
	return end
}

// goesOn says that no word has ended the hold so far.
func (h *Hold) goesOn() bool { return h.Ended == Open }

// known is the last time of asking at which the hold was known to last: an answer that took
// its time may have been true only when it was asked for.
func (h *Hold) known() time.Duration {
	at := h.Granted
	if h.Grant.F == history.FConfirm {
		at = h.Grant.Began()
	}
	if h.Confirmed == nil {
		return at
	}
	return max(at, h.Confirmed.Began())
}

// heard is when that answer came.
func (h *Hold) heard() time.Duration {
	if h.Confirmed == nil {
		return h.Granted
	}
	return max(h.Granted, h.Confirmed.Return.Time)
}

// lose ends the hold by a word that it is lost.
func (h *Hold) lose(at time.Duration, events ...int) {
	if h.goesOn() {
		h.Ended, h.Until, h.SureEvents = ByLoss, at, events
	}
}

// settle computes the ends, once all that was said is read. The record ends at end.
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

// believed is until the call of the release, or until the subject told of the loss; where
// neither is known, until the client was last told that it held.
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

// Belief are the events that show until when the client believed in the hold.
func (h *Hold) Belief() []int {
	witness := append(slices.Clone(h.Shown), h.Lost.Event, h.Exited.Event)
	if h.Release != nil {
		witness = append(witness, h.Release.Invoke.Index)
	}
	return append(witness, events(h.Confirmed)...)
}

// events are the indices of an operation's events; none without an operation.
func events(op *history.Operation) []int {
	switch {
	case op == nil:
		return nil
	case op.Return == nil:
		return []int{op.Invoke.Index}
	}
	return []int{op.Invoke.Index, op.Return.Index}
}
