package checker

import (
	"strings"

	"github.com/zklab/zklab/history"
)

// This file finds out whether the znodes of a subject are those that this package
// can read: what an operation that succeeded must have left in the transaction
// log is looked for there, and counted. Where nearly all is found, the layout is
// recognised, and what is missing contradicts the log. Where little is found, the
// subject does it another way, and the log says nothing of its operations.
//
//   - A hold has the zxid of its contender as its token: an ephemeral sequential
//     znode that a session of its client made.
//   - An item is the data of a znode that a session of its producer made, and a
//     session of its consumer deletes.
//   - A barrier is the znode that has the key as its name.

// layout counts what was found in the log, and what was not although the log is
// whole where it should be.
type layout struct {
	found, missing int
	grants         int // holds that the log still shows after the grant was known
	lifted, left   int // lifts behind which the znode was away, or still there
	// lines are the keys by line of contenders, or severalKeys.
	lines map[string]string
}

// lifts says that a subject lifts a barrier by deleting its znode.
func (l layout) lifts() bool { return l.lifted >= 9*l.left && l.lifted > 0 }

// trusted says that what is missing contradicts the log.
func (l layout) trusted() bool { return l.found > 0 && l.found >= 9*l.missing }

// readLayout looks for what the operations of the model leave in the log.
func (a *analysis) readLayout() {
	if a.log == nil {
		return
	}
	if a.model == history.ModelLock || a.model == history.ModelElection {
		a.log.noteChanges()
		a.layout.lines = map[string]string{}
	}
	for _, k := range a.keys {
		switch a.model {
		case history.ModelLock, history.ModelElection:
			a.layoutOfHolds(k)
		case history.ModelQueue:
			a.layoutOfQueue(k)
		case history.ModelBarrier:
			a.layoutOfBarrier(k)
		}
	}
}

// window is the part of the log in which an operation that succeeded took effect:
// above the one zxid, up to the other. false if the log may lack something of it.
func (a *analysis) window(op *history.Operation) (low, high uint64, ok bool) {
	low = a.zxids.floor(op.Began())
	high, _, ok = a.zxids.ceil(op.Return.Time)
	return low, high, ok && a.log.covers(low, high)
}

func (a *analysis) layoutOfHolds(k *keyRecord) {
	for _, op := range k.ops {
		if op.F != history.FAcquire || op.Outcome() != history.OK {
			continue
		}
		var g history.Grant
		a.decode(op.Return, &g)
		switch n := a.contender(g.Token, op.Client); {
		case g.Token == 0:
		case n != nil:
			a.layout.found++
			if of, known := a.layout.lines[n.line()]; known && of != k.key {
				a.layout.lines[n.line()] = severalKeys
			} else {
				a.layout.lines[n.line()] = k.key
			}
			if high, _, ok := a.zxids.ceil(op.Return.Time); ok && n.d > high && a.log.covers(n.c-1, high) {
				a.layout.grants++
			}
		case a.shouldHave(g.Token, op):
			a.layout.missing++
		}
	}
}

// noteChanges notes when folders of ephemerals changed.
func (x *txns) noteChanges() {
	x.changes = map[uint64]bool{}
	for _, in := range x.folders {
		for _, n := range in {
			x.changes[n.c], x.changes[n.d] = true, true
		}
	}
}

// contender is the znode whose creation a client's token names; nil if that is none.
func (a *analysis) contender(token history.ID, client int) *znode {
	return a.log.at[madeBy{uint64(token), client}]
}

// shouldHave says that the contender of a token would be in the log: the log has
// that zxid, or everything that the hold's session ever did. A token can also be
// the pzxid of the folder: the zxid at which some contender came or went.
func (a *analysis) shouldHave(token history.ID, op *history.Operation) bool {
	if a.log.changes[uint64(token)] {
		return false
	}
	if _, ok := a.log.stretch(uint64(token)); ok {
		return true
	}
	s := a.log.sessions[op.Return.Session]
	high, _, ok := a.zxids.ceil(op.Return.Time)
	return ok && s != nil && s.created != 0 && a.log.covers(s.created-1, high)
}

func (a *analysis) layoutOfQueue(k *keyRecord) {
	for _, it := range k.queue(a).items {
		if op := it.enqueue(); op != nil && op.Outcome() == history.OK {
			switch _, _, ok := a.window(op); {
			case a.putBy(it, op.Client):
				a.layout.found++
			case ok:
				a.layout.missing++
			}
		}
		if len(it.out) == 0 {
			continue
		}
		deletes := a.deletes(it)
		for _, op := range it.out {
			switch {
			case deletes[op.Client] > 0:
				a.layout.found++
			case a.untaken(it, op):
				a.layout.missing++
			}
		}
	}
}

// copies are the znodes that had an item as their data. One that a recipe makes
// twice has two.
func (a *analysis) copies(it *item) []*znode { return a.log.data[it.value] }

func (a *analysis) putBy(it *item, client int) bool {
	for _, n := range a.copies(it) {
		if a.isOf(n.maker, client) {
			return true
		}
	}
	return false
}

// deletes counts by client the copies of an item that its sessions deleted.
func (a *analysis) deletes(it *item) map[int]int {
	of := map[int]int{}
	for _, n := range a.copies(it) {
		if s := a.sessions[n.remover]; n.d != there && s != nil {
			of[s.client]++
		}
	}
	return of
}

// untaken says that the log is whole from the first znode of an item on until a
// dequeue had returned it.
func (a *analysis) untaken(it *item, op *history.Operation) bool {
	of := a.copies(it)
	if len(of) == 0 {
		return false
	}
	high, _, ok := a.zxids.ceil(op.Return.Time)
	return ok && a.log.covers(of[0].c-1, high)
}

func (a *analysis) layoutOfBarrier(k *keyRecord) {
	ups := a.log.names[k.key]
	for _, op := range k.ops {
		if op.F != history.FRaise && op.F != history.FLift || op.Outcome() != history.OK {
			continue
		}
		low, high, ok := a.window(op)
		switch {
		case op.F == history.FLift: // a subject may leave the znode there
			if ok && ups.throughout(low, high) == nil {
				a.layout.lifted++
			} else if ok {
				a.layout.left++
			}
		case ups.within(low, high):
			a.layout.found++
		case ok:
			a.layout.missing++
		}
	}
}

// severalKeys is whose line it is that contenders of different keys stand in.
const severalKeys = "\x00"

// line tells apart the lines that contenders stand in: by folder and kind.
func (n *znode) line() string { return n.parent() + " " + n.kind() }

// kind is the word before the number in a sequential name: lock of
// 00ff-lock-0000000007. It is empty where there is no word, or one that may be
// part of an id.
func (n *znode) kind() string {
	name := strings.TrimRight(n.name(), "0123456789")
	name = strings.TrimRight(name, "-_")
	word := name[strings.LastIndexAny(name, "-_")+1:]
	for _, c := range word {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if strings.Trim(word, "abcdef") == "" {
		return ""
	}
	return word
}
