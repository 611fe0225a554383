package causes

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// This file finds when the request of a transaction was sent, according to the link of its session.

// sightings holds what the links saw of the requests of one session.
type sightings struct {
	shown      []sighting // in order of time
	unanswered map[int32]time.Duration
	older      bool // more requests than these were not answered
}

// sighting means that everything up to the zxid seen had been answered by the time at. The last of
// these requests that a quorum answered was sent at sent.
type sighting struct {
	at, sent time.Duration
	seen     uint64
}

var sightingsOf = evidence.Once(func(a *evidence.Record) map[history.ID]*sightings {
	all := map[history.ID]*sightings{}
	for i := range a.History.Events {
		e := &a.History.Events[i]
		if e.Session == 0 || e.Alive == 0 && e.F != history.FUnanswered {
			continue
		}
		s := all[e.Session]
		if s == nil {
			s = &sightings{unanswered: map[int32]time.Duration{}}
			all[e.Session] = s
		}
		if e.Alive != 0 && e.Seen > 0 {
			s.shown = append(s.shown, sighting{e.Time, e.Alive, uint64(e.Seen)})
		}
		if e.F == history.FUnanswered {
			var v history.Unanswered
			_ = e.Decode(&v)
			for _, q := range v.Requests {
				s.unanswered[q.Xid] = q.Sent
			}
			s.older = s.older || v.Older > 0
		}
	}
	return all
})

// sent returns the times between which a session sent the request of a transaction. Servers carry
// out the requests of a session in the order in which they were sent. The reply to a request is the
// first that shows its zxid, unless the request was never answered.
func (s *search) sent(id history.ID, zxid uint64) (from, to time.Duration) {
	from, to = s.when(zxid)
	saw := sightingsOf(s.Record)[id]
	if saw == nil {
		return from, to
	}
	answered := !saw.older
	if t := s.Log.Find(zxid); t != nil && t.Session == id {
		if at, lost := saw.unanswered[t.Cxid]; lost && t.Cxid != 0 {
			return at, at
		}
	} else {
		answered = false
	}
	i := slices.IndexFunc(saw.shown, func(one sighting) bool { return one.seen >= zxid })
	if i < 0 {
		i = len(saw.shown)
	} else if to = min(to, saw.shown[i].at); answered && saw.shown[i].seen == zxid {
		return saw.shown[i].sent, saw.shown[i].sent
	}
	if i > 0 {
		from = max(from, saw.shown[i-1].sent)
	}
	return from, to
}

// sentIn returns the only one of ops during which the request of a transaction was certainly sent,
// and the time of sending if it is known; nil if there is no such call. A request that an earlier
// call left in a queue can also be sent during a later call.
func (s *search) sentIn(id history.ID, zxid uint64, ops []*history.Operation) (in *history.Operation, at string) {
	from, to := s.sent(id, zxid)
	for _, op := range ops {
		if op.Began() > from || evidence.Ended(op) < to {
			continue
		}
		if in != nil {
			return nil, ""
		}
		in = op
	}
	if from == to {
		at = " at " + words.At(from)
	}
	return in, at
}

// lostReplies lists the replies that faults kept from clients.
var lostReplies = evidence.Once(func(a *evidence.Record) (all []history.LostMessage) {
	for i := range a.History.Events {
		e := &a.History.Events[i]
		if e.Process != history.Nemesis || history.RunFact(e.F) {
			continue
		}
		var step history.FaultStep
		if e.Decode(&step) != nil {
			continue
		}
		for _, l := range step.Lost {
			if l.What == history.LostReply && l.Refused == "" && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
})

// unheard returns text saying that the client never got the reply to the request of a transaction. It
// returns "" if that is not known.
func (s *search) unheard(zxid uint64) string {
	op, _ := s.callOf(zxid)
	_, _, lost := s.tie.Unanswered(zxid)
	if !lost && op != nil {
		lost = slices.ContainsFunc(evidence.MadeDuring(s.key)[op], func(c evidence.Change) bool {
			return c.Zxid == zxid && len(c.Parts) == 1 && s.allLost(op, c)
		})
	}
	if !lost {
		return ""
	}
	return ", and the reply to that request never came" + s.again(op, zxid)
}

// again returns text saying that the call of a transaction sent the request again and was refused; "" if it did not.
func (s *search) again(op *history.Operation, zxid uint64) string {
	first := s.Log.Find(zxid)
	if op == nil || first == nil {
		return ""
	}
	paths := append(pathsOf(first.Parts), first.Path)
	for i := range s.Transactions {
		t := &s.Transactions[i]
		if uint64(t.Zxid) <= zxid || t.Session != first.Session || !t.Refused() || !slices.Equal(append(pathsOf(t.Parts), t.Path), paths) {
			continue
		}
		if from, _ := s.when(uint64(t.Zxid)); from <= evidence.Ended(op) {
			return "; sent again, it was refused (" + refusal(t) + ") at zxid " + words.Zxid(uint64(t.Zxid))
		}
	}
	return ""
}

// allLost reports whether faults took as many replies to a call as the call made changes to which they
// can belong: then all of these changes were unanswered.
func (s *search) allLost(op *history.Operation, c evidence.Change) bool {
	about := func(other evidence.Change, l history.LostMessage) bool {
		part := other.Parts[0]
		return l.Session == other.Session && part.Type == c.Parts[0].Type && strings.HasPrefix(part.Type, l.Op) && l.Path != "" && strings.HasPrefix(part.Path, l.Path) && op.Began() <= l.At && l.At <= evidence.Ended(op)
	}
	lost, made := 0, map[uint64]bool{}
	for _, l := range lostReplies(s.Record) {
		if !about(c, l) {
			continue
		}
		lost++
		for _, other := range evidence.MadeDuring(s.key)[op] {
			if about(other, l) {
				made[other.Zxid] = true
			}
		}
	}
	return lost > 0 && lost == len(made)
}
