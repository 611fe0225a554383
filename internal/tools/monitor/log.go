package monitor

import "time"

// changes is the log: what happened, and how much of it NextChange has given. It is not safe
// for concurrent use.
type changes struct {
	ring
	cursor   int // number of the next one that NextChange gives
	ofZnodes int // since the beginning
	rate     rate
	news     chan struct{} // holds one value when the log has grown
}

func newChanges(limit int) *changes {
	return &changes{ring: ring{limit: limit}, news: make(chan struct{}, 1)}
}

// tell adds a change of the present, and gives its number.
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

func (l *changes) signal() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// held is how long NextChange keeps a new znode back so that its stat can be read.
const held = 150 * time.Millisecond

// following is the next change, or how long to wait for it.
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

// ring keeps the last changes. Each has a number, from 0 on.
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

// first is the number of the oldest that is kept.
func (r *ring) first() int { return r.next - len(r.kept) }

// at is a change that is kept, nil if it is not any more.
func (r *ring) at(i int) *Change {
	if i < r.first() || i >= r.next {
		return nil
	}
	return &r.kept[i%r.limit]
}

// all is a copy of what is kept, the newest last.
func (r *ring) all() []Change {
	list := make([]Change, 0, len(r.kept))
	for i := r.first(); i < r.next; i++ {
		list = append(list, *r.at(i))
	}
	return list
}

// rate counts what happened in the last second, in tenths.
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

// turn forgets the tenths that are over.
func (r *rate) turn(now time.Time) {
	at := now.UnixMilli() / 100
	for i := max(r.at+1, at-9); i <= at; i++ {
		r.tenths[i%10] = 0
	}
	r.at = at
}
