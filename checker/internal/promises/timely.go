package promises

import (
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// This file is about how old the state may be that a client is shown ("Programmer's Guide,
// Consistency Guarantees, Timeliness": the client sees changes within a certain bound, or it
// detects that the service is down).

// timely checks that a read does not show a state from before a write that was acknowledged
// more than the bound before the read was sent, on a connection that had lasted as long.
//
// The zxid in the header of a read is the last one that its server had applied. So no log is
// needed; [SingleImage] judges what the znode itself shows. Time in which a fault held up
// the server, or in which the recorder was held up, does not count: a server that stands
// still cannot find out that it is behind.
func (j *judge) timely(c *conn, r *reply) {
	q := r.request
	if j.Age <= 0 || q.writes() || r.zxid == 0 || len(j.acks) == 0 {
		return
	}
	halted := j.halted(c.server)
	if lasted(halted, max(c.at, j.acks[0].at), q.at) <= j.Age {
		return
	}
	j.Report[Timeliness].count("reads", 1)
	missed := j.acknowledgedBehind(r.zxid)
	if missed == nil || lasted(halted, missed.at, q.at) <= j.Age {
		return
	}
	w := missed.request
	j.broken(Timeliness, append(q.events(), append(w.events(), c.from())...), "%s, sent at %s to %s, was answered from a state of zxid %s, though client %d had the answer to its %s, with zxid %s, at %s: %s before, and longer than %s",
		told(c, r), at(q.at), c.server, r.zxid, w.conn.client, w.name(), missed.zxid, at(missed.at), at(q.at-missed.at), j.Age)
}

// acknowledgedBehind returns the first answer to a write with a zxid above z; nil: there is none.
func (r *record) acknowledgedBehind(z history.ID) *reply {
	i := sort.Search(len(r.acks), func(i int) bool { return r.acks[i].zxid > z })
	if i == len(r.acks) {
		return nil
	}
	return r.acks[i]
}

// halted returns the times in which a server, or the recorder, stood still.
func (j *judge) halted(server string) []history.Span {
	if all, ok := j.still[server]; ok {
		return all
	}
	all := j.Stalled
	if j.Halted != nil {
		all = apart(append(j.Halted(server), all...))
	}
	if j.still == nil {
		j.still = map[string][]history.Span{}
	}
	j.still[server] = all
	return all
}

// lasted returns the time between two moments, without the given spans, which are disjoint and in order.
func lasted(without []history.Span, from, to time.Duration) time.Duration {
	length := to - from
	for _, s := range without {
		if s.From >= to {
			break
		}
		length -= max(0, min(s.To, to)-max(s.From, from))
	}
	return length
}
