package monitor

import (
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// changes is the log of changes, with the position of NextChange. It is not safe for concurrent use.
type changes struct {
	ring
	cursor   int // number of the change that NextChange returns next
	ofZnodes int // changes of znodes since the beginning
	rate     rate
	news     chan struct{} // holds one value when the log has grown
}

func newChanges(limit int) *changes {
	return &changes{ring: ring{limit: limit}, news: make(chan struct{}, 1)}
}

// tell adds a change with the present time, and returns its number.
func (l *changes) tell(c Change) int {
	c.Time = time.Now()
	if c.Kind.OfZnode() {
		l.ofZnodes++
		l.rate.add(c.Time)
	} else {
		c.Version, c.Bytes = Unknown, Unknown
	}
	l.signal()
	return l.add(c)
}

func (l *changes) signal() { await.Wake(l.news) }

// held is how long NextChange waits for the metadata of a new znode before it returns the change.
const held = 150 * time.Millisecond

// following returns the next change, or how long to wait for it.
func (l *changes) following() (c Change, wait time.Duration) {
	if gone := l.first() - l.cursor; gone > 0 {
		l.cursor += gone
		return Change{Time: time.Now(), Kind: Missed, Number: gone, Version: Unknown, Bytes: Unknown}, 0
	}
	next := l.at(l.cursor)
	if next == nil {
		return c, time.Hour
	}
	if age := time.Since(next.Time); next.pending && age < held {
		return c, held - age
	}
	l.cursor++
	return *next, 0
}

// ring keeps the latest changes. Each has a number, from 0.
type ring struct {
	kept  []Change
	next  int // the number of the next one
	limit int
}

func (r *ring) add(c Change) int {
	if len(r.kept) < r.limit {
		r.kept = append(r.kept, c)
	} else {
		r.kept[r.next%r.limit] = c
	}
	r.next++
	return r.next - 1
}

// first returns the number of the oldest change that is kept.
func (r *ring) first() int { return r.next - len(r.kept) }

// at returns a change, nil if it is no longer kept.
func (r *ring) at(i int) *Change {
	if i < r.first() || i >= r.next {
		return nil
	}
	return &r.kept[i%r.limit]
}

// all returns a copy of the kept changes, the newest last.
func (r *ring) all() []Change {
	list := make([]Change, 0, len(r.kept))
	for i := r.first(); i < r.next; i++ {
		list = append(list, *r.at(i))
	}
	return list
}

// rate counts the changes of the last second, by tenths.
type rate struct {
	tenths [10]int
	at     int64 // the tenth that was counted last
}

func (r *rate) add(now time.Time) {
	r.turn(now)
	r.tenths[r.at%10]++
}

func (r *rate) last(now time.Time) (n int) {
	r.turn(now)
	for _, k := range r.tenths {
		n += k
	}
	return n
}

// turn clears the tenths that are more than a second ago.
func (r *rate) turn(now time.Time) {
	at := now.UnixMilli() / 100
	for i := max(r.at+1, at-9); i <= at; i++ {
		r.tenths[i%10] = 0
	}
	r.at = at
}
