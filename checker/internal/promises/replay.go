package promises

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// replay goes through a connection in the order of the wire.
func (j *judge) replay(c *conn) {
	c.setCeilings()
	v := &view{lower: c.seen, by: c.from(), replied: c.seen, repliedBy: c.from(), multis: map[history.ID]int{}}
	w := newWatches(j, c)
	waiting := &queue{}
	reconnected := c.seen > 0
	for _, s := range c.steps {
		switch {
		case s.request != nil:
			if !s.request.auth() { // servers may answer such requests at any time
				waiting.push(s.request, int(s.request.Xid))
			}
			w.sent(s.request)
		case s.event != nil:
			w.told(s.event, v)
		case s.reply.request != nil:
			r := s.reply
			if r.zxid > 0 && reconnected {
				j.Report[SingleImage].count("reconnects", 1)
				reconnected = false
			}
			j.answered(waiting, c, r)
			w.before(r, v, j.judgeReply(c, v, r))
			w.answered(r, v)
		}
	}
}

// judgeReply judges what a reply says about its view, and what it shows. It returns the contents that
// are possible.
func (j *judge) judgeReply(c *conn, v *view, r *reply) []content {
	q := r.request
	before := v.lower
	if q.auth() || !j.image(c, v, r) { // what such a reply shows is also old
		return nil
	}
	j.timely(c, r)
	j.rightful(c, v, r)
	of := q.contents()
	for i := range of {
		j.owned(c, r, &of[i])
		j.counted(c, r, &of[i])
		j.leftNothing(c, r, &of[i])
		j.goneTooEarly(c, v, r, &of[i])
		j.stayed(c, v, r, &of[i])
	}
	j.overstayed(c, v, r, of)
	if j.log == nil {
		j.outlived(c, v, r, of)
		j.unjust(c, r)
		if q.Op == opSet && r.Error == 0 {
			j.agreesOnWrite(c, r, &content{path: q.Path, stat: r.Stat})
		}
	}
	of = slices.DeleteFunc(of, func(of content) bool { return !j.shows(c, v, r, &of) })
	j.halves(c, r)
	switch {
	case q.quorum():
		v.fence, v.news = q, q.need() > before
		q.changes(func(path string, _ change) { c.wrote[path] = true })
	case q.Op == "sync" && r.Error == 0:
		v.sync, v.news = q, q.need() > before
	}
	return of
}

// image reports whether the zxid in a reply's header is no lower than the zxids before it, on this
// connection or, as the client itself reported, on the previous one.
func (j *judge) image(c *conn, v *view, r *reply) bool {
	if r.zxid == 0 {
		return true
	}
	j.Report[SingleImage].count("replies", 1)
	if r.zxid < v.header {
		j.broken(SingleImage, append(r.request.events(), v.headerBy), "%s has zxid %s, though the connection had got zxid %s before", told(c, r), r.zxid, v.header)
		return false
	}
	if r.zxid < c.seen {
		j.broken(SingleImage, append(r.request.events(), c.from()), "%s has zxid %s, though it had seen zxid %s when it connected to %s at %s", told(c, r), r.zxid, c.seen, c.server, at(c.at))
		return false
	}
	if j.log != nil && r.zxid > j.log.committed(r.at) {
		j.broken(Views, r.request.events(), "%s has zxid %s, which no transaction had yet", told(c, r), r.zxid)
		return false
	}
	j.writtenBehind(c, v, r)
	v.header, v.headerBy = r.zxid, r.index
	v.proved(r.zxid, r.index)
	return true
}

// writtenBehind checks that the zxid of a write is not lower than anything that was shown before its
// answer. The zxid of a read may lag behind what it shows; a write has its own.
func (j *judge) writtenBehind(c *conn, v *view, r *reply) {
	if r.request.quorum() && r.zxid < v.lower {
		j.broken(SingleImage, append(r.request.events(), v.by), "%s has zxid %s, though the connection had seen the state at zxid %s before", told(c, r), r.zxid, v.lower)
	}
}

// outlived looks for ephemeral znodes of sessions that had ended. It is for records
// without transactions, in which the reply to closeSession shows the end.
func (j *judge) outlived(c *conn, v *view, r *reply, of []content) {
	for i := range of {
		p := j.past(of[i].path)
		if p != nil {
			if m := p.lastOwn(v.lower); m != nil && m.what == created && m.owner != 0 {
				if s := j.sessions[m.owner]; s.closed != 0 && s.closed <= v.lower {
					j.Report[Ephemeral].count("ends_seen", 1)
				}
			}
		}
		if of[i].stat == nil || of[i].stat.Owner == 0 {
			continue
		}
		if s := j.sessions[of[i].stat.Owner]; s != nil && s.closed != 0 && s.closed <= v.lower {
			j.broken(Ephemeral, append(r.request.events(), v.by, s.closer), "%s shows an ephemeral znode of session %s, though it shows the state at zxid %s, and the session ended at zxid %s", told(c, r), s.id, v.lower, s.closed)
		}
	}
}

// halves looks for a multi of which one part succeeded and another failed.
func (j *judge) halves(c *conn, r *reply) {
	if r.request.Op != opMulti {
		return
	}
	did := slices.IndexFunc(r.Parts, func(p history.Reply) bool { return p.Error == 0 && (p.Path != "" || p.Stat != nil) })
	failed := slices.IndexFunc(r.Parts, func(p history.Reply) bool { return p.Error != 0 })
	if did >= 0 && failed >= 0 {
		j.broken(Atomic, r.request.events(), "%s says that part %d was done and part %d was not", told(c, r), did+1, failed+1)
	}
}

// answered checks that replies come in the order of the requests.
func (j *judge) answered(waiting *queue, c *conn, r *reply) {
	q := r.request
	if q.auth() {
		return
	}
	j.Report[Fifo].count("replies", 1)
	first := waiting.first()
	if waiting.take(int(q.Xid)) != nil && first != q && !j.moved(first, r.at) {
		j.broken(Fifo, append(q.events(), first.index), "%s came before that to its %s, which it had sent before, at %s", told(c, r), first.name(), at(first.at))
	}
}

// moved reports whether a write got no answer because its session had moved to a copy of the
// client. The server closes the connection instead of answering, and sends the answers that are
// ready after it in the same batch: FinalRequestProcessor (SessionMovedException) and
// NIOServerCnxn.handleWrite.
func (j *judge) moved(q *request, at time.Duration) bool {
	return q.writes() && q.reply == nil && j.Copied != nil && j.Copied(q.conn.client, at)
}

// disturbed reports whether a fault hit servers from shortly before from until to, or a
// new leader appeared around that time.
func (j *judge) disturbed(from, to time.Duration) bool {
	from -= j.Wait
	if overlap(j.Disturbed, from, to) {
		return true
	}
	to += j.Wait
	i, _ := slices.BinarySearch(j.epochs, from)
	return i < len(j.epochs) && j.epochs[i] <= to
}

// overlap reports whether one of some disjoint, ordered spans touches the time from from
// to to.
func overlap(of []history.Span, from, to time.Duration) bool {
	i, _ := slices.BinarySearchFunc(of, from, func(s history.Span, t time.Duration) int { return cmp.Compare(s.To, t) })
	return i < len(of) && of[i].From <= to
}

// apart orders spans and joins those that touch.
func apart(of []history.Span) []history.Span {
	return history.Union(slices.DeleteFunc(slices.Clone(of), func(s history.Span) bool { return s.To < s.From }))
}

// newLeaders returns the times at which a new leader's zxids were first seen.
func newLeaders(conns []*conn) []time.Duration {
	seen := map[history.ID]time.Duration{}
	for _, c := range conns {
		for _, s := range c.steps {
			if s.reply == nil || s.reply.zxid == 0 {
				continue
			}
			epoch := s.reply.zxid >> 32
			if t, ok := seen[epoch]; !ok || s.reply.at < t {
				seen[epoch] = s.reply.at
			}
		}
	}
	times := slices.Sorted(maps.Values(seen))
	if len(times) > 0 {
		times = times[1:] // the leader at the beginning
	}
	return times
}
