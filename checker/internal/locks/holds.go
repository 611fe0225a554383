package locks

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// hold is a hold as its client saw it, with what is known of its session. It began at
// some moment in [Asked,Granted] and ended at some moment in [x,e].
type hold struct {
	*holds.Hold
	id        int
	parts     []string      // the parts of the key that the hold covers, sorted; none means all of it
	x, e      time.Duration // earliest and latest end
	came      time.Duration // when its client may have come for it: see [firstAsked]
	endEvents []int         // events that show its earliest end
	death     evidence.Death
	// resumes means that this hold continues the previous hold of the same client, whose session is
	// uncertain: it could belong to another session until its client knew that session to be over.
	// Both holds are one grant, with one token, and the end of the grant is recorded in the one
	// that resumes. resumed means that a later hold continues this one.
	resumes, resumed bool
}

// core reports whether the hold certainly lasted from its grant to x.
func (h *hold) core() bool { return h.x >= h.Granted }

// cameBefore reports whether an earlier call than the granted one may have made the contender.
func (h *hold) cameBefore() bool { return h.came < h.Asked }

// invoked returns when the first release began that found the hold held and may have
// taken effect.
func (h *hold) invoked() time.Duration {
	if h.Release == nil {
		return evidence.Never
	}
	return h.Release.Began()
}

// released returns when a release succeeded, and its events.
func (h *hold) released() (time.Duration, []int) {
	if h.Released == nil {
		return evidence.Never, nil
	}
	return h.Released.Return.Time, evidence.EventsOf(h.Released)
}

// idleFrom returns the time from which no client has a reason to wait for this hold: the holder gave it
// up, learned of its loss, or learned that its session had ended. A hold whose holder crashed lasts
// until its session ends; that time is part of the bound.
func (h *hold) idleFrom() time.Duration {
	end := min(h.Over, h.Lost.At, h.Exited.At, h.death.By)
	if s := h.death.OverAtLast(); s != nil {
		end = min(end, s.Expired)
	}
	if h.Ended == holds.ByExpiry { // it may continue as another hold
		end = min(end, h.Until)
	}
	return max(end, h.Granted)
}

// dead returns when the hold's session was known to be dead; never if it was not.
func (h *hold) dead() time.Duration {
	if s := h.death.OverAtLast(); s != nil {
		return min(h.death.By, s.Expired)
	}
	if h.death.Newest == nil {
		return evidence.Never
	}
	return h.death.By
}

// grace bounds how long a client may still claim to hold after it was told
// that its session expired.
const grace = time.Second

// held records which client held a key when.
type held struct {
	holds []*hold
	read  holds.Key
}

var heldOf = evidence.OncePerKey(readHolds)

// holdsOf returns the holds of a key, by the acquire's return.
func holdsOf(k *evidence.Key) []*hold { return heldOf(k).holds }

// statementsOf lists the answers of clients about a key, in order of invocation.
func statementsOf(k *evidence.Key) []holds.Statement {
	return heldOf(k).read.Statements
}

func readHolds(k *evidence.Key) held {
	sessions := holderSessions{k.Record, map[*history.Operation]evidence.Death{}}
	offers := offersOf(k.Record)
	r := holds.Reader{Object: k.Object, Evidence: sessions, Decode: k.Decode, Remote: offers.Remote && offers.TellsLost, End: k.End}
	lost := slices.DeleteFunc(slices.Clone(k.Facts), func(e *history.Event) bool { return e.F != history.FLost })
	of := held{read: r.Read(k.Name, k.Ops(), lost)}
	for i, h := range of.read.Holds {
		of.holds = append(of.holds, newHold(i, h, sessions.deaths[h.Grant]))
		endWithMarks(k, of.holds[i])
	}
	markCame(k, of.holds)
	markResumed(of.holds)
	if k.Object.Parts {
		readParts(k, of.holds)
	}
	return of
}

// markCame determines when the client of each hold may have come for it.
func markCame(k *evidence.Key, all []*hold) {
	first := firstAsked(k)
	for _, h := range all {
		if h.came = h.Asked; first[h.Grant] != nil {
			h.came = min(h.came, first[h.Grant].Began())
		}
	}
}

// firstAsked maps each acquire that follows others of its client to the first in that row: calls of
// unknown outcome may have left a contender in line, and a later call takes its place.
func firstAsked(k *evidence.Key) map[*history.Operation]*history.Operation {
	of, open := map[*history.Operation]*history.Operation{}, map[evidence.Life]*history.Operation{}
	for _, op := range k.Ops() {
		life := k.LifeOf(op)
		switch {
		case op.F == models.FRelease && op.Outcome() != history.Fail:
			delete(open, life)
		case op.F != models.FAcquire:
		case op.Outcome() == history.Info:
			if first := open[life]; first == nil {
				open[life] = op
			} else {
				of[op] = first
			}
		default:
			if first := open[life]; first != nil {
				of[op] = first
			}
			delete(open, life)
		}
	}
	return of
}

// markResumed marks the holds that continue the one before them.
func markResumed(all []*hold) {
	next := map[*holds.Hold]*hold{}
	for _, h := range all {
		if h.Ended == holds.ByExpiry && h.Next != nil {
			next[h.Next] = h
		}
	}
	for _, h := range all {
		before := next[h.Hold]
		if before == nil {
			continue
		}
		h.Shown = evidence.Indices(append(h.Shown, before.told(h.Granted)...)...)
		if before.death.GoesOn() && before.Token == h.Token && sameNode(before, h) {
			h.resumes, before.resumed = true, true
			h.Shown = evidence.Indices(append(h.Shown, before.Shown...)...)
		}
	}
}

// told returns the events by which the client knew by t that sessions of the hold are over.
func (h *hold) told(t time.Duration) (by []int) {
	for _, s := range h.death.Owners {
		if s.Expired <= t {
			by = append(by, s.ToldBy()...)
		}
	}
	return by
}

// granted returns the holds that were granted, without those that continue another one.
func granted(all []*hold) []*hold {
	return slices.DeleteFunc(slices.Clone(all), func(h *hold) bool { return h.resumes })
}

// ticket returns the hold's token; 0 if it has none, or if it continues another hold.
func (h *hold) ticket() history.ID {
	if h.resumes {
		return 0
	}
	return h.Token
}

// holderSessions provides the evidence about the sessions in which clients hold.
type holderSessions struct {
	a      *evidence.Record
	deaths map[*history.Operation]evidence.Death // by the operation that shows the hold
}

// Exited implements holds.Evidence.
func (s holderSessions) Exited(client int, t time.Duration) holds.Moment {
	at, event := s.a.ExitAfter(client, t)
	return holds.Moment{At: at, Event: event}
}

// Expired implements holds.Evidence.
func (s holderSessions) Expired(op *history.Operation, resumed *holds.Hold) holds.Moment {
	d := s.a.DeathOf(op)
	if resumed != nil && s.Resumes(resumed, op.Began()) {
		d = s.a.DeathIn(s.deaths[resumed.Grant].Newest)
	}
	s.deaths[op] = d
	if over := d.Over(); over != nil {
		return holds.Moment{At: over.Expired, Event: over.ExpiredEvent}
	}
	return holds.None
}

// Resumes implements holds.Evidence.
func (s holderSessions) Resumes(h *holds.Hold, t time.Duration) bool {
	d := s.deaths[h.Grant]
	return d.GoesOn() && !s.knows(h, d.Newest, t)
}

// Knows implements holds.Evidence. Time in which the client could do nothing is not counted.
func (s holderSessions) Knows(h *holds.Hold, t time.Duration) bool {
	return s.knows(h, s.deaths[h.Grant].Over(), t)
}

// knows reports whether the client of a hold must know at t that one of its sessions is over.
func (s holderSessions) knows(h *holds.Hold, of *evidence.Session, t time.Duration) bool {
	since := evidence.Span{From: of.Expired, To: t}
	return of.Expired < t && s.a.Knew(h.Client, of, since) > grace+s.a.Stalled(since)
}

// newHold computes the ends of a hold whose session's death is known.
func newHold(id int, read *holds.Hold, d evidence.Death) *hold {
	h := &hold{Hold: read, id: id, x: read.Sure, endEvents: read.SureEvents, death: d}
	if d.From < h.x {
		h.x, h.endEvents = d.From, nil
	}
	h.endEvents = append(slices.Clone(h.endEvents), d.ShownAt(h.x)...)
	released, _ := h.released()
	h.e = min(released, d.By)
	if h.e < h.x && !d.Contradictory {
		h.x = h.e // only a tie of clocks can cause this
	}
	return h
}

// shown returns the events that show the hold up to its earliest end.
func (h *hold) shown() []int {
	return evidence.Indices(append(slices.Clone(h.Shown), h.endEvents...)...)
}

// certain returns text for the interval in which the hold certainly lasted.
func (h *hold) certain() string {
	if h.x == evidence.Never {
		return "from " + words.At(h.Granted) + " to the end"
	}
	return "from " + words.At(h.Granted) + " until at least " + words.At(h.x)
}

// usable returns the holds whose evidence does not contradict itself. If there are
// others, it makes the finding unknown.
func usable(f *frame.Finding, all []*hold) []*hold {
	ok := make([]*hold, 0, len(all))
	for _, h := range all {
		if h.death.Contradictory {
			f.Unknown("the evidence about the session of a hold contradicts itself")
			continue
		}
		ok = append(ok, h)
	}
	return ok
}

// figuresOf returns the figures for the exercise conditions of holds.
var figuresOf = evidence.OncePerKey(countHolds)

func countHolds(k *evidence.Key) map[string]float64 {
	figures := heldFigures(k)
	cores := byPart(coresOf(holdsOf(k)))
	figures["contended"] = 0
	for _, op := range contended(k, cores) {
		frame.TallyCall(figures, k.Record, "contended", op)
	}
	return figures
}

// heldFigures returns how many holds there were, and how long they lasted.
func heldFigures(k *evidence.Key) map[string]float64 {
	all := holdsOf(k)
	figures := map[string]float64{"holds": float64(len(granted(all)))}
	for _, h := range all {
		until := min(h.Sure, h.dead(), h.Exited.At, k.End)
		if h.core() {
			figures["cores"]++
			figures["core_seconds"] += max(0, min(h.x, k.End)-h.Granted).Seconds()
		} else {
			figures["floating"]++
		}
		// A client that can do nothing can prove nothing.
		figures["held_seconds"] += max(0, k.Present(h.Client, evidence.Span{From: h.Granted, To: max(h.Granted, until)})).Seconds()
		if d := min(h.dead(), h.Exited.At); !h.resumed && d < h.invoked() && d != evidence.Never {
			figures["ended_by_death"]++
		}
	}
	return figures
}

// contended returns the acquires that met another client that certainly held what they ask for,
// before or while they waited: each of them could have been granted wrongly.
func contended(k *evidence.Key, cores map[string][]*hold) (met []*history.Operation) {
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Outcome() == history.Fail && !declined(op) {
			continue
		}
		if slices.ContainsFunc(askedFor(k, op), func(part string) bool { return meets(op, cores[part]) }) {
			met = append(met, op)
		}
	}
	return met
}

// meets reports whether an acquire met one of some cores, in order, of another client.
func meets(op *history.Operation, cores []*hold) bool {
	until := evidence.Ended(op)
	i, _ := slices.BinarySearchFunc(cores, until, func(h *hold, t time.Duration) int { return cmp.Compare(h.Granted, t) })
	return i > 0 && cores[i-1].Granted < until && op.Began() < cores[i-1].x && cores[i-1].Client != op.Client
}
