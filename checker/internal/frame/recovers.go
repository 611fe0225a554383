package frame

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// Recovers requires that no subject fails for ever because a session of its client ended. Every object
// has it. It is decided only if a client got a new subject (history.FRenewed): the workload gives it
// one if the old one answered nothing for longer than the bound after the heal.
//
// That a client is refused for ever is not yet a violation: it may have voted, another client may lead, or
// everything may be sold out. It is one if only the old subject was in the way:
//
//   - The client was answered, then a session ended that it used for the object, and nothing was refused before that
//     while the client was connected. An operation that settles (models.Operation) needs no answer before.
//   - Since then each call failed with an error that the operation does not declare, even after the
//     heal, and for longer than a session lasts.
//   - A new subject of the same client was answered. No other client called anything between the last call of the old
//     subject and that answer, so only the subject had changed.
//   - After that another client, which had been answered before, was answered again: the new subject did not take
//     anything away from it, such as the last item or the lead.
var Recovers = &Property{
	Name:     "recovers",
	NoModel:  Timed,
	Meaning:  "no subject failed for ever after a session of its client had ended",
	Common:   true,
	Liveness: true,
	Decider:  "calls of new subjects",
	Evidence: FromSessions,
	Applies: func(a *evidence.Record) bool {
		return !a.Foreign && slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(k.Renewed()) > 0 })
	},
	Decide: func(_ context.Context, k *evidence.Key) (f Finding) {
		decideRecovers(&f, k)
		return f
	},
}

func decideRecovers(f *Finding, k *evidence.Key) {
	all := k.Renewed()
	var alone []*dead
	for i, e := range all {
		if slices.ContainsFunc(all[:i], func(other *history.Event) bool { return other.Client == e.Client }) {
			continue // its calls before belong to another new subject
		}
		f.Count("new_subjects", 1)
		for _, d := range deadAt(k, e) {
			if d.control(k); d.other == nil {
				alone = append(alone, d)
				continue
			}
			f.Violated(d.counterexample(k), "%s", d.say(k))
			break
		}
	}
	if f.Result != "" || len(alone) == 0 {
		return
	}
	if d := alone[0]; d.all(k, alone) {
		f.Unknown("%s of %s failed for every client since a session of it had ended, though new subjects were answered: %s", d.f, k.Name, advice.Survivors.Text())
	}
}

// dead is an operation that a client's old subject no longer answered, although its new
// subject did.
type dead struct {
	client  int
	f       string
	last    *history.Operation   // the last call that was answered; for one that settles, the client's first call if none was answered
	session *evidence.Session    // the session whose end came after that call
	ended   time.Duration        // when the session ended
	since   []*history.Operation // the calls that were not answered, after the end
	renewed *history.Event
	fresh   *history.Operation // the answered call of the new subject
	before  *history.Operation // the last call of another client that was answered before fresh
	other   *history.Operation // a call of that other client that was answered after fresh
}

// deadAt returns the operations that a client's old subject did not answer and its new subject did.
func deadAt(k *evidence.Key, renewed *history.Event) (all []*dead) {
	of := map[string]*dead{}
	var first *history.Operation
	for _, op := range k.Ops() {
		o := k.Object.Operation(op.F)
		if op.Client == renewed.Client && first == nil {
			first = op
		}
		if op.Client != renewed.Client || o.Local || o.Ends || o.Affirms {
			continue
		}
		d := of[op.F]
		if d == nil {
			d = &dead{client: op.Client, f: op.F, renewed: renewed}
			if o.Settles {
				d.last = first
			}
			of[op.F], all = d, append(all, d)
		}
		d.add(k, op)
	}
	return slices.DeleteFunc(all, func(d *dead) bool { return !d.caused(k) || !d.lasting(k) || !d.undisturbed(k) })
}

// add follows one call.
func (d *dead) add(k *evidence.Key, op *history.Operation) {
	switch after := op.Invoke.Index > d.renewed.Index; {
	case after && d.fresh == nil && answered(k, op):
		d.fresh = op
	case after:
	case answered(k, op):
		d.last, d.since = op, nil
	default:
		d.since = append(d.since, op)
	}
}

// answered reports whether a call was answered. A call that may begin a stay counts as answered if
// it begins one.
func answered(k *evidence.Key, op *history.Operation) bool {
	begins := k.Object.Operation(op.F).Begins
	switch op.Outcome() {
	case history.OK:
		return !begins || string(op.Return.Value) != "false"
	case history.Fail:
		return !begins && op.Return.Error != nil && op.Return.Error.Code == history.CodeRefused
	}
	return false
}

// caused finds the session whose end came between the last answer and the first refusal, or the end of the process.
func (d *dead) caused(k *evidence.Key) bool {
	if d.last == nil || d.fresh == nil || len(d.since) == 0 {
		return false
	}
	if at, _ := k.EndOf(k.LifeOf(d.last)); k.LifeOf(d.last) != k.LifeOf(d.since[0]) {
		d.ended = at
		return true
	}
	end := d.last.Invoke.Index
	if d.last.Return != nil {
		end = d.last.Return.Index
	}
	for _, s := range k.UsedFor(d.client, k.Name) {
		over := s.OverFor()
		if s.Life != k.LifeOf(d.last) || s.First > end || over <= d.last.Began() || over == evidence.Never {
			continue
		}
		if !slices.ContainsFunc(d.since, func(op *history.Operation) bool { return refusedBefore(k, op, over) }) {
			d.session, d.ended = s, over
			return true
		}
	}
	return false
}

// refusedBefore reports whether a call failed by a time, and not for want of a connection.
func refusedBefore(k *evidence.Key, op *history.Operation, t time.Duration) bool {
	if op.Return == nil || op.Return.Time >= t {
		return false
	}
	code := ""
	if op.Return.Error != nil {
		code = op.Return.Error.Code
	}
	return code != history.CodeTimeout && code != history.CodeCancelled && k.ConnectedThroughout(op.Client, evidence.Span{From: op.Began(), To: op.Return.Time})
}

// lasting drops the calls from before the session's end, and reports whether the rest went on for long enough:
// over at least a session timeout, with the last one after the heal.
func (d *dead) lasting(k *evidence.Key) bool {
	d.since = slices.DeleteFunc(slices.Clone(d.since), func(op *history.Operation) bool { return op.Began() < d.ended })
	n := len(d.since)
	return n >= 2 && d.since[n-1].Began() >= k.Phase(history.PhaseQuiesce) &&
		d.since[n-1].Began()-d.since[0].Began() >= k.Params.SessionTimeout
}

// undisturbed reports whether no other client called anything from the last call of the old subject to
// the answer of the new one.
func (d *dead) undisturbed(k *evidence.Key) bool {
	from, to := d.since[len(d.since)-1].Invoke.Index, d.fresh.Return.Index
	return !slices.ContainsFunc(k.Ops(), func(op *history.Operation) bool {
		return op.Client != d.client && op.Invoke.Index < to && (op.Return == nil || op.Return.Index > from)
	})
}

// control finds a call that another client's old subject answered after the new one had, as it had answered before.
func (d *dead) control(k *evidence.Key) {
	before := map[int]*history.Operation{}
	for _, op := range k.Ops() {
		switch {
		case op.F != d.f || op.Client == d.client || k.OfNew(op) || !answered(k, op):
		case op.Return.Index < d.renewed.Index:
			before[op.Client] = op
		case op.Invoke.Index > d.fresh.Return.Index && before[op.Client] != nil:
			d.before, d.other = before[op.Client], op
			return
		}
	}
}

// all reports whether the operation is dead for all clients that were ever answered.
func (d *dead) all(k *evidence.Key, alone []*dead) bool {
	shows := map[int]bool{} // clients that were answered and may not be dead
	for _, op := range k.Ops() {
		shows[op.Client] = shows[op.Client] || op.F == d.f && answered(k, op)
	}
	for _, o := range alone {
		shows[o.client] = shows[o.client] && o.f != d.f
	}
	for client, is := range shows {
		if is && !d.lost(k, client) {
			return false
		}
	}
	return true
}

// lost reports whether another client, which was answered before, lost its session too before it was asked after the
// new subject: that it was not answered then does not show that the new subject took something away.
func (d *dead) lost(k *evidence.Key, client int) bool {
	o := &dead{client: client, f: d.f, fresh: d.fresh}
	for _, op := range k.Ops() {
		switch {
		case op.F != d.f || op.Client != client || k.OfNew(op):
		case answered(k, op):
			o.last, o.since = op, nil
		case op.Invoke.Index > d.fresh.Return.Index:
			o.since = append(o.since, op)
		}
	}
	return o.caused(k)
}

func (d *dead) counterexample(k *evidence.Key) (events []int) {
	if s := d.session; s != nil && s.ExpiredEvent >= 0 {
		events = append(events, s.ToldBy()...)
	}
	if made := d.made(k); made != nil {
		events = append(events, made.Index)
	}
	for _, op := range []*history.Operation{d.last, d.since[0], d.since[len(d.since)-1], d.before, d.fresh, d.other} {
		events = append(events, evidence.EventsOf(op)...)
	}
	return append(events, d.renewed.Index)
}

// made returns the fact that New made the subject that refused the calls, before the client had a session; nil if it
// did not.
func (d *dead) made(k *evidence.Key) (made *history.Event) {
	for _, e := range k.Facts {
		if e.F == history.FMade && e.Client == d.client && e.Time >= d.ended && e.Index < d.since[len(d.since)-1].Invoke.Index {
			made = e
		}
	}
	return made
}

func (d *dead) say(k *evidence.Key) string {
	what := "session"
	if d.session == nil {
		what = "process"
	}
	n := len(d.since)
	return fmt.Sprintf("client %d's %s ended at %s; since then each of its %s of %s on %s failed with %s, the last at %s, while a new subject of it was answered at %s, and client %d at %s",
		d.client, what, words.At(d.ended), prose.Count(n, "call"), d.f, k.Name, why(d.since[n-1]), words.At(d.since[n-1].Began()),
		words.At(d.fresh.Return.Time), d.other.Client, words.At(d.other.Return.Time))
}

// why returns the error of a call.
func why(op *history.Operation) string {
	switch {
	case op.Return == nil:
		return "no answer"
	case op.Return.Error == nil:
		return "the answer " + printable.Text(string(op.Return.Value), 80)
	}
	return printable.Text(op.Return.Error.Message, 200)
}
