package checker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// This file is about what the ensemble's transaction log says. What is in it was
// committed. What is not in it proves something only where the log is whole.
//
// A log can begin late (old files were purged), end early, and have holes. Within
// an epoch, the upper half of a zxid, each transaction has the number of the one
// before plus one, and the first has 1; refused requests count, too. So a stretch
// without a hole is known from the numbers, but for the end of an epoch: what is
// missing there shows only if somebody was answered with a zxid of it. Whole logs
// of a majority lack nothing there: the next leader had all that was committed.

// there is when a znode went that still is there when the log ends.
const there = uint64(math.MaxUint64)

// txns is the index of a transaction log. It is read-only once built.
type txns struct {
	whole    []stretch // in order, apart
	sessions map[history.ID]*logged
	requests map[requestID]logEntry // those that nobody answered
	at       map[madeBy]*znode      // contenders; holds only
	lines    map[string][]*znode    // contenders by the line that they stand in; holds only
	folders  map[string][]*znode    // in order of creation
	changes  map[uint64]bool        // zxids at which something in folders came or went; holds only
	data     map[string][]*znode    // by what clients wrote into it; queues only
	names    map[string]*uptimes    // by key; barriers only
	acts     acts                   // barriers only

	list []history.Txn
	path map[string]*znode       // the latest at a path
	held map[history.ID][]*znode // ephemerals by session
}

// stretch is a part of the log without a hole: all transactions from the one to
// the other zxid, both included.
type stretch struct{ from, to uint64 }

// logged is what the log says of a session.
type logged struct {
	created, closed uint64 // 0: not in the log; closed is the first time
}

// requestID is a request's number in its session.
type requestID struct {
	session history.ID
	xid     int32
}

type logEntry struct {
	zxid uint64
	kind string // "" if two requests have this number
}

// znode is a znode from its creation to its end.
type znode struct {
	path    string
	data    []byte
	number  int32      // the parent's counter when it was made
	owner   history.ID // of an ephemeral
	maker   history.ID // the session that asked for it
	remover history.ID // the session that deleted it, or whose end did; 0: not known
	c, d    uint64     // zxids of its creation and its end; there if it has none
}

// sequential says that the servers gave the znode its number.
func (n *znode) sequential() bool { return strings.HasSuffix(n.path, fmt.Sprintf("%010d", n.number)) }

// parent is the path of the folder that a znode is in, name its last part.
func (n *znode) parent() string { return n.path[:strings.LastIndexByte(n.path, '/')] }
func (n *znode) name() string   { return n.path[strings.LastIndexByte(n.path, '/')+1:] }

// indexTxns reads a log in order of zxids. Of requests it keeps those that asked
// names.
func (a *analysis) indexTxns(list []history.Txn, asked map[requestID]bool) *txns {
	x := &txns{
		list:     list,
		sessions: map[history.ID]*logged{},
		requests: make(map[requestID]logEntry, len(asked)),
		folders:  map[string][]*znode{},
		path:     map[string]*znode{},
		held:     map[history.ID][]*znode{},
	}
	for i := range list {
		t := &list[i]
		x.extend(uint64(t.Zxid), a.zxids.seen)
		if id := (requestID{t.Session, t.Cxid}); asked[id] {
			x.keep(id, t)
		}
		x.apply(t)
	}
	x.path, x.held = nil, nil
	switch a.model {
	case history.ModelLock, history.ModelElection:
		a.indexContenders(x)
	case history.ModelQueue:
		x.data = x.group(func(n *znode) (string, bool) { return string(n.data), a.sessions[n.maker] != nil })
	case history.ModelBarrier:
		x.names, x.acts = a.uptimes(x), a.acts(list)
	}
	return x
}

// group groups znodes, each group in order of creation. Those of other runs on the
// same ensemble are none of this one's.
func (x *txns) group(by func(*znode) (id string, ok bool)) map[string][]*znode {
	groups := map[string][]*znode{}
	for _, all := range x.folders {
		for _, n := range all {
			if id, ok := by(n); ok {
				groups[id] = append(groups[id], n)
			}
		}
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(m, n *znode) int { return cmp.Compare(m.c, n.c) })
	}
	return groups
}

// last is the zxid at which the log ends.
func (x *txns) last() uint64 { return uint64(x.list[len(x.list)-1].Zxid) }

// find is the transaction with a zxid; nil if the log has none.
func (x *txns) find(z uint64) *history.Txn {
	i, ok := slices.BinarySearchFunc(x.list, z, func(t history.Txn, z uint64) int { return cmp.Compare(uint64(t.Zxid), z) })
	if !ok {
		return nil
	}
	return &x.list[i]
}

// extend notes that the log has a zxid.
func (x *txns) extend(z uint64, seen []sighting) {
	if n := len(x.whole); n > 0 && follows(x.whole[n-1].to, z, seen) {
		x.whole[n-1].to = z
		return
	}
	x.whole = append(x.whole, stretch{z, z})
}

// follows says that nothing is missing between two zxids of the log.
func follows(last, z uint64, seen []sighting) bool {
	if z == last+1 {
		return true
	}
	if z>>32 == last>>32 || uint32(z) != 1 {
		return false
	}
	// An epoch begins: did anybody see more of those before?
	i, _ := slices.BinarySearchFunc(seen, last+1, func(s sighting, z uint64) int {
		if s.zxid < z {
			return -1
		}
		return 1
	})
	for ; i < len(seen) && seen[i].zxid < z; i++ {
		if uint32(seen[i].zxid) != 0 { // a leader that has done nothing yet answers with 0
			return false
		}
	}
	return true
}

// covers says that the log has every transaction above low, up to high, which is
// not below low.
func (x *txns) covers(low, high uint64) bool {
	s, ok := x.stretch(high)
	return ok && low <= high && s.from <= low+1
}

// stretch is the part of the log that a zxid lies in.
func (x *txns) stretch(z uint64) (stretch, bool) {
	i, _ := slices.BinarySearchFunc(x.whole, z, func(s stretch, z uint64) int {
		if s.to < z {
			return -1
		}
		return 1
	})
	if i == len(x.whole) || x.whole[i].from > z {
		return stretch{}, false
	}
	return x.whole[i], true
}

// apply takes in one transaction.
func (x *txns) apply(t *history.Txn) {
	z := uint64(t.Zxid)
	switch {
	case t.Error != 0:
	case t.Type == "createSession":
		if s := x.session(t.Session); s.created == 0 {
			s.created = z
		}
	case t.Type == "closeSession":
		x.close(t.Session, z)
	case t.Type == "multi":
		if refused(t) {
			return
		}
		for i := range t.Parts {
			x.change(&t.Parts[i], z, t.Session)
		}
	default:
		x.change(t, z, t.Session)
	}
}

// keep notes what the log says of a request. The end of a session can come from
// another connection, which has numbers of its own.
func (x *txns) keep(id requestID, t *history.Txn) {
	if t.Type == "createSession" || t.Type == "closeSession" {
		return
	}
	entry := logEntry{zxid: uint64(t.Zxid), kind: t.Type}
	if _, twice := x.requests[id]; twice {
		entry.kind = ""
	}
	x.requests[id] = entry
}

// madeBy is by whom, and when, a contender was made.
type madeBy struct {
	zxid   uint64
	client int
}

// indexContenders finds the contenders: the ephemeral sequential znodes of clients.
func (a *analysis) indexContenders(x *txns) {
	x.at, x.lines = map[madeBy]*znode{}, map[string][]*znode{}
	for _, all := range x.folders {
		for _, n := range all {
			if n.owner == 0 || !n.sequential() {
				continue
			}
			if s := a.sessions[n.maker]; s != nil {
				id := madeBy{n.c, s.client}
				if other := x.at[id]; other == nil || n.path < other.path {
					x.at[id] = n
				}
			}
			if a.sessions[n.owner] != nil {
				x.lines[n.line()] = append(x.lines[n.line()], n)
			}
		}
	}
}

// refused says that a multi failed: nothing of it was done.
func refused(t *history.Txn) bool {
	return slices.ContainsFunc(t.Parts, func(p history.Txn) bool { return p.Error != 0 || p.Type == "error" })
}

// change takes in a create or a delete. Others change no znode's life.
func (x *txns) change(t *history.Txn, z uint64, by history.ID) {
	switch t.Type {
	case "create", "create2", "createContainer", "createTTL":
		if !strings.HasPrefix(t.Path, "/") {
			return
		}
		n := &znode{path: t.Path, data: t.Data, number: t.ParentCversion - 1, owner: t.Owner, maker: by, c: z, d: there}
		x.remove(t.Path, z, 0) // only if the log has a hole
		x.path[t.Path] = n
		x.folders[n.parent()] = append(x.folders[n.parent()], n)
		if n.owner != 0 {
			x.held[n.owner] = append(x.held[n.owner], n)
		}
	case "delete", "deleteContainer":
		x.remove(t.Path, z, by)
	}
}

func (x *txns) remove(path string, z uint64, by history.ID) {
	if n := x.path[path]; n != nil && n.d == there {
		n.d, n.remover = z, by
		delete(x.path, path)
	}
}

// close takes in the end of a session, which takes its ephemerals with it.
func (x *txns) close(id history.ID, z uint64) {
	if s := x.session(id); s.closed == 0 {
		s.closed = z
	}
	for _, n := range x.held[id] {
		if n.d == there {
			x.remove(n.path, z, id)
		}
	}
	delete(x.held, id)
}

func (x *txns) session(id history.ID) *logged {
	s := x.sessions[id]
	if s == nil {
		s = &logged{}
		x.sessions[id] = s
	}
	return s
}

// isOf says that a session is a client's.
func (a *analysis) isOf(id history.ID, client int) bool {
	s := a.sessions[id]
	return s != nil && s.client == client
}

// hex is a zxid for people.
func hex(z uint64) string { return history.ID(z).String() }
