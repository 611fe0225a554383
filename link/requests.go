package link

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// request is a request that awaits its reply.
type request struct {
	xid   int32
	op    wire.Op
	path  string        // "" if no caller needed it
	paths []string      // all paths; nil if no caller needed them
	sent  time.Duration // read from the clock before the request's last byte was sent
	loss  *Loss         // takes the reply; nil if none does

	changes []Acked // that it asks for; nil if no caller needed them

	makes *int // counts it, as it creates an ephemeral znode; nil if it does not

	overtaken bool // a later request was answered before it
	point     Point
	reads     bool // it was announced as one that only reads
}

// requests are the requests of one connection that await replies, in order of sending.
type requests struct {
	list []request
	head int
}

func (q *requests) push(r request) { q.list = append(q.list, r) }

// take removes and returns the oldest request with this xid.
func (q *requests) take(xid int32) (request, bool) {
	i, ok := q.find(xid)
	if !ok {
		return request{}, false
	}
	return q.remove(i), true
}

// op returns the type of the request that take would remove.
func (q *requests) op(xid int32) (wire.Op, bool) {
	i, ok := q.find(xid)
	if !ok {
		return 0, false
	}
	return q.list[i].op, true
}

// find looks for the oldest request with this xid. Nearly always it is the oldest of all requests: a
// server answers in order, except for auth, which it answers without waiting for the writes before it.
func (q *requests) find(xid int32) (int, bool) {
	for i := q.head; i < len(q.list); i++ {
		if q.list[i].xid == xid {
			return i, true
		}
	}
	return 0, false
}

func (q *requests) remove(i int) request {
	r := q.list[i]
	if i > q.head {
		q.list = slices.Delete(q.list, i, i+1)
		return r
	}
	q.list[i] = request{}
	q.head++
	switch {
	case q.head == len(q.list):
		q.list, q.head = q.list[:0], 0
	case q.head > 64 && q.head > len(q.list)/2:
		q.list, q.head = slices.Delete(q.list, 0, q.head), 0
	}
	return r
}

// all returns the waiting requests, in order.
func (q *requests) all() []request { return q.list[q.head:] }

// inTurn reports whether servers answer a request in the order of its connection.
func (r *request) inTurn() bool { return r.xid >= 0 && r.op != wire.Auth && r.op != wire.Ping }

// overtaken returns the requests that a reply with this xid overtakes for the first time.
func (q *requests) overtaken(xid int32) (older []history.UnansweredRequest) {
	i, ok := q.find(xid)
	if !ok || i == q.head || !q.list[i].inTurn() {
		return nil
	}
	for j := q.head; j < i && len(older) < mostUnanswered; j++ {
		if r := &q.list[j]; r.inTurn() && !r.overtaken {
			r.overtaken = true
			older = append(older, r.fact())
		}
	}
	return older
}

// fact returns the request in the form of the record.
func (r *request) fact() history.UnansweredRequest {
	return history.UnansweredRequest{Xid: r.xid, Op: r.op.String(), Path: r.path, Sent: r.sent}
}

// mostUnanswered bounds the length of an event. For a client that was never answered, the
// newest requests tell most.
const mostUnanswered = 1000

// unanswered returns the requests that await the answer of a quorum. A closeSession is one of them:
// it may be what ended the session.
func (q *requests) unanswered() (v history.Unanswered) {
	for _, r := range q.all() {
		if wire.ProvesAlive(r.op, wire.OK) || r.op == wire.CloseSession {
			v.Requests = append(v.Requests, r.fact())
		}
	}
	if v.Older = max(0, len(v.Requests)-mostUnanswered); v.Older > 0 {
		v.Requests = v.Requests[v.Older:]
	}
	return v
}

// wantedBy makes a loss take the reply that has come, instead of another loss. Call it with
// Link.mu held.
func (r *request) wantedBy(x *Loss) {
	if r.loss != nil {
		r.loss.awaited--
	}
	x.awaited++
	r.loss = x
}
