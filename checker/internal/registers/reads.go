package registers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// plainReads requires what must hold even for a read that may be old: within a session, the values
// that are read or written never become older (single system image, Programmer's Guide, Consistency
// Guarantees), and no value is read that no client had begun to write. A new session may go back.
// How old values were is measured.
var plainReads = &frame.Property{
	Name:     "plain-reads",
	NoModel:  frame.Again,
	Meaning:  "no session saw an older value than before, or its own write undone",
	Decider:  "sweep over sessions",
	Evidence: func(*evidence.Record) string { return "SZ" },
	Decide: onRegister(func(_ context.Context, f *frame.Finding, r *register) {
		f.Add(r.figures)
		decideWritten(f, r.Name, r, models.ReadPlain, models.ReadSync)
		decideSessions(f, r.Name, r)
		for _, l := range r.reads {
			if l.kind != models.ReadPlain {
				continue
			}
			f.CountCall(r.Record, "plain", l.op)
			f.Count("stale", 0)
			if age, _ := r.over.age(l); age > 0 {
				measureAge(f, age)
			}
		}
	}),
	Exercise: readExercise("plain", "plain reads"),
	Derive:   staleShare("plain"),
}

// readExercise requires reads of a kind, and other clients that changed something
// meanwhile.
func readExercise(figure, of string) func(*evidence.Record, map[string]float64) string {
	return func(a *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures[figure], 20, of); missing != "" {
			return missing
		}
		return registerExercise(a, figures)
	}
}

// measureAge counts a read of a value that had been overwritten for that long.
func measureAge(f *frame.Finding, age time.Duration) {
	f.Count("stale", 1)
	if f.Figures["longest_stale_ms"] < float64(age)/float64(time.Millisecond) {
		f.Figures["longest_stale_ms"] = float64(age) / float64(time.Millisecond)
	}
}

// staleShare derives the share of stale reads of a kind.
func staleShare(kind string) func(map[string]float64) {
	return func(figures map[string]float64) {
		if n := figures[kind]; n > 0 {
			figures["stale_share"] = figures["stale"] / n
		}
	}
}

// observation is what a session has seen of a register: a read, or a change of its own.
type observation struct {
	begun  int     // index of its invocation: a client calls one operation after the other
	change *change // the change that made the value; nil: the register began with it, or the change is not known
	zxid   history.ID
	look   *look // nil: the session's own change
}

func (s *observation) events() []int {
	if s.look != nil {
		return s.look.events()
	}
	return evidence.EventsOf(s.change.op)
}

func (r *register) hadSeen(s *observation) string {
	if s.look != nil {
		return "it had seen " + r.name(s.look.value) + " already, by " + r.seen(s.look)
	}
	return "it had written " + r.name(s.change.to) + " itself, by " + r.spanOf(s.change)
}

// decideSessions checks that no session goes back.
func decideSessions(f *frame.Finding, key string, r *register) {
	of := map[history.ID][]*observation{}
	for _, c := range r.changes {
		if s := r.within(c.op); c.acknowledged() && s != 0 {
			of[s] = append(of[s], &observation{begun: c.op.Invoke.Index, change: c, zxid: c.zxid})
		}
	}
	for _, l := range r.reads {
		if l.op == nil {
			continue
		}
		if s := r.within(l.op); s != 0 {
			of[s] = append(of[s], &observation{begun: l.op.Invoke.Index, change: r.writer[l.value], zxid: l.zxid, look: l})
		}
	}
	for _, s := range slices.Sorted(maps.Keys(of)) {
		seen := of[s]
		slices.SortFunc(seen, func(x, y *observation) int { return cmp.Compare(x.begun, y.begun) })
		decideSession(f, key, r, s, seen)
	}
}

// within returns the only session that an operation can have used; 0 if there were two, or none is
// known.
func (r *register) within(op *history.Operation) history.ID {
	if in := r.Only(op); in != nil && op.Return != nil {
		return in.ID
	}
	return 0
}

// decideSession goes through what one session saw, in order.
func decideSession(f *frame.Finding, key string, r *register, session history.ID, seen []*observation) {
	var newest, latest *observation // the newest by zxid, and by when the change began that made the value
	for _, s := range seen {
		switch {
		case s.look == nil:
		case newest != nil && s.zxid != 0 && s.zxid < newest.zxid:
			r.wentBack(f, key, session, s, newest)
		case latest != nil && s.endedBefore(latest.change):
			r.wentBack(f, key, session, s, latest)
		}
		if s.zxid != 0 && (newest == nil || s.zxid > newest.zxid) {
			newest = s
		}
		if s.change != nil && (latest == nil || s.change.inv() > latest.change.inv()) {
			latest = s
		}
	}
}

// endedBefore reports whether the value of an observation was there before a change began, so
// that the change overwrote it.
func (s *observation) endedBefore(c *change) bool {
	if s.change == nil {
		return s.look.value == 0
	}
	return s.change.ret() < c.inv()
}

func (r *register) wentBack(f *frame.Finding, key string, session history.ID, s, before *observation) {
	counterexample := append(s.events(), before.events()...)
	for _, x := range []*observation{s, before} {
		if x.change != nil {
			counterexample = append(counterexample, evidence.EventsOf(x.change.op)...)
		}
	}
	f.Violated(counterexample, "%s: session %s went back: %s shows an older value than it should: %s", key, session, r.seen(s.look), r.hadSeen(before))
}

// overwrites finds out when a value was certainly overwritten.
type overwrites struct {
	r      *register
	byZxid []*change // acknowledged, by zxid
	byInv  []*change // acknowledged, by invocation
	zxids  []*change // among byZxid[i:], the one that returned first
	invs   []*change // among byInv[i:], the one that returned first
}

func newOverwrites(r *register) *overwrites {
	o := &overwrites{r: r}
	for _, c := range r.changes {
		if c.acknowledged() {
			o.byInv = append(o.byInv, c)
			if c.zxid != 0 {
				o.byZxid = append(o.byZxid, c)
			}
		}
	}
	slices.SortStableFunc(o.byZxid, func(x, y *change) int { return cmp.Compare(x.zxid, y.zxid) })
	o.zxids, o.invs = firstOf(o.byZxid), firstOf(o.byInv)
	return o
}

// firstOf returns, for each place, the change that returned first among those from
// there on.
func firstOf(of []*change) []*change {
	first := make([]*change, len(of))
	for i := len(of) - 1; i >= 0; i-- {
		first[i] = of[i]
		if i+1 < len(of) && first[i+1].ret() < of[i].ret() {
			first[i] = first[i+1]
		}
	}
	return first
}

// age returns for how long the value of a read had been overwritten when the read was called, and
// by which change. It returns 0 if the value is not known to have been overwritten.
func (o *overwrites) age(l *look) (time.Duration, *change) {
	c := o.after(l)
	if c == nil || c.ret() >= l.inv {
		return 0, nil
	}
	return l.inv - c.ret(), c
}

// madeAndRead returns the events of a read and of the change whose value it returned.
func (r *register) madeAndRead(l *look) []int {
	if c := r.writer[l.value]; c != nil {
		return append(l.events(), evidence.EventsOf(c.op)...)
	}
	return l.events()
}

// after returns the change that returned first among those that came after the value of a read;
// nil if there is none.
func (o *overwrites) after(l *look) *change {
	if l.zxid != 0 {
		i, found := slices.BinarySearchFunc(o.byZxid, l.zxid, func(c *change, z history.ID) int { return cmp.Compare(c.zxid, z) })
		if found {
			i++
		}
		return from(o.zxids, i)
	}
	made := evidence.Always
	if c := o.r.writer[l.value]; c != nil {
		made = c.ret()
	} else if l.value != 0 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(o.byInv, made, func(c *change, t time.Duration) int {
		if c.inv() > t {
			return 1
		}
		return -1
	})
	return from(o.invs, i)
}

// from returns the change at an index; nil if there is none.
func from(of []*change, i int) *change {
	if i >= len(of) {
		return nil
	}
	return of[i]
}

// syncReads requires that a read after a sync is fresh. A deposed leader that does not know yet
// that it has been deposed answers a sync from its own state. So near a server fault or an
// election, old values are only measured.
var syncReads = &frame.Property{
	Name:     "sync-reads",
	NoModel:  frame.Given,
	Meaning:  "no read after a sync was stale while the servers were undisturbed",
	Decider:  "newest value overwritten",
	Evidence: func(*evidence.Record) string { return "RZ" },
	// If there was an election at an unknown time, no such read is judged.
	Applies: func(a *evidence.Record) bool { return !a.UnseenElections() },
	Decide: onRegister(func(_ context.Context, f *frame.Finding, r *register) {
		f.Add(r.figures)
		for _, l := range r.reads {
			if l.kind != models.ReadSync || l.overSessions() {
				continue
			}
			f.CountCall(r.Record, "sync", l.op)
			f.Count("stale", 0)
			disturbed := leaderless(r.Record, evidence.Span{From: l.inv - r.Bound, To: l.ret})
			if !disturbed {
				f.Count("sync_judged", 1)
			}
			age, by := r.over.age(l)
			if age == 0 {
				continue
			}
			measureAge(f, age)
			if age > history.LeaderLag && !disturbed && !succeeded(r.Record, l, by) {
				f.Violated(append(r.madeAndRead(l), evidence.EventsOf(by.op)...), "%s: %s shows a value that %s had overwritten %s before, while no server was disturbed",
					r.Name, r.seen(l), r.spanOf(by), words.Lasting(age))
			}
		}
	}),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := readExercise("sync", "reads behind a sync")(a, figures); missing != "" {
			return missing
		}
		return frame.Few(figures["sync_judged"], 4, "reads behind a sync while no server was disturbed")
	},
	Derive: staleShare("sync"),
}

// overSessions reports whether a read ended in another session than it began in: a sync in the first
// one proves nothing about the second one, whose view may be older.
func (l *look) overSessions() bool {
	return l.op != nil && l.op.Invoke.Session != l.op.Return.Session
}

// leaderless reports whether servers may have been without a leader, or with two, in s: a server
// fault or an election overlaps s, or there was an election at an unknown time.
func leaderless(a *evidence.Record, s evidence.Span) bool {
	for _, f := range a.Faults.All {
		if f.OnServers() && f.From <= s.To && s.From <= f.Over {
			return true
		}
	}
	return slices.ContainsFunc(a.Faults.Elections, func(e faults.Election) bool { return s.From <= e.At && e.At <= s.To }) || a.UnseenElections()
}

// succeeded reports whether a change may have been made under another leader than the value that
// was read, if the record does not show which leaders there were.
func succeeded(a *evidence.Record, l *look, by *change) bool {
	const epoch = 32 // bits above the counter of a zxid
	return a.Health["after"].Epoch == 0 && by.zxid>>epoch > l.zxid>>epoch
}

// durable requires that no acknowledged write is lost: at the end the newest write is there, and
// the znode's version counts all writes.
var durable = &frame.Property{
	Name:     "durable",
	NoModel:  frame.Given,
	Meaning:  "each acknowledged write was there at the end, or was overwritten",
	Decider:  "final read",
	Evidence: func(*evidence.Record) string { return "RZ" },
	Decide: onRegister(func(_ context.Context, f *frame.Finding, r *register) {
		f.Add(r.figures)
		if r.final == nil {
			if !r.Foreign {
				f.Unknown("the harness did not read it at the end")
			}
			return
		}
		decideWritten(f, r.Name, r, models.ReadFenced)
		decideDurable(f, r.Name, r)
	}),
	Exercise: frame.Wants("acknowledged", 20, "acknowledged writes"),
}

// decideDurable counts the changes that were acknowledged before the final read was called, and
// those that had begun when it returned: the version of the final read includes at least the
// former, and at most the latter.
func decideDurable(f *frame.Finding, key string, r *register) {
	if _, by := r.over.age(r.final); by != nil {
		f.Violated(append(r.madeAndRead(r.final), evidence.EventsOf(by.op)...), "%s: %s is lost: %s shows an older value", key, r.spanOf(by), r.seen(r.final))
	}
	acknowledged, begun, version := 0, 0, int(r.final.version)
	counterexample := r.final.events()
	for _, c := range r.changes {
		if c.inv() <= r.final.ret {
			begun++
		}
		if c.ret() < r.final.inv {
			if acknowledged++; acknowledged <= version+1 {
				counterexample = append(counterexample, evidence.EventsOf(c.op)...)
			}
		}
	}
	f.Count("acknowledged", float64(acknowledged))
	switch {
	case r.final.zxid == 0 && version == 0 && r.final.value != 0:
		f.Unknown("the final read does not report the zxid and the version of the value")
	case version <= 0 && r.final.value != 0:
		f.Violated(r.madeAndRead(r.final), "%s: %s shows version %d, though the znode begins with %s as version 0 and each write makes the next", key, r.seen(r.final), version, r.name(0))
	case version < acknowledged:
		f.Violated(counterexample, "%s: %s acknowledged, but at the end its version is %d: some are lost", key, were(acknowledged, "write"), version)
	case version > begun:
		f.Violated(r.final.events(), "%s: %s begun that may have happened, but at the end its version is %d: some happened twice", key, were(begun, "write"), version)
	}
}

// were returns a count with its verb: "1 write was", "2 writes were".
func were(n int, of string) string {
	if n == 1 {
		return prose.Count(n, of) + " was"
	}
	return prose.Count(n, of) + " were"
}
