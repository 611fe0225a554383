package holds

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// follower follows the clients on one key, one after another.
type follower struct {
	r     *Reader
	key   string
	holds []*Hold
	last  *Hold // the client's newest hold, ended or not; nil if there is none
}

func (f *follower) take(m moment) {
	switch {
	case m.lost != nil:
		f.loss(m.lost)
	case m.acquire != nil:
		var g models.Grant
		f.r.Decode(m.acquire.Return, &g)
		f.begin(m.acquire, g.Token, m.acquire.Began())
		f.last.Reads = f.reads(m.acquire)
	case m.downgrade != nil:
		f.downgrade(m.downgrade)
	case m.statement.ends:
		f.release(m.statement.Op, m.statement.holdsStill())
	default:
		f.confirm(m.statement)
	}
}

// begin adds the hold that an operation grants or reports. more are further events that show that
// it differs from the previous hold.
func (f *follower) begin(op *history.Operation, token history.ID, asked time.Duration, more ...int) {
	var resumed *Hold
	claimed := f.r.Object.Operation(op.F).Affirms
	if f.last != nil && f.last.Ended == ByExpiry && claimed {
		resumed = f.last
	}
	h := &Hold{
		Key: f.key, Client: op.Client, Token: token, Grant: op, Claimed: claimed,
		Asked: asked, Granted: op.Return.Time, Shown: events(op),
		Until: Never, Sure: Never, Over: Never, Watched: Never, Denied: Never, Lost: None,
		// An end before the call belongs to another process.
		Exited: f.r.Evidence.Exited(op.Client, op.Began()), Expired: f.r.Evidence.Expired(op, resumed),
	}
	if len(more) > 0 {
		h.Shown = append(h.Shown, more...)
		slices.Sort(h.Shown)
		h.Shown = slices.Compact(h.Shown)
	}
	if f.last != nil {
		f.last.Next = h
		h.Reads = f.last.Reads || f.last.Downgraded != nil
	}
	f.last = h
	f.holds = append(f.holds, h)
}

// reads reports whether an acquire is for reading.
func (f *follower) reads(op *history.Operation) bool {
	var w models.Wish
	if len(op.Invoke.Value) > 0 {
		f.r.Decode(op.Invoke, &w)
	}
	return w.Mode == models.ToRead
}

// downgrade records that the hold, if it has not ended, is for reading from now on.
func (f *follower) downgrade(op *history.Operation) {
	if h := f.last; h != nil && h.goesOn() && h.Downgraded == nil && op.Outcome() != history.Fail {
		h.Downgraded = op
	}
}

// release ends the hold if the subject still held when asked at the invocation. If it did not, it
// may have given the hold up earlier, by itself.
func (f *follower) release(op *history.Operation, held bool) {
	h := f.last
	if h != nil {
		h.Watched = min(h.Watched, op.Began())
	}
	if h == nil || held && op.Outcome() == history.Fail { // no effect: the hold goes on
		return
	}
	switch {
	case !held:
		h.lose(op.Began(), op.Invoke.Index)
	case h.goesOn():
		h.Ended, h.Until = ByRelease, op.Began()
		h.Sure, h.SureEvents = op.Began(), []int{op.Invoke.Index}
		if f.r.Remote {
			// The harness may not have heard of the loss yet. The client certainly held when it last said so.
			h.Sure, h.SureEvents = h.known(), append(h.SureEvents, events(h.Confirmed)...)
		}
	}
	if held && (h.Release == nil || op.Began() < h.Release.Began()) {
		h.Release = op
	}
	if op.Return != nil {
		h.Over = min(h.Over, op.Return.Time)
	}
	if op.Outcome() == history.OK && (h.Released == nil || op.Return.Time < h.Released.Return.Time) {
		h.Released = op
	}
}

func (f *follower) loss(e *history.Event) {
	var v history.LostHold
	f.r.Decode(e, &v)
	h := f.last
	if h == nil || v.Token != 0 && h.Token != 0 && v.Token != h.Token {
		return // news of an earlier hold
	}
	if e.Time < h.Lost.At {
		h.Lost = Moment{e.Time, e.Index}
	}
	h.lose(e.Time, e.Index)
}

// confirm handles an answer to "do you still hold?". A yes without a hold, or with another token,
// opens a hold: a leader that leads again without a call. So does a yes long after the client was
// told that the session ended, or gave it up: the expiry no longer explains such a claim.
func (f *follower) confirm(s *Statement) {
	h, op := f.last, s.Op
	switch {
	case !s.Held:
		f.denial(op)
	case h == nil:
		f.begin(op, s.Token, Always)
	case h.Ended == ByLoss && op.Began() <= h.Lost.At && h.Lost != None && s.Token == h.Token:
		h.Confirmed = op // asked before the loss was reported, so it is about the time before
	case !h.goesOn() || s.Token != 0 && h.Token != 0 && s.Token != h.Token:
		f.begin(op, s.Token, h.known(), slices.Concat(h.Shown, h.SureEvents, events(h.Confirmed))...)
	case h.Expired != None && f.r.Evidence.Knows(h, op.Began()):
		h.Ended, h.Until = ByExpiry, op.Return.Time
		h.Sure, h.SureEvents = h.Expired.At, []int{h.Expired.Event}
		asked := h.Expired.At
		if f.r.Evidence.Resumes(h, op.Began()) { // it may be the earlier grant
			asked = h.Asked
		}
		f.begin(op, s.Token, asked, h.Expired.Event)
	default:
		h.Confirmed = op
	}
}

// denial handles a no.
func (f *follower) denial(op *history.Operation) {
	if h := f.last; h != nil && h.goesOn() {
		h.lose(op.Return.Time, events(op)...)
		h.Denied = op.Return.Time
	}
}
