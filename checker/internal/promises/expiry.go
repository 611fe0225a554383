package promises

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// endings compares the ends of sessions that no client asked for with their timeouts ("Programmer's
// Guide, ZooKeeper Sessions"). The log shows the order of transactions, but no times that could be
// compared with the record's. So the end of a session is only known to lie between two times: after
// the latest request of an earlier transaction, and before the first reply with the zxid of the end
// or a higher one.
//
// A server counts the timeout from when the leader last heard of the session, which no log shows. The
// leader had heard of it when it received a write, or a little before: a follower reports its sessions
// at each tick; and a new leader starts counting again. That holds while servers are not disturbed, and
// if their clock is the record's, as the clock of embedded servers is; other servers may stand still
// unseen. If it does not hold, endings decides nothing.
func (j *judge) endings() {
	if j.log == nil || !j.Timed || j.Tick <= 0 {
		return
	}
	ends := j.seenAt()
	for _, s := range j.sessions {
		if s.timeout == 0 {
			continue
		}
		t := j.log.closes[s.id]
		if t == nil {
			j.tooLate(s, 0)
			continue
		}
		if t.Cxid == 0 { // otherwise a client asked for the end
			j.tooEarly(s, t.Zxid, ends)
			j.tooLate(s, t.Zxid)
		}
	}
}

// zxidReply is the earliest reply with a zxid or a higher one.
type zxidReply struct {
	zxid  history.ID
	first *reply
}

// seenAt returns the replies in the order of their zxids.
func (j *judge) seenAt() []zxidReply {
	var all []zxidReply
	for _, q := range j.requests {
		if q.reply != nil && q.reply.zxid > 0 {
			all = append(all, zxidReply{q.reply.zxid, q.reply})
		}
	}
	slices.SortFunc(all, func(x, y zxidReply) int { return cmp.Compare(x.zxid, y.zxid) })
	for i := len(all) - 2; i >= 0; i-- {
		if all[i+1].first.at < all[i].first.at {
			all[i].first = all[i+1].first
		}
	}
	return all
}

// tooEarly checks that a session did not end before its timeout, counted from its last
// write, had passed.
func (j *judge) tooEarly(s *session, z history.ID, seen []zxidReply) {
	i := sort.Search(len(seen), func(i int) bool { return seen[i].zxid >= z })
	if i == len(seen) {
		return
	}
	by := seen[i].first
	var write *request
	for _, q := range s.requests {
		if got := q.landed(true); got != 0 && got < z {
			write = q
		}
	}
	if write == nil || overlap(j.Disturbed, write.at-2*j.Tick, by.at) || overlap(j.Stalled, write.at-2*j.Tick, by.at) {
		return
	}
	j.Report[Expiry].count("ends", 1)
	if by.at < write.at+s.timeout-2*j.Tick {
		j.broken(Expiry, append(write.events(), by.index), "the servers ended session %s of client %d at zxid %s, which was seen at %s, though it had sent its %s at %s and had a timeout of %s",
			s.id, s.client, z, at(by.at), write.name(), at(write.at), at(s.timeout))
	}
}

// tooLate checks that a session whose client left and did not come back ended soon after its timeout.
// The expiry is rounded up to a tick, and the leader may have heard of the session a tick later.
func (j *judge) tooLate(s *session, z history.ID) {
	if s.left == 0 {
		return
	}
	lived, q := j.log.askedBefore(z)
	if q == nil || j.interfered(s.left, lived) {
		return
	}
	if z != 0 {
		j.Report[Expiry].count("left", 1)
	}
	if lived > s.left+s.timeout+2*j.Tick+slack {
		j.broken(Expiry, []int{s.lastConn(), q.index}, "session %s of client %d, which left at %s and had a timeout of %s, had not ended when client %d sent its %s at %s",
			s.id, s.client, at(s.left), at(s.timeout), q.conn.client, q.name(), at(q.at))
	}
}

// slack is the time allowed for everything except waiting.
const slack = time.Second

// lastConn returns the event that began the session's last connection, or -1.
func (s *session) lastConn() int { return s.conns[len(s.conns)-1].from() }

// askedBefore returns the latest request of any transaction before z, and when it was sent. If z is
// 0, it considers all transactions.
func (l *log) askedBefore(z history.ID) (time.Duration, *request) {
	i := len(l.zxids)
	if z != 0 {
		i = sort.Search(len(l.zxids), func(i int) bool { return l.zxids[i] >= z })
	}
	if i == 0 || l.latest[i-1] == nil {
		return 0, nil
	}
	return l.sent[i-1], l.latest[i-1]
}

// interfered reports whether there was a fault of any kind around a time, or the
// recording process itself was held up.
func (j *judge) interfered(from, to time.Duration) bool {
	return j.disturbed(from, to) || overlap(j.Faults, from-j.Wait, to) || overlap(j.Stalled, from-j.Wait, to)
}
