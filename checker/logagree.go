package checker

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// logAgrees says that the transaction log has what the history says that happened.
// A difference means that one of the two is wrong: a subject that answered what it
// had not done, or evidence that cannot be relied on.
var logAgrees = &property{
	name:     "log",
	decider:  "transaction log",
	evidence: func(*analysis) string { return "Z, L" },
	applies:  func(a *analysis) bool { return a.log != nil && (a.trusted() || a.namesZxids()) },
	decide: func(ctx context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		for _, op := range k.ops {
			if op.Outcome() == history.OK && op.Return.Zxid > 0 && slices.Contains(writes, op.F) {
				decideZxid(&f, a, op.Return)
			}
		}
		if !a.trusted() {
			return f
		}
		switch a.model {
		case history.ModelLock, history.ModelElection:
			holdsInLog(ctx, &f, a, k)
		case history.ModelQueue:
			queueInLog(ctx, &f, a, k)
		case history.ModelBarrier:
			barrierInLog(ctx, &f, a, k)
		}
		return f
	},
	whole: func(a *analysis) finding {
		var f finding
		for _, s := range a.oldestFirst() {
			if s.deadZxid != 0 {
				decideDead(&f, a, s)
			}
		}
		return f
	},
}

// namesZxids says that some event names a zxid that the log has.
func (a *analysis) namesZxids() bool {
	for _, s := range a.sessions {
		if s.deadZxid != 0 && a.log.find(s.deadZxid) != nil {
			return true
		}
	}
	return slices.ContainsFunc(a.h.Events, func(e history.Event) bool {
		return e.Process >= 0 && e.Type == history.OK && e.Zxid > 0 && slices.Contains(writes, e.F) && a.log.find(uint64(e.Zxid)) != nil
	})
}

// writes are the operations that are one write each: the zxid of their answer is
// their own.
var writes = []string{history.FEnqueue, history.FRaise, history.FLift, history.FWrite}

// oldestFirst are all sessions.
func (a *analysis) oldestFirst() []*session {
	list := make([]*session, 0, len(a.sessions))
	for _, s := range a.sessions {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *session) int { return x.first - y.first })
	return list
}

// decideZxid compares the answer to a write with whose transaction the log has
// under its zxid.
func decideZxid(f *finding, a *analysis, e *history.Event) {
	t := a.log.find(uint64(e.Zxid))
	if t == nil {
		return
	}
	f.count("compared", 1)
	if !a.isOf(t.Session, e.Client) {
		f.violated([]int{e.Index}, "client %d was answered at %s that its %s has zxid %s, which in the transaction log is a %s of session %s",
			e.Client, at(e.Time), e.F, e.Zxid, t.Type, t.Session)
	}
}

// decideDead compares the answer to a closeSession with the log.
func decideDead(f *finding, a *analysis, s *session) {
	if a.log.find(s.deadZxid) == nil {
		return
	}
	f.count("compared", 1)
	l := a.log.sessions[s.id]
	if l != nil && l.closed != 0 && l.closed <= s.deadZxid {
		return
	}
	f.violated([]int{s.deadEvent}, "session %s of client %d was answered to be closed at %s, but the transaction log closes it%s",
		s.id, s.client, hex(s.deadZxid), whenClosed(l))
}

func whenClosed(l *logged) string {
	if l == nil || l.closed == 0 {
		return " nowhere"
	}
	return " only at " + hex(l.closed)
}

// holdsInLog looks for the contender of each grant.
func holdsInLog(ctx context.Context, f *finding, a *analysis, k *keyRecord) {
	for _, op := range k.ops {
		if ctx.Err() != nil {
			return
		}
		if op.F != history.FAcquire || op.Outcome() != history.OK {
			continue
		}
		var g history.Grant
		a.decode(op.Return, &g)
		switch {
		case g.Token == 0:
		case a.contender(g.Token, op.Client) != nil:
			f.count("compared", 1)
		case a.shouldHave(g.Token, op):
			f.violated(events(op), "client %d was granted %s at %s%s, but the transaction log has no contender of the client made there",
				op.Client, k.key, at(op.Return.Time), withToken(g.Token))
		}
	}
}

// queueInLog looks for the create of each item that was put in, and for the
// delete of each that came out.
func queueInLog(ctx context.Context, f *finding, a *analysis, k *keyRecord) {
	for _, it := range k.queue(a).items {
		if ctx.Err() != nil {
			return
		}
		putInLog(f, a, k.key, it)
		for i, op := range it.out {
			takeInLog(f, a, k.key, it, i, op)
		}
	}
}

func putInLog(f *finding, a *analysis, key string, it *item) {
	op := it.enqueue()
	if op == nil {
		failedPutInLog(f, a, key, it)
		return
	}
	if op.Outcome() != history.OK {
		return
	}
	if len(a.copies(it)) > 0 {
		f.count("compared", 1)
		return
	}
	if low, high, ok := a.window(op); ok {
		f.violated(events(op), "client %d was told at %s that item %q was put into %s, but the transaction log has no create of it from %s to %s",
			op.Client, at(op.Return.Time), it.value, key, hex(low), hex(high))
	}
}

// failedPutInLog finds what was put in by a call that said that it had no effect.
func failedPutInLog(f *finding, a *analysis, key string, it *item) {
	for _, n := range a.copies(it) {
		for _, op := range it.in {
			if a.isOf(n.maker, op.Client) && n.c > a.zxids.floor(op.Began()) {
				f.violated(events(op), "client %d was told at %s that item %q was not put into %s and never will be, but the transaction log has it put in at %s",
					op.Client, at(op.Return.Time), it.value, key, hex(n.c))
				return
			}
		}
	}
}

// takeInLog decides the i-th dequeue that returned an item.
func takeInLog(f *finding, a *analysis, key string, it *item, i int, op *history.Operation) {
	own, other := 0, (*znode)(nil)
	for _, n := range a.copies(it) {
		switch {
		case n.d == there:
		case a.isOf(n.remover, op.Client):
			own++
		default:
			other = n
		}
	}
	for _, earlier := range it.out[:i] {
		if earlier.Client == op.Client {
			own-- // that one was this dequeue's
		}
	}
	if own > 0 {
		f.count("compared", 1)
		return
	}
	if !a.untaken(it, op) {
		return
	}
	says := "has it there still"
	if other != nil {
		says = "has it deleted at " + hex(other.d) + " by session " + other.remover.String()
		if s := a.sessions[other.remover]; s != nil {
			says += " of client " + itoa(s.client)
		}
	}
	f.violated(events(op), "client %d took item %q of %s at %s, but the transaction log has no delete of it by that client: it %s",
		op.Client, it.value, key, at(op.Return.Time), says)
}

// barrierInLog looks whether the barrier's znode was there when it was raised, and
// away when it was lifted.
func barrierInLog(ctx context.Context, f *finding, a *analysis, k *keyRecord) {
	for _, op := range k.ops {
		if ctx.Err() != nil {
			return
		}
		if op.Outcome() != history.OK || op.F != history.FRaise && op.F != history.FLift {
			continue
		}
		low, high, ok := a.window(op)
		if a.upIn(k.key, low, high) || ok {
			f.count("compared", 1)
		}
		if !ok {
			continue
		}
		switch up := a.upThroughout(k.key, low, high); {
		case op.F == history.FRaise && !a.upIn(k.key, low, high):
			f.violated(events(op), "client %d was told at %s that %s is raised, but the transaction log has no such znode from %s to %s",
				op.Client, at(op.Return.Time), k.key, hex(low), hex(high))
		case op.F == history.FLift && a.layout.lifts() && up != nil && a.log.covers(up.c-1, high):
			f.violated(events(op), "client %d was told at %s that %s is lifted, but in the transaction log its znode is there from %s to %s%s",
				op.Client, at(op.Return.Time), k.key, hex(up.c), hex(high), up.until())
		}
	}
}

// upThroughout is the barrier's znode if it was there all the time between two zxids.
func (a *analysis) upThroughout(key string, low, high uint64) *znode {
	for _, n := range a.log.names[key] {
		if n.c <= low && n.d > high {
			return n
		}
	}
	return nil
}

// settledRaise is by when a raise with an unknown outcome had certainly taken
// effect, with the event that shows it; never if that is not known.
func (a *analysis) settledRaise(op *history.Operation) (time.Duration, int) {
	if a.log == nil || !a.trusted() {
		return never, -1
	}
	low := a.zxids.floor(op.Began())
	for _, n := range a.log.names[op.Key] {
		if n.c > low && a.isOf(n.maker, op.Client) {
			return a.zxids.by(n.c)
		}
	}
	return never, -1
}
