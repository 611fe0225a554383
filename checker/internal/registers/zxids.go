package registers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// zxidOrder requires that versions and zxids explain everything: each version of the znode was made
// by one change, with a higher zxid than the one before; a compare-and-set found the value of the
// version before its own; and an operation that shows a version had not ended before the change
// that made this or an earlier version began. Since the servers commit one transaction after the
// other, linearizability requires no more than this if versions are known.
var zxidOrder = &frame.Property{
	Name:     "zxid-order",
	NoModel:  frame.Again,
	Meaning:  "each write changed the value that the previous write in the servers' order had left",
	Decider:  "one maker a version",
	Evidence: func(*evidence.Record) string { return "Z" },
	Applies:  anyZxid,
	Decide: onRegister(func(_ context.Context, f *frame.Finding, r *register) {
		f.Add(r.figures)
		decideZxids(f, r.Name, r)
	}),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := registerExercise(a, figures); missing != "" {
			return missing
		}
		return frame.Few(figures["steps"], 20, "changes whose version could be compared with the one before")
	},
}

// anyZxid reports whether the subject reports zxids: with its writes, or when it reads.
func anyZxid(a *evidence.Record) bool {
	for _, k := range a.Keys {
		for op := range k.EachOp() {
			if op.Outcome() != history.OK {
				continue
			}
			var read models.Reading
			if op.F == models.FRead {
				a.Decode(op.Return, &read)
			}
			if read.Mzxid != 0 || (op.F == models.FWrite || op.F == models.FCAS) && op.Return.Zxid != 0 {
				return true
			}
		}
	}
	return false
}

func decideZxids(f *frame.Finding, key string, r *register) {
	z := &versions{f: f, key: key, r: r, of: make([]state, len(r.values))}
	z.collect()
	if z.agree(); f.Result == frame.Violation {
		return
	}
	z.place()
	if f.Result == frame.Violation {
		return
	}
	z.follow()
	if z.rising(); f.Result == frame.Violation {
		return
	}
	z.decideTimes(z.placed)
	byZxid := z.byZxid()
	z.decideTimes(byZxid)
	if f.Result == frame.Violation {
		return
	}
	f.Count("ordered", float64(len(byZxid)-1))
	if z.fill(); f.Result != frame.Violation {
		z.untold()
	}
}

// versions holds what is known of a register's znode, value by value: every value is written once, so
// there is one state of the znode for each.
type versions struct {
	f      *frame.Finding
	key    string
	r      *register
	of     []state  // by value
	placed []*state // states whose version is known, in order of version
}

// state is the znode between two changes.
type state struct {
	value   int32
	zxid    history.ID // of the change that made it; 0: not known
	version int32
	known   bool // the version is known

	maker     *change // nil: not known, or the register begins with the value
	reads     []*look
	zxidBy    source
	versionBy source
}

// source shows a state: a change that makes it, a look at it, or the
// compare-and-set that found it.
type source struct {
	change *change
	look   *look
}

func (t source) events() []int {
	switch {
	case t.look != nil:
		return t.look.events()
	case t.change != nil:
		return evidence.EventsOf(t.change.op)
	}
	return nil
}

func (r *register) sourceName(t source) string {
	if t.look != nil {
		return r.seen(t.look)
	}
	return r.spanOf(t.change)
}

// began reports whether the state is the one that the znode begins with.
func (s *state) began() bool { return s.value == 0 }

// shows returns the events that show the place of the state among all states.
func (s *state) shows() []int {
	counterexample := append(s.zxidBy.events(), s.versionBy.events()...)
	if s.maker != nil {
		counterexample = append(counterexample, evidence.EventsOf(s.maker.op)...)
	}
	return counterexample
}

// made returns the events that made the state, or that show it.
func (s *state) made() []int {
	if s.maker != nil {
		return evidence.EventsOf(s.maker.op)
	}
	return s.versionBy.events()
}

// tell describes a state by the operation that made it or showed it.
func (z *versions) tell(s *state) string {
	switch {
	case s.maker != nil:
		return z.r.spanOf(s.maker)
	case s.versionBy.look != nil:
		return z.r.seen(s.versionBy.look)
	case s.zxidBy.look != nil:
		return z.r.seen(s.zxidBy.look)
	}
	return z.r.name(s.value)
}

// collect assigns changes and reads to the states that they make and show.
func (z *versions) collect() {
	for v := range z.of {
		z.of[v].value = int32(v)
	}
	z.of[0].known = true
	for _, c := range z.r.changes {
		z.of[c.to].maker = c
	}
	for _, l := range z.r.reads {
		z.of[l.value].reads = append(z.of[l.value].reads, l)
	}
}

// agree collects what operations show of each state. All of them must show the same
// version and zxid.
func (z *versions) agree() {
	for v := range z.of {
		s := &z.of[v]
		if c := s.maker; c != nil && c.acknowledged() {
			made := c.op.Return.Zxid
			z.take(s, source{change: c}, made, c.stated, c.stated != 0)
		}
		for _, l := range s.reads {
			z.take(s, source{look: l}, l.zxid, l.version, l.version != 0 || l == z.r.final && l.zxid != 0)
		}
	}
}

// take adds what one operation shows of a state.
func (z *versions) take(s *state, by source, zxid history.ID, version int32, known bool) {
	switch {
	case known && s.began() && version != 0:
		z.f.Violated(by.events(), "%s: %s shows the initial value, with version %d and zxid %s of a later write", z.key, z.r.sourceName(by), version, zxid)
	case known && !s.began() && version <= 0:
		z.f.Violated(by.events(), "%s: %s shows %s with version %d, though the znode begins with %s as version 0 and each write makes the next", z.key, z.r.sourceName(by), z.r.name(s.value), version, z.r.name(0))
	case zxid != 0 && s.zxid != 0 && zxid != s.zxid:
		z.contradict(by, s.zxidBy, "zxid "+zxid.String(), "zxid "+s.zxid.String())
	case known && s.known && version != s.version:
		z.contradict(by, s.versionBy, "version "+words.Number(int(version)), "version "+words.Number(int(s.version)))
	}
	if zxid != 0 && s.zxid == 0 {
		s.zxid, s.zxidBy = zxid, by
	}
	if known && !s.known {
		s.version, s.known, s.versionBy = version, true, by
	}
}

func (z *versions) contradict(by, before source, says, said string) {
	z.f.Violated(append(by.events(), before.events()...), "%s: %s came with %s, but %s with %s: it was written twice, or one of them is wrong",
		z.key, z.r.sourceName(by), says, z.r.sourceName(before), said)
}

// place sorts the states by their versions, each of which must occur once.
func (z *versions) place() {
	for v := range z.of {
		if s := &z.of[v]; s.known {
			z.placed = append(z.placed, s)
		}
	}
	slices.SortFunc(z.placed, func(x, y *state) int { return cmp.Compare(x.version, y.version) })
	for i, s := range z.placed[1:] {
		before := z.placed[i]
		if s.version == before.version {
			z.f.Violated(append(s.shows(), before.shows()...), "%s: %s and %s are both version %d: %s and %s",
				z.key, z.r.name(before.value), z.r.name(s.value), s.version, z.tell(before), z.tell(s))
		}
		if s.maker == nil && !s.began() {
			z.f.Violated(s.shows(), "%s: %s shows a value that no client had written", z.key, z.tell(s))
		}
	}
}

// follow checks that every compare-and-set found the value of the version before its own. If no read
// shows that version's value, the compare-and-set does.
func (z *versions) follow() {
	var found []*state // states whose version only a compare-and-set shows
	for i := len(z.placed) - 1; i > 0; i-- {
		for s := z.placed[i]; s != nil && s.maker != nil && s.maker.from != noValue && z.f.Result != frame.Violation; {
			was := &z.of[s.maker.from]
			before := z.placed[i-1]
			switch {
			case was.known && was.version == s.version-1:
				was = nil // the compare-and-set found the right value
			case was.known:
				z.f.Violated(append(s.shows(), was.shows()...), "%s: %s made version %d, so %s would have been version %d, but it was version %d",
					z.key, z.tell(s), s.version, z.r.name(was.value), s.version-1, was.version)
			case before.version == s.version-1:
				z.f.Violated(append(s.shows(), before.shows()...), "%s: %s made version %d, though what was there then, version %d, was %s",
					z.key, z.tell(s), s.version, before.version, z.r.name(before.value))
			case was.maker == nil:
				z.f.Violated(s.shows(), "%s: %s made version %d, though no client had written %s", z.key, z.tell(s), s.version, z.r.name(was.value))
			default:
				was.known, was.version, was.versionBy = true, s.version-1, source{change: s.maker}
				found = append(found, was)
			}
			s = was
		}
	}
	z.placed = append(z.placed, found...)
	slices.SortFunc(z.placed, func(x, y *state) int { return cmp.Compare(x.version, y.version) })
}

// rising checks that zxids rise with versions, by at least one for each version.
func (z *versions) rising() {
	last := z.placed[0] // the last state with a known zxid; the zxid of the first state is at least 0
	for i, s := range z.placed {
		if i > 0 && s.version == z.placed[i-1].version+1 {
			z.f.Count("steps", 1)
		}
		if i == 0 || s.zxid == 0 {
			continue
		}
		// Zxids are compared as unsigned numbers, as the servers print them.
		if uint64(s.zxid) <= uint64(last.zxid) || uint64(s.zxid)-uint64(last.zxid) < uint64(s.version-last.version) {
			z.f.Violated(append(s.shows(), last.shows()...), "%s: %s made version %d with zxid %s, though version %d has zxid %s: each version has a higher one than that before",
				z.key, z.tell(s), s.version, s.zxid, last.version, last.zxid)
			return
		}
		last = s
	}
	sorted := z.byZxid()
	for i := 1; i < len(sorted); i++ {
		if s, before := sorted[i], sorted[i-1]; s.zxid == before.zxid {
			z.f.Violated(append(s.shows(), before.shows()...), "%s: %s and %s have the same zxid %s", z.key, z.tell(before), z.tell(s), s.zxid)
			return
		}
	}
}

// byZxid returns the first state, followed by the states with known zxids in order of
// zxid.
func (z *versions) byZxid() []*state {
	of := []*state{&z.of[0]}
	for v := range z.of[1:] {
		if s := &z.of[v+1]; s.zxid != 0 {
			of = append(of, s)
		}
	}
	slices.SortStableFunc(of[1:], func(x, y *state) int { return cmp.Compare(uint64(x.zxid), uint64(y.zxid)) })
	return of
}

// ending is the first end of all operations that show a state or a later one.
type ending struct {
	at time.Duration
	by source
	of *state
}

// first returns the earliest end of the operations that show the state itself.
func (s *state) first() ending {
	e := ending{at: evidence.Never, of: s}
	if s.maker != nil {
		e.at, e.by = s.maker.ret(), source{change: s.maker}
	}
	for _, l := range s.reads {
		if l.ret < e.at {
			e.at, e.by = l.ret, source{look: l}
		}
	}
	return e
}

// endings returns, for each of some states in order, the first end of all operations that show it or a
// later one, followed by never.
func endings(states []*state) []ending {
	first := make([]ending, len(states)+1)
	first[len(states)].at = evidence.Never
	for i := len(states) - 1; i >= 0; i-- {
		if first[i] = states[i].first(); first[i+1].at <= first[i].at {
			first[i] = first[i+1]
		}
	}
	return first
}

// decideTimes checks, for states in order, that no operation that shows a state had ended before the
// change that made it or an earlier one began, or before a fenced read of an earlier state began. A
// state's moments come from intervals, so if this holds, there are moments that fit all states.
func (z *versions) decideTimes(states []*state) {
	first := endings(states)
	for i, s := range states {
		if c := s.maker; c != nil && first[i].at < c.inv() {
			z.tooEarly(s, source{change: c}, first[i])
			return
		}
		for _, l := range s.reads {
			if l.kind == models.ReadFenced && first[i+1].at < l.inv {
				z.tooEarly(s, source{look: l}, first[i+1])
				return
			}
		}
	}
}

func (z *versions) tooEarly(s *state, late source, e ending) {
	counterexample := slices.Concat(e.by.events(), late.events(), s.shows(), e.of.shows())
	if e.of == s {
		z.f.Violated(counterexample, "%s: %s had ended before %s began", z.key, z.r.sourceName(e.by), z.r.sourceName(late))
		return
	}
	z.f.Violated(counterexample, "%s: %s had ended before %s began, though by %s it comes after that",
		z.key, z.r.sourceName(e.by), z.r.sourceName(late), order(s, e.of))
}

// order names the zxids or versions by which one state comes before another.
func order(s, later *state) string {
	if s.zxid != 0 && later.zxid != 0 {
		return fmt.Sprintf("their zxids, %s and %s,", later.zxid, s.zxid)
	}
	return fmt.Sprintf("their versions, %d and %d,", later.version, s.version)
}

// untold checks whether a verdict without a violation is enough, although some states
// have no known version.
func (z *versions) untold() {
	missing, told := 0, 0
	for v := range z.of[1:] {
		s := &z.of[v+1]
		switch {
		case s.known:
			told++
		case len(s.reads) > 0 || s.maker != nil && s.maker.acknowledged():
			missing++
		}
	}
	switch {
	case missing > 0 && told == 0:
		z.f.Unknown("the subject reports zxids but not the versions that its writes made, so a write that is missing between two cannot be detected")
	case missing > 0:
		z.f.Unknown("the subject does not report all versions that its writes made, so a write that is missing between two cannot be detected")
	}
}
