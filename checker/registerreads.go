package checker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// plainReads says what also a read that may be old must keep to: within a session
// what was read or written never becomes older (single system image, Programmer's
// Guide, Consistency Guarantees), and nothing is read that nobody had begun to
// write. A new session may go back. How old values were is measured.
var plainReads = &property{
	name:     "plain-reads",
	decider:  "sweep over sessions",
	evidence: func(*analysis) string { return "SZ" },
	decide: onRegister(func(_ context.Context, f *finding, a *analysis, k *keyRecord, r *register) {
		f.add(r.figures)
		decideWritten(f, k.key, r, history.ReadPlain, history.ReadSync)
		decideSessions(f, k.key, r)
		for _, l := range r.reads {
			if l.kind != history.ReadPlain {
				continue
			}
			f.count("plain", 1)
			f.count("stale", 0)
			if age, _ := r.over.age(l); age > 0 {
				measureAge(f, age)
			}
		}
	}),
	exercise: readExercise("plain", "plain reads"),
	derive:   staleShare("plain"),
}

// readExercise wants reads of a kind, and others who changed something meanwhile.
func readExercise(figure, of string) func(*analysis, map[string]float64) string {
	return func(a *analysis, figures map[string]float64) string {
		if missing := few(figures[figure], 20, of); missing != "" {
			return missing
		}
		return registerExercise(a, figures)
	}
}

// measureAge counts a read of a value that was overwritten so long before.
func measureAge(f *finding, age time.Duration) {
	f.count("stale", 1)
	if f.figures["longest_stale_ms"] < float64(age)/float64(time.Millisecond) {
		f.figures["longest_stale_ms"] = float64(age) / float64(time.Millisecond)
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

// sight is what a session has seen of a register: a read or a change of its own.
type sight struct {
	begun  int     // index of its invocation: a client does one thing after the other
	change *change // that made the value; nil: it is the one at first, or nobody knows
	zxid   history.ID
	look   *look // nil: its own change
}

func (s *sight) events() []int {
	if s.look != nil {
		return s.look.events()
	}
	return events(s.change.op)
}

func (r *register) sighted(s *sight) string {
	if s.look != nil {
		return "it had " + r.name(s.look.value) + " already, by " + r.seen(s.look)
	}
	return "it had made " + r.name(s.change.to) + " itself, by " + r.spanOf(s.change)
}

// decideSessions says that no session goes back.
func decideSessions(f *finding, key string, r *register) {
	of := map[history.ID][]*sight{}
	for _, c := range r.changes {
		if s := within(c.op); c.acknowledged() && s != 0 {
			of[s] = append(of[s], &sight{begun: c.op.Invoke.Index, change: c, zxid: c.zxid})
		}
	}
	for _, l := range r.reads {
		if l.op == nil {
			continue
		}
		if s := within(l.op); s != 0 {
			of[s] = append(of[s], &sight{begun: l.op.Invoke.Index, change: r.writer[l.value], zxid: l.zxid, look: l})
		}
	}
	for _, s := range slices.Sorted(maps.Keys(of)) {
		seen := of[s]
		slices.SortFunc(seen, func(x, y *sight) int { return cmp.Compare(x.begun, y.begun) })
		decideSession(f, key, r, s, seen)
	}
}

// within is the session in which all of an operation went on; 0 if there were
// two, or none is known.
func within(op *history.Operation) history.ID {
	if op.Return == nil || op.Invoke.Session != op.Return.Session {
		return 0
	}
	return op.Invoke.Session
}

// decideSession goes through what one session saw, in order.
func decideSession(f *finding, key string, r *register, session history.ID, seen []*sight) {
	var newest, latest *sight // by zxid; by when the change began that made the value
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

// endedBefore says that the value of a sight was there before a change began, so
// that the change overwrote it.
func (s *sight) endedBefore(c *change) bool {
	if s.change == nil {
		return s.look.value == 0
	}
	return s.change.ret() < c.inv()
}

func (r *register) wentBack(f *finding, key string, session history.ID, s, before *sight) {
	witness := append(s.events(), before.events()...)
	for _, x := range []*sight{s, before} {
		if x.change != nil {
			witness = append(witness, events(x.change.op)...)
		}
	}
	f.violated(witness, "%s: session %s went back: %s shows an older value than it should: %s", key, session, r.seen(s.look), r.sighted(before))
}

// overwrites tells when a value was certainly overwritten.
type overwrites struct {
	r      *register
	byZxid []*change // acknowledged, by zxid
	byInv  []*change // acknowledged, by invocation
	zxids  []*change // of byZxid[i:], the one that returned first
	invs   []*change // of byInv[i:], likewise
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

// firstOf gives, for each place, the change from there on that returned first.
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

// age is how long before it was asked for the value of a read had been
// overwritten, and by whom; 0 if it is not known to have been.
func (o *overwrites) age(l *look) (time.Duration, *change) {
	c := o.after(l)
	if c == nil || c.ret() >= l.inv {
		return 0, nil
	}
	return l.inv - c.ret(), c
}

// madeAndRead are a read and the change whose value it is.
func (r *register) madeAndRead(l *look) []int {
	if c := r.writer[l.value]; c != nil {
		return append(l.events(), events(c.op)...)
	}
	return l.events()
}

// after is the change that returned first of those that came after the value of
// a read; nil: there is none.
func (o *overwrites) after(l *look) *change {
	if l.zxid != 0 {
		i, found := slices.BinarySearchFunc(o.byZxid, l.zxid, func(c *change, z history.ID) int { return cmp.Compare(c.zxid, z) })
		if found {
			i++
		}
		return from(o.zxids, i)
	}
	made := always
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

// from is the change at a place; nil: there is none.
func from(of []*change, i int) *change {
	if i >= len(of) {
		return nil
	}
	return of[i]
}

// syncGrace is how old a value may be that a read behind a sync finds. A leader
// applies a commit itself after it has sent it to the others: one of its own
// clients can be a moment behind a client of a follower that was quicker.
const syncGrace = 250 * time.Millisecond

// syncReads says that a read behind a sync is fresh. A leader that was deposed, or
// does not know yet that it is none, answers a sync from what it has: where a
// fault of servers or an election was near, old values are only measured.
var syncReads = &property{
	name:     "sync-reads",
	decider:  "newest value overwritten",
	evidence: func(*analysis) string { return "RZ" },
	decide: onRegister(func(_ context.Context, f *finding, a *analysis, k *keyRecord, r *register) {
		f.add(r.figures)
		for _, l := range r.reads {
			if l.kind != history.ReadSync {
				continue
			}
			f.count("sync", 1)
			f.count("stale", 0)
			age, by := r.over.age(l)
			if age == 0 {
				continue
			}
			measureAge(f, age)
			if age > syncGrace && !a.leaderless(span{l.inv - a.bound, l.ret}) && !a.succeeded(l, by) {
				f.violated(append(r.madeAndRead(l), events(by.op)...), "%s: %s shows a value that %s had overwritten %s before, while no server was disturbed",
					k.key, r.seen(l), r.spanOf(by), lasting(age))
			}
		}
	}),
	exercise: readExercise("sync", "reads behind a sync"),
	derive:   staleShare("sync"),
}

// leaderless says that servers may have been without a leader, or with two, in s:
// a fault of servers or an election touches it, or there was one that nobody knows
// the time of.
func (a *analysis) leaderless(s span) bool {
	for _, f := range a.faults {
		if f.onServers && f.from <= s.to && s.from <= f.over {
			return true
		}
	}
	return slices.ContainsFunc(a.elected, func(t time.Duration) bool { return s.from <= t && t <= s.to }) || a.elections()
}

// elections says that the leader changed more often than faults were seen to have
// done it.
func (a *analysis) elections() bool {
	before, ok := a.health["before"]
	after, known := a.health["after"]
	return ok && known && before.Epoch != 0 && after.Epoch-before.Epoch > int64(len(a.elected))
}

// succeeded says that another leader may have made a change than the value that was
// read, where the record does not tell which leaders there were.
func (a *analysis) succeeded(l *look, by *change) bool {
	const epoch = 32 // bits above the counter of a zxid
	return a.health["after"].Epoch == 0 && by.zxid>>epoch > l.zxid>>epoch
}

// durable says that what was acknowledged is not lost: at the end the newest write
// is there, and the znode's version counts all of them.
var durable = &property{
	name:     "durable",
	decider:  "final read",
	evidence: func(*analysis) string { return "RZ" },
	decide: onRegister(func(_ context.Context, f *finding, a *analysis, k *keyRecord, r *register) {
		f.add(r.figures)
		if r.final == nil {
			if !a.foreign {
				f.unknown("nobody read it at the end")
			}
			return
		}
		decideWritten(f, k.key, r, history.ReadFenced)
		decideDurable(f, k.key, r)
	}),
	exercise: wants("acknowledged", 20, "acknowledged writes"),
}

func decideDurable(f *finding, key string, r *register) {
	if _, by := r.over.age(r.final); by != nil {
		f.violated(append(r.madeAndRead(r.final), events(by.op)...), "%s: %s is lost: %s shows an older value", key, r.spanOf(by), r.seen(r.final))
	}
	acknowledged, version := 0, int(r.final.version)
	witness := r.final.events()
	for _, c := range r.changes {
		if c.acknowledged() {
			if acknowledged++; acknowledged <= version+1 {
				witness = append(witness, events(c.op)...)
			}
		}
	}
	f.count("acknowledged", float64(acknowledged))
	switch {
	case version < acknowledged:
		f.violated(witness, "%s: %s were acknowledged, but at the end its version is %d: some are lost", key, count(acknowledged, "write"), version)
	case version > len(r.changes):
		f.violated(r.final.events(), "%s: %s were begun that may have happened, but at the end its version is %d: some happened twice", key, count(len(r.changes), "write"), version)
	}
}
