package checker

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// uptimes are the znodes that had a barrier's key as their name, made by clients,
// in order of creation. nil: there are none.
type uptimes struct {
	all   []*znode
	until []uint64         // the latest end of those up to each
	of    map[int][]*znode // by the client that made them
}

// uptimes are those of each key.
func (a *analysis) uptimes(x *txns) map[string]*uptimes {
	keys := map[string]bool{}
	for _, k := range a.keys {
		keys[k.key] = true
	}
	of := map[string]*uptimes{}
	for key, all := range x.group(func(n *znode) (string, bool) { return n.name(), keys[n.name()] && a.sessions[n.maker] != nil }) {
		u := &uptimes{all: all, until: make([]uint64, len(all)), of: map[int][]*znode{}}
		latest := uint64(0)
		for i, n := range all {
			latest = max(latest, n.d)
			u.until[i] = latest
			client := a.sessions[n.maker].client
			u.of[client] = append(u.of[client], n)
		}
		of[key] = u
	}
	return of
}

// within says that the barrier's znode was there at some time between two zxids.
func (u *uptimes) within(low, high uint64) bool {
	if u == nil {
		return false
	}
	i := madeBehind(u.all, high)
	return i > 0 && u.until[i-1] > low
}

// throughout is the barrier's znode if it was there all the time between two zxids.
func (u *uptimes) throughout(low, high uint64) *znode {
	if u == nil {
		return nil
	}
	i, _ := slices.BinarySearch(u.until, high+1) // none before it lasted as long
	if i == len(u.all) || u.all[i].c > low {
		return nil
	}
	return u.all[i]
}

// madeBehind is the place of the first of some znodes, in order of creation, that was
// made behind a zxid.
func madeBehind(of []*znode, zxid uint64) int {
	i, _ := slices.BinarySearchFunc(of, zxid, func(n *znode, zxid uint64) int {
		if n.c <= zxid {
			return -1
		}
		return 1
	})
	return i
}

// barrierInLog looks whether the barrier's znode was there when it was raised, and
// away when it was lifted.
func barrierInLog(ctx context.Context, f *finding, a *analysis, k *keyRecord) {
	ups := a.log.names[k.key]
	for _, op := range k.ops {
		if ctx.Err() != nil {
			return
		}
		if op.Outcome() != history.OK || op.F != history.FRaise && op.F != history.FLift {
			continue
		}
		low, high, ok := a.window(op)
		was := ups.within(low, high)
		if was || ok {
			f.count("compared", 1)
		}
		if !ok {
			continue
		}
		switch up := ups.throughout(low, high); {
		case op.F == history.FRaise && !was:
			f.violated(events(op), "client %d was told at %s that %s is raised, but the transaction log has no such znode from %s to %s",
				op.Client, at(op.Return.Time), k.key, hex(low), hex(high))
		case op.F == history.FLift && a.layout.lifts() && up != nil && a.log.covers(up.c-1, high):
			f.violated(events(op), "client %d was told at %s that %s is lifted, but in the transaction log its znode is there from %s to %s%s",
				op.Client, at(op.Return.Time), k.key, hex(up.c), hex(high), up.until())
		}
	}
}

// settledRaise is by when a raise with an unknown outcome had certainly taken
// effect, with the event that shows it; never if that is not known.
func (a *analysis) settledRaise(op *history.Operation) (time.Duration, int) {
	if a.log == nil || !a.trusted() {
		return never, -1
	}
	u := a.log.names[op.Key]
	if u == nil {
		return never, -1
	}
	own := u.of[op.Client]
	if i := madeBehind(own, a.zxids.floor(op.Began())); i < len(own) {
		return a.zxids.by(own[i].c)
	}
	return never, -1
}

// acts are the zxids at which clients changed something, in order. What a session did
// that nobody saw may have been done by any of them.
type acts struct {
	of     map[int][]uint64 // by client
	unseen []uint64
}

func (a *analysis) acts(list []history.Txn) acts {
	x := acts{of: map[int][]uint64{}}
	for i := range list {
		t := &list[i]
		if !changes(t) {
			continue
		}
		if s := a.sessions[t.Session]; s != nil {
			x.of[s.client] = append(x.of[s.client], uint64(t.Zxid))
		} else {
			x.unseen = append(x.unseen, uint64(t.Zxid))
		}
	}
	return x
}

// changes says that a transaction may have changed something that others see.
func changes(t *history.Txn) bool {
	switch {
	case t.Error != 0, t.Type == "error", t.Type == "createSession", t.Type == "check":
		return false
	case t.Type == "multi":
		return !refused(t) && slices.ContainsFunc(t.Parts, func(p history.Txn) bool { return p.Type != "check" })
	}
	return true
}

// behind is the first zxid above a given one at which a client can have changed
// something; there if there is none.
func (x acts) behind(zxid uint64, client int) uint64 {
	first := there
	for _, of := range [][]uint64{x.of[client], x.unseen} {
		if i, _ := slices.BinarySearch(of, zxid+1); i < len(of) {
			first = min(first, of[i])
		}
	}
	return first
}

// loweredFrom is from when on a lift can have had its effect, with the event that
// shows that it had none before; -1 if it can have had it at once.
//
// A lift with an unknown outcome may happen at any time. But whatever it does, it does
// by a transaction of its client. As long as the log is whole, its client did nothing,
// and nobody took the znode away, nothing was lifted: so it was when a request was
// sent, whoever's it is, that has a lower zxid than the first that ends this. That
// holds for subjects that lift by deleting the znode.
func (a *analysis) loweredFrom(op *history.Operation) (time.Duration, int) {
	if op.Outcome() != history.Info || a.log == nil || !a.trusted() || !a.layout.lifts() {
		return op.Began(), -1
	}
	low := a.zxids.floor(op.Began())
	up := a.log.names[op.Key].throughout(low, low)
	whole, ok := a.log.stretch(low)
	if !ok {
		whole, ok = a.log.stretch(low + 1)
	}
	if up == nil || !ok {
		return op.Began(), -1
	}
	end := min(up.d, whole.to+1, a.log.acts.behind(low, op.Client))
	if t, event := a.zxids.sentBelow(end); t > op.Began() {
		return t, event
	}
	return op.Began(), -1
}
