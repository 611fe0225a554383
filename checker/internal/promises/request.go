package promises

import (
	"path"

	"github.com/zklab/zklab/history"
)

// The names of the requests that become transactions.
const (
	opCreate = "create"
	opDelete = "delete"
	opSet    = "setData"
	opMulti  = "multi"
)

// kind returns the name of a request without the part that distinguishes variants.
func kind(op string) string {
	switch op {
	case "create2", "createContainer", "createTTL":
		return opCreate
	case "deleteContainer":
		return opDelete
	case "getChildren2":
		return "getChildren"
	case "setWatches2":
		return "setWatches"
	}
	return op
}

// writes reports whether a request becomes a transaction.
func (q *request) writes() bool { return Writes(q.Op) }

// Writes reports whether requests with an operation become transactions.
func Writes(op string) bool {
	switch kind(op) {
	case opCreate, opDelete, opSet, opMulti, "setACL", "reconfig", "closeSession":
		return true
	}
	return false
}

// refusals has the errors that the leader derives from the tree. A request with such an
// error is committed as a transaction that changes nothing. All other errors prove
// nothing.
var refusals = map[int32]bool{-101: true, -102: true, -103: true, -108: true, -110: true, -111: true, -114: true}

// answer is the meaning of a reply for its request.
type answer int

const (
	unknown answer = iota // no reply, or one that proves nothing
	done
	refused
)

// answer returns the outcome of a request.
func (q *request) answer() answer {
	r := q.reply
	switch {
	case r == nil:
		return unknown
	case refusals[r.Error]:
		return refused
	case r.Error != 0:
		return unknown
	case q.Op != opMulti:
		return done
	case len(r.Parts) != len(q.Parts): // too long for the record
		return unknown
	}
	got := done
	for _, p := range r.Parts {
		switch {
		case refusals[p.Error]:
			return refused
		case p.Error != 0:
			got = unknown
		}
	}
	return got
}

// quorum reports whether a reply proves a committed transaction with the zxid of its header.
func (q *request) quorum() bool { return q.writes() && q.answer() != unknown }

// auth reports whether servers answer the request out of turn.
func (q *request) auth() bool { return q.Op == "auth" || q.Op == "setAuth" || q.Xid < 0 }

// parts yields the operations of a request with their results: the request itself, or the operations of
// a multi or a multiRead that has an answer.
func (q *request) parts(each func(history.Request, history.Reply)) {
	switch {
	case q.Op != opMulti && q.Op != "multiRead":
		each(q.Request, q.reply.Reply)
	case len(q.Parts) == len(q.reply.Parts):
		for i := range q.Parts {
			each(q.Parts[i], q.reply.Parts[i])
		}
	}
}

// changes calls each with every change that a request made, according to its own answer.
func (q *request) changes(each func(path string, c change)) {
	if !q.writes() || q.answer() != done || q.reply.zxid == 0 {
		return
	}
	base := change{zxid: q.reply.zxid, session: q.conn.id, by: q, many: len(q.Parts) > 1}
	q.parts(func(r history.Request, got history.Reply) {
		c := base
		switch kind(r.Op) {
		case opCreate:
			if c.what = created; r.Ephemeral {
				c.owner = q.conn.id
			}
			if got.Path != "" {
				r.Path = got.Path
			} else if r.Sequential {
				return // its name is not known
			}
		case opDelete:
			c.what = deleted
		case opSet:
			c.what = set
		default:
			return
		}
		each(r.Path, c)
	})
}

// tellsAll reports whether a request and its answer show everything that the
// transaction did.
func (q *request) tellsAll() bool {
	if !q.quorum() || q.reply.zxid == 0 || q.Op == opMulti && len(q.Parts) == 0 {
		return false
	}
	all := true
	q.parts(func(r history.Request, got history.Reply) {
		switch kind(r.Op) {
		case opCreate:
			all = all && (got.Path != "" || !r.Sequential)
		case opDelete, opSet, "check", "setACL":
		default:
			all = false
		}
	})
	return all
}

// join returns the path of a child.
func join(parent, name string) string { return path.Join(parent, name) }

// split returns a path's parent and name.
func split(p string) (parent, name string) { return path.Dir(p), path.Base(p) }
