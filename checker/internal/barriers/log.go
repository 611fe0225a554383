package barriers

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// barrierNodes are the znodes of barriers in the transaction log. A barrier is the
// znode that has the key as its name.
type barrierNodes struct {
	evidence.Layout
	lifted, left int                 // lifts after which the znode was gone, or still there
	of           map[string]*uptimes // by key
	acts         acts
}

// nodesOf returns the znodes of a record's barriers; none without a log.
var nodesOf = evidence.Once(func(a *evidence.Record) *barrierNodes {
	b := &barrierNodes{}
	if a.Log == nil {
		return b
	}
	b.of, b.acts = uptimesOf(a), actsOf(a)
	for _, k := range a.Keys {
		b.recognise(k)
	}
	return b
})

// lifts reports whether a subject lifts a barrier by deleting its znode.
func (b *barrierNodes) lifts() bool { return b.lifted >= 9*b.left && b.lifted > 0 }

// recognise looks for the raises and lifts of a key.
func (b *barrierNodes) recognise(k *evidence.Key) {
	ups := b.of[k.Name]
	for _, op := range k.Ops() {
		if op.F != models.FRaise && op.F != models.FLift || op.Outcome() != history.OK {
			continue
		}
		low, high, ok := k.Window(op)
		switch {
		case op.F == models.FLift: // a subject may leave the znode there
			if ok && ups.throughout(low, high) == nil {
				b.lifted++
			} else if ok {
				b.left++
			}
		case ups.within(low, high):
			b.Found++
		case ok:
			b.Missing++
		}
	}
}

// uptimes holds, in order of creation, the znodes that clients created with the name of a barrier's
// key. It is nil if there are none.
type uptimes struct {
	all   []*evidence.Znode
	until []uint64                  // the latest end of the znodes up to each
	of    map[int][]*evidence.Znode // by the client that made them
}

// uptimesOf returns the uptimes of each key.
func uptimesOf(a *evidence.Record) map[string]*uptimes {
	keys := map[string]bool{}
	for _, k := range a.Keys {
		keys[k.Name] = true
	}
	of := map[string]*uptimes{}
	for key, all := range a.Log.Group(func(n *evidence.Znode) (string, bool) { return n.Name(), keys[n.Name()] && a.Session(n.Maker) != nil }) {
		u := &uptimes{all: all, until: make([]uint64, len(all)), of: map[int][]*evidence.Znode{}}
		latest := uint64(0)
		for i, n := range all {
			latest = max(latest, n.Deleted)
			u.until[i] = latest
			client := a.Session(n.Maker).Client
			u.of[client] = append(u.of[client], n)
		}
		of[key] = u
	}
	return of
}

// within reports whether the barrier's znode was there at some time between two zxids.
func (u *uptimes) within(low, high uint64) bool {
	if u == nil {
		return false
	}
	i := madeBehind(u.all, high)
	return i > 0 && u.until[i-1] > low
}

// throughout returns the barrier's znode if it was there all the time between two zxids.
func (u *uptimes) throughout(low, high uint64) *evidence.Znode {
	if u == nil {
		return nil
	}
	i, _ := slices.BinarySearch(u.until, high+1) // no state before index i lasted until high
	if i == len(u.all) || u.all[i].Created > low {
		return nil
	}
	return u.all[i]
}

// madeBehind returns the place of the first of some znodes, in order of creation, that was
// made after a zxid.
func madeBehind(of []*evidence.Znode, zxid uint64) int {
	i, _ := slices.BinarySearchFunc(of, zxid, func(n *evidence.Znode, zxid uint64) int {
		if n.Created <= zxid {
			return -1
		}
		return 1
	})
	return i
}

// barrierInLog looks whether the barrier's znode was there when it was raised, and
// away when it was lifted.
func barrierInLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	b := nodesOf(k.Record)
	ups := b.of[k.Name]
	for _, op := range k.Ops() {
		if ctx.Err() != nil {
			return
		}
		if op.Outcome() != history.OK || op.F != models.FRaise && op.F != models.FLift {
			continue
		}
		low, high, ok := k.Window(op)
		was := ups.within(low, high)
		if was || ok {
			f.Count("compared", 1)
		}
		if !ok {
			continue
		}
		switch up := ups.throughout(low, high); {
		case op.F == models.FRaise && !was:
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that %s is raised, but the transaction log has no such znode from %s to %s",
				op.Client, words.At(op.Return.Time), k.Name, words.Zxid(low), words.Zxid(high))
		case op.F == models.FLift && b.lifts() && up != nil && k.Log.Covers(up.Created-1, high):
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that %s is lifted, but in the transaction log its znode is there from %s to %s%s",
				op.Client, words.At(op.Return.Time), k.Name, words.Zxid(up.Created), words.Zxid(high), up.Until())
		}
	}
}

// settledRaise returns the time by which a raise with an unknown outcome had certainly taken effect,
// and the event that shows it. The time is never if that is not known.
func settledRaise(a *evidence.Record, op *history.Operation) (time.Duration, int) {
	b := nodesOf(a)
	if !b.Trusted() {
		return evidence.Never, -1
	}
	u := b.of[op.Key]
	if u == nil {
		return evidence.Never, -1
	}
	own := u.of[op.Client]
	if i := madeBehind(own, a.Zxids.Floor(op.Began())); i < len(own) {
		return a.Zxids.CommittedBy(own[i].Created)
	}
	return evidence.Never, -1
}

// acts holds the zxids at which clients changed something, in order. A change by a session that the
// record does not know may be any client's.
type acts struct {
	of     map[int][]uint64 // by client
	unseen []uint64
}

// actsOf returns the acts of all clients.
func actsOf(a *evidence.Record) acts {
	x := acts{of: map[int][]uint64{}}
	for i := range a.Transactions {
		t := &a.Transactions[i]
		if !changes(t) {
			continue
		}
		if s := a.Session(t.Session); s != nil {
			x.of[s.Client] = append(x.of[s.Client], uint64(t.Zxid))
		} else {
			x.unseen = append(x.unseen, uint64(t.Zxid))
		}
	}
	return x
}

// changes reports whether a transaction may have changed something that others see.
func changes(t *history.Txn) bool {
	switch {
	case t.Refused(), t.Type == "createSession", t.Type == "check":
		return false
	case t.Type == "multi":
		return slices.ContainsFunc(t.Parts, func(p history.Txn) bool { return p.Type != "check" })
	}
	return true
}

// behind returns the first zxid after a given one at which the client can have changed something;
// evidence.StillThere if there is none.
func (x acts) behind(zxid uint64, client int) uint64 {
	first := evidence.StillThere
	for _, of := range [][]uint64{x.of[client], x.unseen} {
		if i, _ := slices.BinarySearch(of, zxid+1); i < len(of) {
			first = min(first, of[i])
		}
	}
	return first
}

// loweredFrom returns the earliest time at which a lift can have taken effect, and the event that shows
// that it had not before. The event is -1 if it can have taken effect at once.
//
// A lift with an unknown outcome may happen at any time. But it can only act by a transaction of
// its client. As long as the log is complete, its client made no transaction, and no other session
// deleted the znode, the barrier was not lifted. This was still so when any client sent a request
// whose zxid is lower than that of the first transaction after which it may not be so. All this
// holds only for subjects that lift by deleting the znode.
func loweredFrom(a *evidence.Record, op *history.Operation) (time.Duration, int) {
	b := nodesOf(a)
	if op.Outcome() != history.Info || !b.Trusted() || !b.lifts() {
		return op.Began(), -1
	}
	low := a.Zxids.Floor(op.Began())
	up := b.of[op.Key].throughout(low, low)
	whole, ok := a.Log.Stretch(low)
	if !ok {
		whole, ok = a.Log.Stretch(low + 1)
	}
	if up == nil || !ok {
		return op.Began(), -1
	}
	end := min(up.Deleted, whole.To+1, b.acts.behind(low, op.Client))
	if t, event := a.Zxids.SentBelow(end); t > op.Began() {
		return t, event
	}
	return op.Began(), -1
}
