package promises

import (
	"bytes"
	"fmt"

	"github.com/zklab/zklab/history"
)

// acknowledged compares what clients were told of their writes with what was committed, and with what
// they had been told before.
func (j *judge) acknowledged() {
	for _, q := range j.requests {
		if !q.writes() {
			continue
		}
		j.fresh(q)
		got := q.answer()
		if got == done {
			j.Report[Durable].count("acknowledged", 1)
			j.versionAsked(q)
		}
		if got == refused {
			j.reasonable(q)
		}
		if got == done && q.Op == opMulti {
			j.Report[Atomic].count("multis", 1)
		}
		if j.log == nil || q.Op == "closeSession" {
			continue
		}
		j.versionDeleted(q)
		j.justified(q)
		switch {
		case got == done && !j.kept(q):
			j.broken(Durable, q.events(), "client %d got the answer to its %s at %s, with zxid %s, but %s",
				q.conn.client, q.name(), at(q.reply.at), q.reply.zxid, j.lack(q))
		case got == refused && q.txn != nil && !q.txn.Refused():
			j.broken(Atomic, q.events(), "client %d's %s was refused at %s, yet it is among the transactions, with zxid %s",
				q.conn.client, q.name(), at(q.reply.at), q.txn.Zxid)
		case got == refused && !q.refusedSo():
			j.broken(Durable, q.events(), "client %d's %s was refused at %s, with error %d and zxid %s, but the transaction of that request is another",
				q.conn.client, q.name(), at(q.reply.at), q.refusal(), q.reply.zxid)
		}
	}
}

// fresh checks that a write gets a higher zxid than any that a client had seen before the write was sent, in
// particular in answers to earlier writes. So a read after the write shows everything that clients had seen by
// then.
func (j *judge) fresh(q *request) {
	if !q.quorum() || q.reply.zxid == 0 {
		return
	}
	switch z := q.reply.zxid; {
	case q.acked != nil && z <= q.acked.zxid:
		before := q.acked.request
		j.broken(Fenced, append(q.events(), before.events()...), "client %d sent its %s at %s, when client %d had the answer to its %s with zxid %s, but it got zxid %s",
			q.conn.client, q.name(), at(q.at), before.conn.client, before.name(), q.acked.zxid, z)
	case z <= q.shown.zxid && q.shown.conn != q.conn: // otherwise its own connection shows that
		j.broken(Fenced, append(q.events(), q.shown.index), "client %d sent its %s at %s, when client %d had seen zxid %s, at %s, but it got zxid %s",
			q.conn.client, q.name(), at(q.at), q.shown.conn.client, q.shown.zxid, at(q.shown.at), z)
	}
}

// kept reports whether the transactions contain an acknowledged write as it was sent.
func (j *judge) kept(q *request) bool {
	t := q.txn
	if t == nil || t.Refused() || t.Zxid != q.reply.zxid {
		return false
	}
	if q.Op != opMulti {
		return same(&q.Request, &q.reply.Reply, t)
	}
	if len(t.Parts) != len(q.Parts) {
		return false
	}
	for i := range t.Parts {
		if !same(&q.Parts[i], &q.reply.Parts[i], &t.Parts[i]) {
			return false
		}
	}
	return true
}

// refusal returns the error of a refused request; for a multi, the error of the first part that has
// one.
func (q *request) refusal() int32 {
	for i := range q.reply.Parts {
		if e := q.reply.Parts[i].Error; e != 0 {
			return e
		}
	}
	return q.reply.Error
}

// refusedSo reports whether a refusal was committed as it was answered: as a transaction that
// changes nothing and has the same error.
func (q *request) refusedSo() bool {
	t := q.txn
	if t == nil || t.Zxid != q.reply.zxid {
		return t == nil && q.reply.zxid == 0
	}
	if q.Op != opMulti {
		return t.Error == 0 || t.Error == q.reply.Error
	}
	if len(t.Parts) != len(q.reply.Parts) {
		return true
	}
	// A part before the one that failed is logged as if it had been carried out, and answered with 0
	// (DataTree.processTxn).
	for i := range t.Parts {
		if t.Parts[i].Error != q.reply.Parts[i].Error {
			return false
		}
	}
	return true
}

// cutData is less than the data of a request that is too long for the record. For such
// a request, the record says nothing about its data.
const cutData = 100 << 10

// same reports whether a transaction matches the request and its answer.
func same(r *history.Request, got *history.Reply, t *history.Txn) bool {
	path := r.Path
	if got.Path != "" {
		path = got.Path
	}
	switch kind(r.Op) {
	case opCreate, opSet:
		return t.Path == path && versionFits(r, got, t) && (bytes.Equal(t.Data, r.Data) || len(r.Data) == 0 && len(t.Data) >= cutData)
	case opDelete:
		return t.Path == path
	}
	return true
}

// versionFits reports whether the answer to a write of data contains the version that the
// write made.
func versionFits(r *history.Request, got *history.Reply, t *history.Txn) bool {
	return r.Op != opSet || got.Stat == nil || got.Stat.Version == t.Version
}

// lack describes what is wrong with the transaction of a write that was acknowledged.
func (j *judge) lack(q *request) string {
	switch {
	case q.txn == nil:
		return "no transaction belongs to that request"
	case q.txn.Refused():
		return "it was refused, at zxid " + q.txn.Zxid.String()
	case q.txn.Zxid != q.reply.zxid:
		return "it was committed at zxid " + q.txn.Zxid.String()
	}
	if q.Op == opSet && !versionFits(&q.Request, &q.reply.Reply, q.txn) {
		return fmt.Sprintf("it made version %d, and not %d", q.txn.Version, q.reply.Stat.Version)
	}
	return "the transaction has another path or other data"
}
