package checker

import (
	"context"
	"slices"

	"github.com/zklab/zklab/history"
)

// logAgrees says that the transaction log has what the history says that happened.
// A difference means that one of the two is wrong: a subject that answered what it
// had not done, or evidence that cannot be relied on.
var logAgrees = &property{
	name:     "log",
	decider:  "transaction log",
	evidence: func(*analysis) string { return "Z, L" },
	applies:  func(a *analysis) bool { return a.log != nil && (a.trusted() || a.namesEnd()) },
	decide: func(ctx context.Context, a *analysis, k *keyRecord) finding {
		var f finding
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

// namesEnd says that somebody was told the zxid of a session's end, and the log has
// that zxid.
func (a *analysis) namesEnd() bool {
	for _, s := range a.sessions {
		if s.deadZxid != 0 && a.log.find(s.deadZxid) != nil {
			return true
		}
	}
	return false
}

// oldestFirst are all sessions.
func (a *analysis) oldestFirst() []*session {
	list := make([]*session, 0, len(a.sessions))
	for _, s := range a.sessions {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *session) int { return x.first - y.first })
	return list
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
		takesInLog(f, a, k.key, it)
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
	if len(a.copies(it)) == 0 {
		return
	}
	first := map[int]*history.Operation{} // of each client: nothing of the log comes behind a later one only
	for _, op := range it.in {
		if first[op.Client] == nil {
			first[op.Client] = op
		}
	}
	for _, n := range a.copies(it) {
		op := first[a.sessions[n.maker].client]
		if op != nil && n.c > a.zxids.floor(op.Began()) {
			f.violated(events(op), "client %d was told at %s that item %q was not put into %s and never will be, but the transaction log has it put in at %s",
				op.Client, at(op.Return.Time), it.value, key, hex(n.c))
			return
		}
	}
}

// takesInLog decides the dequeues that returned an item. Each needs a delete of its
// own client's.
func takesInLog(f *finding, a *analysis, key string, it *item) {
	if len(it.out) == 0 {
		return
	}
	deletes := a.deletes(it)
	for _, op := range it.out {
		if deletes[op.Client]--; deletes[op.Client] >= 0 {
			f.count("compared", 1)
			continue
		}
		if !a.untaken(it, op) || f.again() {
			continue
		}
		f.violated(events(op), "client %d took item %q of %s at %s, but the transaction log has no delete of it by that client: it %s",
			op.Client, it.value, key, at(op.Return.Time), a.fate(it, op.Client))
	}
}

// fate is what the log says of an item that a client did not delete.
func (a *analysis) fate(it *item, client int) string {
	var other *znode
	for _, n := range a.copies(it) {
		if n.d != there && !a.isOf(n.remover, client) {
			other = n
		}
	}
	if other == nil {
		return "has it there still"
	}
	says := "has it deleted at " + hex(other.d) + " by session " + other.remover.String()
	if s := a.sessions[other.remover]; s != nil {
		says += " of client " + itoa(s.client)
	}
	return says
}
