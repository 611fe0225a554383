package promises

import (
	"math"

	"github.com/zklab/zklab/history"
)

// setCeilings bounds the views of a connection's replies from above by what follows them on the
// connection: the event of a change, or the answer to a write, which the server sends when it carries
// out the write.
func (c *conn) setCeilings() {
	lowest := history.ID(math.MaxInt64)
	for i := len(c.steps) - 1; i >= 0; i-- {
		switch s := c.steps[i]; {
		case s.event != nil && s.event.zxid > 0:
			lowest = min(lowest, s.event.zxid-1)
		case s.reply != nil:
			s.reply.ceiling = lowest
			if q := s.reply.request; q != nil && q.quorum() && s.reply.zxid > 0 {
				lowest = min(lowest, s.reply.zxid)
			}
		}
	}
}

// possible reports whether a reply can show a change, according to its header and to what follows
// it.
func (j *judge) possible(r *reply, m *change) bool {
	switch {
	case m.zxid > r.ceiling:
		return false
	case j.log != nil:
		return m.zxid <= j.log.committed(r.at)
	}
	return m.by == nil || m.by.at <= r.at
}

// shown returns the highest zxid in a reply: in its header, or in its body.
func (r *reply) shown() history.ID {
	z := max(r.zxid, latest(r.Stat))
	for i := range r.Parts {
		z = max(z, latest(r.Parts[i].Stat))
	}
	return z
}

// latest returns the zxid of the last change that a znode's stat shows; 0 without a stat.
func latest(s *history.Stat) history.ID {
	if s == nil {
		return 0
	}
	return max(s.Czxid, s.Mzxid, s.Pzxid)
}
