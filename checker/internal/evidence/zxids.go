package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file relates the two orders of a run: the times of the history and the zxids. It uses what the
// links saw, and no server's clock.
//
//   - A zxid that a client was answered with had been committed by then ([Zxids.CommittedBy]),
//     so later requests get higher zxids ([Zxids.Floor]).
//   - A request that was sent at a moment and got zxid z comes after everything that any
//     client could have been shown by that moment ([Zxids.Ceil]), and before everything with
//     a higher zxid ([Zxids.SentBelow]).
//
// Events at one moment have no order: "later" and "by" are strict, so that a run in virtual time,
// where a whole exchange takes no time, raises no alarm.

// Zxids relates the times of the history and the zxids. It is read-only once it is
// sorted.
type Zxids struct {
	seen []seenZxid         // rising in both: the highest zxid known so far
	low  []request          // by zxid; sent is the latest so far
	high []request          // by the time sent; zxid is the lowest from here on
	lost map[uint64]request // the requests that were not answered, by zxid
}

// seenZxid is a zxid that a client was answered with.
type seenZxid struct {
	zxid  uint64
	at    time.Duration
	event int
}

// request is a request that was committed with a zxid of at most zxid.
type request struct {
	zxid  uint64
	sent  time.Duration
	event int // that shows it
}

// tieOf returns the relation for a record whose log was not read.
var tieOf = Once(func(a *Record) *Zxids {
	z := &Zxids{}
	paired := map[history.ID]time.Duration{}
	for e := range a.History.All() {
		s := Session{paired: paired[e.Session]}
		z.look(e, &s)
		paired[e.Session] = s.paired
	}
	z.sort()
	return z
})

// Tie returns the relation between the record's two orders, times and zxids, for any object.
func (a *Record) Tie() *Zxids {
	if a.Log != nil {
		return &a.Zxids
	}
	return tieOf(a)
}

// look reads what an event shows; events come in order.
func (z *Zxids) look(e *history.Event, s *Session) {
	top := uint64(max(e.Seen, 0))
	if e.Process == history.SessionProcess { // the zxid of an operation is only what the subject reported
		top = max(top, uint64(max(e.Zxid, 0)))
	}
	z.pair(e, s, e.Alive, e.Seen, top)
}

// pair reads when a request of a session was sent, the highest zxid that the session had been answered
// with by then, and the highest zxid that the event shows.
func (z *Zxids) pair(e *history.Event, s *Session, alive time.Duration, seen history.ID, top uint64) {
	if n := len(z.seen); top > 0 && (n == 0 || z.seen[n-1].zxid < top) {
		z.seen = append(z.seen, seenZxid{top, e.Time, e.Index})
	}
	if alive > 0 && seen > 0 && s != nil && s.paired != alive {
		s.paired = alive
		z.low = append(z.low, request{uint64(seen), alive, e.Index})
	}
}

// add adds a request that was not answered, whose zxid the log shows.
func (z *Zxids) add(zxid uint64, sent time.Duration, event int) {
	if z.lost == nil {
		z.lost = map[uint64]request{}
	}
	z.lost[zxid] = request{zxid, sent, event}
	z.low = append(z.low, z.lost[zxid])
}

// Unanswered returns when the request with a zxid was sent, and the event that shows it, if the links
// saw that request, and no answer to it.
func (z *Zxids) Unanswered(zxid uint64) (sent time.Duration, event int, ok bool) {
	r, ok := z.lost[zxid]
	return r.sent, r.event, ok
}

// sort prepares the relation for queries.
func (z *Zxids) sort() {
	z.high = slices.Clone(z.low)
	slices.SortStableFunc(z.low, func(x, y request) int { return cmp.Compare(x.zxid, y.zxid) })
	for i := 1; i < len(z.low); i++ {
		if last := z.low[i-1]; last.sent > z.low[i].sent {
			z.low[i].sent, z.low[i].event = last.sent, last.event
		}
	}
	slices.SortStableFunc(z.high, func(x, y request) int { return cmp.Compare(x.sent, y.sent) })
	for i := len(z.high) - 2; i >= 0; i-- {
		if next := z.high[i+1]; next.zxid < z.high[i].zxid {
			z.high[i].zxid, z.high[i].event = next.zxid, next.event
		}
	}
}

// CommittedBy returns when a zxid had certainly been committed, and the event that shows it; never
// and -1 if no client saw it, or a later one.
func (z *Zxids) CommittedBy(zxid uint64) (time.Duration, int) {
	i, _ := slices.BinarySearchFunc(z.seen, zxid, func(s seenZxid, zxid uint64) int { return cmp.Compare(s.zxid, zxid) })
	if i == len(z.seen) {
		return Never, -1
	}
	return z.seen[i].at, z.seen[i].event
}

// Floor returns the highest zxid that had certainly been committed before t: a request that was
// sent at t or later got a higher one. 0 if none is known.
func (z *Zxids) Floor(t time.Duration) uint64 {
	i, _ := slices.BinarySearchFunc(z.seen, t, func(s seenZxid, t time.Duration) int {
		if s.at < t {
			return -1
		}
		return 1
	})
	if i == 0 {
		return 0
	}
	return z.seen[i-1].zxid
}

// FloorAt is like Floor, but includes what was seen at t itself.
func (z *Zxids) FloorAt(t time.Duration) uint64 { return z.Floor(t + 1) }

// newEpochs returns how many leaders there can have been by t after the first leader whose epoch,
// the upper half of a zxid, was in an answer to a client.
func (z *Zxids) newEpochs(t time.Duration) uint64 {
	last := z.FloorAt(t)
	if last == 0 {
		return 0
	}
	return last>>32 - z.seen[0].zxid>>32
}

// Ceil returns a zxid above everything that any client can have been shown by t, and the event that
// proves it: a request that was sent after t. It returns false if no such request is known.
func (z *Zxids) Ceil(t time.Duration) (zxid uint64, event int, ok bool) {
	i, _ := slices.BinarySearchFunc(z.high, t+1, func(r request, t time.Duration) int { return cmp.Compare(r.sent, t) })
	if i == len(z.high) {
		return 0, -1, false
	}
	return z.high[i].zxid, z.high[i].event, true
}

// SentBelow returns when the latest request was sent that has a zxid below the given one, and the
// event that shows it; always and -1 if none is known.
func (z *Zxids) SentBelow(zxid uint64) (time.Duration, int) {
	i, _ := slices.BinarySearchFunc(z.low, zxid, func(r request, zxid uint64) int { return cmp.Compare(r.zxid, zxid) })
	if i == 0 {
		return Always, -1
	}
	return z.low[i-1].sent, z.low[i-1].event
}
