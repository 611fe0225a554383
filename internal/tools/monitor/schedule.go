package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// The bounds of the reads. A read is urgent if its znode is on the screen, and idle otherwise.
const (
	inFlight   = 16                     // concurrent reads
	readAgain  = 100 * time.Millisecond // between two reads of a znode
	idleEvery  = time.Second / 2000     // between two idle reads
	idleCredit = 20 * time.Millisecond  // how much delay of idle reads may be made up for
)

// fifo is a list of targets, the oldest first.
type fifo struct{ list []*target }

func (q *fifo) push(t *target) { q.list = append(q.list, t) }

func (q *fifo) pop() *target {
	if len(q.list) == 0 {
		return nil
	}
	t := q.list[0]
	q.list[0], q.list = nil, q.list[1:]
	return t
}

// deferral is a target that was read a moment ago and is to be read again.
type deferral struct {
	*target
	due    time.Time
	urgent bool
}

// schedule decides what to read next. It is not safe for concurrent use; send takes the lock itself.
type schedule struct {
	urgent, idle fifo
	deferred     []deferral // in the order in which they are due
	idleNext     time.Time
	wake         chan struct{} // holds one value when there may be something to send
	sent         int

	client  session
	session int // its number, from 1
	// generation is the number of the present connection: replies to the requests of earlier ones
	// are not used.
	generation int
	own        bool // reads set watches of their own
	ready      bool // reads may be sent
}

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1)} }

// over sets another session for the reads. No read is sent before start.
func (s *schedule) over(c session) {
	s.client = c
	s.session++
}

// start begins the reads on a connection; own means that they set watches of their own.
func (s *schedule) start(own bool) {
	s.generation++
	s.own, s.ready = own, true
	s.signal()
}

// stop stops sending reads.
func (s *schedule) stop() { s.ready = false }

// waiting returns the number of reads that are still to be sent.
func (s *schedule) waiting() int { return len(s.idle.list) + len(s.urgent.list) }

func (s *schedule) signal() { await.Wake(s.wake) }

// want notes that something is to be read: soon if it is urgent, otherwise when there is time.
func (s *schedule) want(t *target, n need, urgent bool) {
	t.need |= n
	switch now := time.Now(); {
	case t.reading != 0 && t.reading == s.session: // after the reply, again looks for what is needed
		return
	case now.Sub(t.sent) < readAgain:
		if !t.deferred {
			t.deferred = true
			s.deferred = append(s.deferred, deferral{t, now.Add(readAgain), urgent})
		}
	case urgent && !t.urgent:
		t.urgent = true
		s.urgent.push(t)
	case !urgent && !t.urgent && !t.idle:
		t.idle = true
		s.idle.push(t)
	}
	s.signal()
}

// ripen moves targets that were deferred long enough to the other lists.
func (s *schedule) ripen(now time.Time) {
	for len(s.deferred) > 0 && !s.deferred[0].due.After(now) {
		d := s.deferred[0]
		s.deferred[0], s.deferred = deferral{}, s.deferred[1:]
		d.deferred = false
		if !d.obsolete() {
			d.sent = time.Time{}
			s.want(d.target, 0, d.urgent)
		}
	}
}

// next returns the next read, or how long to wait for it; 0 means until want is called.
func (s *schedule) next() (j *job, wait time.Duration) {
	if !s.ready {
		return nil, 0
	}
	now := time.Now()
	s.ripen(now)
	if t := s.take(&s.urgent, func(t *target) { t.urgent = false }); t != nil {
		return s.job(t, now), 0
	}
	if len(s.idle.list) > 0 && !now.Before(s.idleNext) {
		if t := s.take(&s.idle, func(t *target) { t.idle = false }); t != nil {
			s.idleNext = later(s.idleNext, now.Add(-idleCredit)).Add(idleEvery)
			return s.job(t, now), 0
		}
	}
	if len(s.deferred) > 0 {
		wait = max(s.deferred[0].due.Sub(now), time.Nanosecond)
	}
	if len(s.idle.list) > 0 && (wait == 0 || s.idleNext.Sub(now) < wait) {
		wait = s.idleNext.Sub(now)
	}
	return nil, wait
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// take returns the oldest target of a list that is still needed.
func (s *schedule) take(q *fifo, taken func(*target)) *target {
	for t := q.pop(); t != nil; t = q.pop() {
		taken(t)
		if !t.obsolete() && t.reading != s.session && !t.deferred {
			return t
		}
	}
	return nil
}

func (s *schedule) job(t *target, now time.Time) *job {
	j := &job{target: t, need: t.need, path: t.of.where(), own: s.own, generation: s.generation, client: s.client}
	t.need, t.reading, t.sent = 0, s.session, now
	t.of.asked()
	s.sent++
	return j
}

// replied reports whether a reply can be used. If not, the read is wanted again.
func (s *schedule) replied(r reply) bool {
	r.reading = 0
	if r.generation != s.generation || !r.answered() {
		s.want(r.target, r.need, r.need&needValue != 0)
		return false
	}
	return true
}

// again reads what became needed while a read was in progress. It is called after the reply is
// applied.
func (s *schedule) again(t *target) {
	if !t.obsolete() {
		s.want(t, 0, t.need&needValue != 0)
	}
}

// send sends the reads that are wanted, until ctx ends. All other methods must be called with mu
// held.
func (s *schedule) send(ctx context.Context, mu sync.Locker) {
	var sending sync.WaitGroup
	defer sending.Wait()
	slots := make(chan struct{}, inFlight)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		j := s.awaitJob(ctx, timer, mu)
		if j == nil {
			return
		}
		sending.Go(func() {
			j.client.Mark(j.do(ctx))
			<-slots
		})
	}
}

// awaitJob returns the next read, nil when ctx has ended.
func (s *schedule) awaitJob(ctx context.Context, timer *time.Timer, mu sync.Locker) *job {
	for {
		mu.Lock()
		j, wait := s.next()
		mu.Unlock()
		if j != nil {
			return j
		}
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-s.wake:
		case <-due:
		case <-ctx.Done():
			return nil
		}
	}
}
