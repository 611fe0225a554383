package promises

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// This file compares refusals with their requests, and with the state of the znodes.

// reasonable checks that a refusal has an error that the refused operation can return.
func (j *judge) reasonable(q *request) {
	q.parts(func(r history.Request, got history.Reply) {
		if refusals[got.Error] && !canHave(r, got.Error) {
			j.broken(Durable, q.events(), "client %d's %s was refused at %s, with error %d of %s of %s, which cannot have that error",
				q.conn.client, q.name(), at(q.reply.at), got.Error, r.Op, r.Path)
		}
	})
}

// canHave reports whether the state of the tree can make an operation fail with an
// error.
func canHave(r history.Request, code int32) bool {
	op := kind(r.Op)
	switch op {
	case opCreate, opDelete, opSet, "check":
	default:
		return true
	}
	switch code {
	case -103: // bad version
		return op != opCreate && (r.Version == nil || *r.Version != -1)
	case -111: // not empty
		return op == opDelete
	case -108, -110, -114: // no children for ephemerals, node exists, invalid ACL
		return op == opCreate
	}
	return true
}

// justified checks, if the transactions are known, that the reason for which a request was refused
// was true. It leaves out multis, since it is not known what their other operations had done by
// then.
func (j *judge) justified(q *request) {
	if q.answer() != refused || q.Op == opMulti || q.txn == nil || !q.txn.Refused() {
		return
	}
	path := q.Path
	if kind(q.Op) == opCreate && q.reply.Error == -101 {
		path, _ = split(path)
	}
	p := j.past(path)
	if boot(path) || q.Sequential {
		return
	}
	there := version{}
	if p != nil {
		there = p.versions[p.in(q.txn.Zxid)]
	}
	if !there.refuses(q) {
		j.broken(Durable, q.events(), "client %d's %s was refused at %s with error %d, at zxid %s, though the state then is no reason for that",
			q.conn.client, q.name(), at(q.reply.at), q.reply.Error, q.txn.Zxid)
	}
}

// refuses reports whether a version of a znode, or of its parent, justifies the error with which a
// request was refused. Errors that do not depend on the version are always justified.
func (v *version) refuses(q *request) bool {
	switch q.reply.Error {
	case -101: // no node
		return !v.present
	case -103: // bad version
		return q.Version == nil || v.present && *q.Version != v.number
	case -110: // node exists
		return v.present
	case -111: // not empty
		return v.children > 0
	}
	return true
}

// conflict records, if the transactions are not known, that a request was refused because
// the znode did not have the expected version.
func (j *judge) conflict(q *request) {
	if q.reply.Error == -103 && asksVersion(q.Request) {
		if j.conflicts == nil {
			j.conflicts = map[string][]*request{}
		}
		j.conflicts[q.Path] = append(j.conflicts[q.Path], q)
	}
}

// unjustConflict looks for a request that was refused between two writes with consecutive versions,
// although it expected the version of the first write, which the znode had then.
func (j *judge) unjustConflict(path string, first, second *shownWrite) {
	if second.Version != first.Version+1 {
		return
	}
	for _, q := range j.conflicts[path] {
		if z := q.reply.zxid; *q.Version == first.Version && first.Mzxid < z && z < second.Mzxid {
			j.broken(Durable, slices.Concat(q.events(), first.reply.request.events(), second.reply.request.events()),
				"client %d's %s asked for version %d and was refused at zxid %s, though version %d was there from zxid %s to %s",
				q.conn.client, q.name(), *q.Version, z, first.Version, first.Mzxid, second.Mzxid)
		}
	}
}
