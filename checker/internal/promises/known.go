package promises

import (
	"bytes"

	"github.com/zklab/zklab/history"
)

// This file is for records without transactions. It compares what replies show with what clients
// were told of their own writes.

// other reports whether a reply shows, at the zxid of an acknowledged write, other data
// than the write had.
func (j *judge) other(c *conn, r *reply, of *content, p *past) bool {
	if of.stat == nil || !of.hasData {
		return false
	}
	m := after(p.own, of.stat.Mzxid-1)
	if m == nil || m.zxid != of.stat.Mzxid || m.by == nil {
		return false
	}
	wrote, ok := m.by.wrote(of.path)
	if !ok || bytes.Equal(wrote, of.data) || len(wrote) == 0 && len(of.data) >= cutData {
		return false
	}
	j.broken(Durable, append(m.shown(), r.request.events()...), "%s has the zxid of %s, but other data", told(c, r), m.wrote())
	return true
}

// wrote returns the data that a request last gave a znode; false if it gave none.
func (q *request) wrote(path string) (data []byte, ok bool) {
	q.parts(func(r history.Request, got history.Reply) {
		at := r.Path
		if got.Path != "" {
			at = got.Path
		}
		if k := kind(r.Op); at == path && (k == opCreate || k == opSet) {
			data, ok = r.Data, true
		}
	})
	return data, ok
}

// goneEarly reports whether a reply fails to show an ephemeral znode that no client had deleted and
// whose session was still alive: a request that the session sent later was committed.
func (j *judge) goneEarly(c *conn, v *view, r *reply, p *past) bool {
	m := j.standing(p, r, v.lower)
	if m == nil || m.owner == 0 || j.sessions[m.owner] == nil {
		return false
	}
	lived := j.sessions[m.owner].lived()
	if lived == nil || lived.index < r.index {
		return false
	}
	j.broken(Ephemeral, append(r.request.events(), m.by.reply.index, lived.index, lived.reply.index), "%s finds nothing, though session %s had created it at zxid %s, no request had deleted it, and the session lived: it wrote at %s",
		told(c, r), m.owner, m.zxid, at(lived.at))
	return true
}

// lived returns the last request of a session that was committed; nil if none is known.
func (s *session) lived() *request {
	if !s.sought {
		s.sought = true
		for i := len(s.requests) - 1; i >= 0 && s.last == nil; i-- {
			if q := s.requests[i]; q.quorum() && q.Op != "closeSession" {
				s.last = q
			}
		}
	}
	return s.last
}
