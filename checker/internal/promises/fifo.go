package promises

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// inOrder checks that the writes of each session took effect in the order in which it
// had sent them, over all its connections. The transactions also show it for writes
// without an answer: nothing that was sent on an old connection takes effect after a
// request of a new one.
func (j *judge) inOrder() {
	for _, q := range j.requests {
		if q.writes() {
			j.Report[Fifo].count("writes", 1)
		}
	}
	for _, s := range j.sessions {
		var last *request // the one with the highest zxid so far
		for _, q := range s.requests {
			z := q.landed(j.log != nil)
			if z == 0 {
				continue
			}
			if last != nil && z <= last.landed(j.log != nil) {
				j.outOfOrder(s, last, q)
				continue
			}
			last = q
		}
	}
}

// landed returns the zxid at which a request took effect, or was refused because of the
// tree; 0: not known, or neither.
func (q *request) landed(known bool) history.ID {
	switch {
	case !q.writes():
	case known && q.txn != nil && (!q.txn.Refused() || turnedDown(q.txn)):
		return q.txn.Zxid
	case !known && q.answer() != unknown:
		return q.reply.zxid
	}
	return 0
}

// turnedDown reports whether a transaction stands for a request that the leader refused
// after it had looked at the tree. It refuses other requests before that, such as those
// of a session that has moved.
func turnedDown(t *history.Txn) bool {
	return refusals[t.Error] || slices.ContainsFunc(t.Parts, func(p history.Txn) bool { return refusals[p.Error] })
}

func (j *judge) outOfOrder(s *session, before, q *request) {
	z, first := q.landed(j.log != nil), before.landed(j.log != nil)
	on := "after it"
	if q.conn != before.conn {
		on = "after it, on a new connection"
	}
	j.broken(Fifo, append(before.events(), q.events()...), "client %d's %s, sent at %s, took effect at zxid %s, but its %s, sent %s at %s, at zxid %s",
		s.client, before.name(), at(before.at), first, q.name(), on, at(q.at), z)
}
