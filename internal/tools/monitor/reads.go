package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file bounds the reads: how many are under way, how often a znode is read, and how
// many a second are spent on what nobody looks at.
const (
	inFlight   = 16
	readAgain  = 100 * time.Millisecond // from one read of a znode to the next
	idleEvery  = time.Second / 2000     // between reads of what nobody looks at
	idleCredit = 20 * time.Millisecond  // of them that may be made up for
)

// need is what is to be read of a znode.
type need uint8

const (
	needKids need = 1 << iota // with the stat
	needStat
	needData
)

// target is something that is read now and then: a znode of the tree, or what is chosen.
type target struct {
	node   *node
	choice *choice

	need                   need // not yet sent
	urgent, idle, deferred bool // it is in that list
	reading                int  // the session in which a read is under way, if it is the present one
	sent                   time.Time
}

func (t *target) path() string {
	if t.choice != nil {
		return t.choice.path
	}
	return t.node.path()
}

// obsolete says that nobody needs it any more. The root can come back.
func (t *target) obsolete() bool {
	return t.need == 0 || t.node != nil && t.node.gone && t.node.parent != nil
}

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

// deferral is a target that was read a moment ago.
type deferral struct {
	*target
	due    time.Time
	urgent bool
}

type schedule struct {
	urgent, idle fifo
	deferred     []deferral // in the order in which they are due
	idleNext     time.Time
	wake         chan struct{} // holds one value when there may be something to send
	sent         int
}

func (s *schedule) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// want notes that something is to be read: soon if somebody looks at it, else when there is
// time.
func (f *Follower) want(t *target, n need, urgent bool) {
	t.need |= n
	s := &f.reads
	switch now := time.Now(); {
	case t.reading != 0 && t.reading == f.session: // its reply looks what is needed
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

// ripen moves what was deferred long enough.
func (f *Follower) ripen(now time.Time) {
	s := &f.reads
	for len(s.deferred) > 0 && !s.deferred[0].due.After(now) {
		d := s.deferred[0]
		s.deferred[0], s.deferred = deferral{}, s.deferred[1:]
		d.deferred = false
		if !d.obsolete() {
			d.sent = time.Time{}
			f.want(d.target, 0, d.urgent)
		}
	}
}

// job is a read to be sent.
type job struct {
	*target
	need       need
	path       string
	own        bool // with watches of its own
	generation int
	client     session
}

// next gives the next read, or how long to wait for it; 0 is until there is another.
func (f *Follower) next() (j *job, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ready {
		return nil, 0
	}
	now, s := time.Now(), &f.reads
	f.ripen(now)
	if t := f.take(&s.urgent, func(t *target) { t.urgent = false }); t != nil {
		return f.job(t, now), 0
	}
	if len(s.idle.list) > 0 && !now.Before(s.idleNext) {
		if t := f.take(&s.idle, func(t *target) { t.idle = false }); t != nil {
			s.idleNext = later(s.idleNext, now.Add(-idleCredit)).Add(idleEvery)
			return f.job(t, now), 0
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

// take gives the oldest of a list that is still needed.
func (f *Follower) take(q *fifo, taken func(*target)) *target {
	for t := q.pop(); t != nil; t = q.pop() {
		taken(t)
		if !t.obsolete() && t.reading != f.session && !t.deferred {
			return t
		}
	}
	return nil
}

func (f *Follower) job(t *target, now time.Time) *job {
	j := &job{target: t, need: t.need, path: t.path(), own: f.own, generation: f.generation, client: f.client}
	t.need, t.reading, t.sent = 0, f.session, now
	if t.node != nil {
		t.node.outdated = false // from here on: a change may come before the reply
	}
	f.reads.sent++
	return j
}

// readAll sends reads as they are wanted, until ctx ends.
func (f *Follower) readAll(ctx context.Context) {
	slots := make(chan struct{}, inFlight)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		j := f.awaitJob(ctx, timer)
		if j == nil {
			return
		}
		f.running.Go(func() {
			j.client.Mark(j.do(ctx))
			<-slots
		})
	}
}

// awaitJob gives the next read, nil when ctx has ended.
func (f *Follower) awaitJob(ctx context.Context, timer *time.Timer) *job {
	for {
		j, wait := f.next()
		if j != nil {
			return j
		}
		var due <-chan time.Time
		if wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-f.reads.wake:
		case <-due:
		case <-ctx.Done():
			return nil
		}
	}
}

// reply is what a read came to.
type reply struct {
	*job
	names []string
	stat  wire.Stat
	data  []byte
	acl   []wire.ACL
	err   error
}

// answered says that a server said something about the znode, and not that the session is
// over, or elsewhere.
func (r reply) answered() bool {
	return r.err == nil || errors.Is(r.err, wire.NoNode) || errors.Is(r.err, wire.NoAuth) || errors.Is(r.err, wire.ErrFrameSize)
}

// do sends the requests of a read. Watches of its own are set before what they watch is
// read.
func (j *job) do(ctx context.Context) reply {
	r := reply{job: j}
	switch {
	case j.choice != nil:
		r.data, r.stat, r.err = j.value(ctx)
		if r.err == nil {
			r.acl, _, _ = j.client.ACL(ctx, j.path) // it may be one that must not be read
		}
	case j.need&needKids == 0 && j.need&needData != 0:
		r.data, r.stat, r.err = j.client.Get(ctx, j.path, j.own)
	case j.need&needKids == 0:
		r.stat, r.err = j.client.Exists(ctx, j.path, j.own)
	default:
		if j.own {
			if _, r.err = j.client.Exists(ctx, j.path, true); r.err != nil {
				return r
			}
		}
		r.names, r.stat, r.err = j.client.Children(ctx, j.path, j.own)
	}
	return r
}
