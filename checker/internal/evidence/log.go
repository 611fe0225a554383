package evidence

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// This file reads the ensemble's transaction log. What is in it was committed. What is not in it
// proves something only where the log is whole.
//
// A log can begin late (old files were purged), end early, and have holes. Within an epoch, the
// upper half of a zxid, each transaction has the number of the one before plus one, and the first
// has 1; refused requests count, too. So the numbers show a stretch without a hole, except at the
// end of an epoch: what is missing there shows only if a client was answered with a zxid of it.
// Whole logs of a majority lack nothing there: the next leader had everything that was committed.

// NoLog is the reason why a run lacks what is based on the transactions, if its ensemble does not show
// them.
const NoLog = "the servers' transaction logs cannot be read"

// LostLog is the reason if the ensemble could have shown them.
const LostLog = "the run has no transactions.jsonl, or nothing in it"

// StillThere is the end of a znode that still exists when the log ends.
const StillThere = uint64(math.MaxUint64)

// Committed lists the transactions in the ensemble's log.
type Committed struct {
	Transactions []history.Txn // none if they are packed
	packed       *history.PackedTxns
	Log          *Log // nil: there is no log that covers the object
	treeWatch    []history.TreeWatch
	Zxids        Zxids // with a log
	ByLog        bool  // it bounds some session's death
}

// AnyTransaction reports whether transactions are known.
func (c *Committed) AnyTransaction() bool { return len(c.Transactions) > 0 || c.packed.Len() > 0 }

// EachTransaction yields all transactions in order, each valid until the next one.
func (c *Committed) EachTransaction() iter.Seq[*history.Txn] {
	if c.packed != nil {
		return c.packed.All()
	}
	return func(yield func(*history.Txn) bool) {
		for i := range c.Transactions {
			if !yield(&c.Transactions[i]) {
				return
			}
		}
	}
}

// Log is the index of a transaction log. It is read-only once built.
type Log struct {
	Znodes
	Sessions map[history.ID]*LoggedSession
	requests map[requestID]logEntry // unanswered requests

	list []history.Txn
	held map[history.ID][]*Znode // ephemerals by session
}

// LoggedSession holds what the log tells of a session.
type LoggedSession struct {
	Created, Closed uint64 // 0: not in the log; closed is the first time
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

// EndedWith reports whether an ephemeral znode went because its session ended.
func (x *Log) EndedWith(n *Znode) bool {
	s := x.Sessions[n.Owner]
	return s != nil && s.Closed == n.Deleted
}

// indexTxns reads a log in order of zxids. Of requests it keeps those that asked
// names; seen tells where the log is whole.
func indexTxns(list []history.Txn, asked map[requestID]bool, seen []seenZxid) *Log {
	x := &Log{
		Znodes:   newZnodes(),
		list:     list,
		Sessions: map[history.ID]*LoggedSession{},
		requests: make(map[requestID]logEntry, len(asked)),
		held:     map[history.ID][]*Znode{},
	}
	for i := range list {
		t := &list[i]
		x.extend(uint64(t.Zxid), seen)
		if id := (requestID{t.Session, t.Cxid}); asked[id] {
			x.keep(id, t)
		}
		x.apply(t)
	}
	x.path, x.held = nil, nil
	return x
}

// Newest returns the last znode with a path that a session owned; nil if there is none, or no log.
func (x *Log) Newest(path string, owner history.ID) *Znode {
	if x == nil {
		return nil
	}
	for _, n := range slices.Backward(x.Folders[path[:max(0, strings.LastIndexByte(path, '/'))]]) {
		if n.Path == path && n.Owner == owner {
			return n
		}
	}
	return nil
}

// Last returns the zxid at which the log ends.
func (x *Log) Last() uint64 { return uint64(x.list[len(x.list)-1].Zxid) }

// Find returns the transaction with a zxid; nil if the log has none, or there is no log.
func (x *Log) Find(z uint64) *history.Txn {
	if x == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(x.list, z, func(t history.Txn, z uint64) int { return cmp.Compare(uint64(t.Zxid), z) })
	if !ok {
		return nil
	}
	return &x.list[i]
}

// extend notes that the log has a zxid.
func (x *Log) extend(z uint64, seen []seenZxid) {
	if n := len(x.whole); n > 0 && follows(x.whole[n-1].To, z, seen) {
		x.whole[n-1].To = z
		return
	}
	x.whole = append(x.whole, Stretch{z, z})
}

// follows reports whether nothing is missing between two zxids of the log.
func follows(last, z uint64, seen []seenZxid) bool {
	if z == last+1 {
		return true
	}
	if z>>32 == last>>32 || uint32(z) != 1 {
		return false
	}
	// An epoch begins: did a client see a later zxid of the last one?
	i, _ := slices.BinarySearchFunc(seen, last+1, func(s seenZxid, z uint64) int {
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

// apply adds one transaction.
func (x *Log) apply(t *history.Txn) {
	z := uint64(t.Zxid)
	switch {
	case t.Refused():
	case t.Type == "createSession":
		if s := x.session(t.Session); s.Created == 0 {
			s.Created = z
		}
	case t.Type == "closeSession":
		x.close(t.Session, z)
	default:
		for part := range t.Changes() {
			x.change(part, z, t.Session)
		}
	}
}

// keep records the transaction of a request. It leaves out the beginnings and ends of sessions: an end
// can come from another connection, which numbers its requests by itself.
func (x *Log) keep(id requestID, t *history.Txn) {
	if t.Type == "createSession" || t.Type == "closeSession" {
		return
	}
	entry := logEntry{zxid: uint64(t.Zxid), kind: t.Type}
	if _, twice := x.requests[id]; twice {
		entry.kind = ""
	}
	x.requests[id] = entry
}

// change applies a create or a delete. Other transactions do not begin or end a znode.
func (x *Log) change(t *history.Txn, z uint64, by history.ID) {
	switch {
	case t.Creates() && strings.HasPrefix(t.Path, "/"):
		n := &Znode{Path: t.Path, Type: t.Type, Data: t.Data, Number: t.ParentCversion - 1, Owner: t.Owner, Maker: by, Created: z, Deleted: StillThere}
		x.add(n)
		if n.Owner != 0 {
			x.held[n.Owner] = append(x.held[n.Owner], n)
		}
	case t.Type == "delete" || t.Type == "deleteContainer":
		x.remove(t.Path, z, by)
	}
}

// close applies the end of a session, which deletes its ephemeral znodes.
func (x *Log) close(id history.ID, z uint64) {
	if s := x.session(id); s.Closed == 0 {
		s.Closed = z
	}
	for _, n := range x.held[id] {
		if n.Deleted == StillThere {
			x.remove(n.Path, z, id)
		}
	}
	delete(x.held, id)
}

func (x *Log) session(id history.ID) *LoggedSession {
	s := x.Sessions[id]
	if s == nil {
		s = &LoggedSession{}
		x.Sessions[id] = s
	}
	return s
}
