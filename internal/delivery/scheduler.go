package delivery

import (
	"container/heap"
	"sync"
	"time"
)

// Scheduler has one goroutine, which does one thing after the other. Its methods may be
// called by many goroutines at once, also by what it does. It belongs into a bubble of
// testing/synctest: elsewhere it works, but what follows from a message may go on when
// the next one comes.
type Scheduler struct {
	seed    uint64
	latency Latency

	mu      sync.Mutex
	waiting waiting
	count   uint64
	closed  bool
	changed chan struct{} // there is another first one, or an end
	ended   chan struct{}
}

// New starts a scheduler. Close ends it.
func New(seed uint64, l Latency) *Scheduler {
	s := &Scheduler{seed: seed, latency: l, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go s.run()
	return s
}

// Close drops what has not been done. Nothing is done any more when it returns; it may
// be called more than once, but not by what the scheduler does.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.waiting = nil
	s.mu.Unlock()
	s.nudge()
	<-s.ended
}

// At calls do at a time, or as soon after it as nothing else is being done. What has one
// time is done in the order of the streams' numbers, and within a stream in the order
// of the calls. do must be quick, and wait for nobody.
func (s *Scheduler) At(due time.Time, stream uint64, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.count++
	it := item{due: due, stream: stream, number: s.count, do: do}
	heap.Push(&s.waiting, it)
	if s.waiting[0].number == it.number {
		s.nudge()
	}
}

func (s *Scheduler) nudge() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *Scheduler) run() {
	defer close(s.ended)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var last time.Time
	for {
		do, wait, more := s.next(last)
		switch {
		case !more:
			return
		case do != nil:
			last = time.Now()
			do()
			continue
		case wait > 0:
			timer.Reset(wait)
		default:
			timer.Stop() // until there is something
		}
		select {
		case <-timer.C:
		case <-s.changed:
		}
	}
}

// next gives what is to be done now, or how long there is nothing to do; 0 is until
// something comes. last is when something was done last.
func (s *Scheduler) next(last time.Time) (do func(), wait time.Duration, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, false
	}
	if len(s.waiting) == 0 {
		return nil, 0, true
	}
	due := s.waiting[0].due
	if !due.After(last) { // everybody is to be blocked first
		due = last.Add(1)
	}
	if wait := time.Until(due); wait > 0 {
		return nil, wait, true
	}
	return heap.Pop(&s.waiting).(item).do, 0, true
}

// item waits for its time.
type item struct {
	due            time.Time
	stream, number uint64
	do             func()
}

// waiting is a heap.
type waiting []item

func (w waiting) Len() int      { return len(w) }
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

func (w waiting) Less(i, j int) bool {
	a, b := &w[i], &w[j]
	switch {
	case !a.due.Equal(b.due):
		return a.due.Before(b.due)
	case a.stream != b.stream:
		return a.stream < b.stream
	}
	return a.number < b.number
}

func (w *waiting) Push(x any) { *w = append(*w, x.(item)) }

func (w *waiting) Pop() any {
	old := *w
	last := len(old) - 1
	x := old[last]
	old[last] = item{} // keeps nothing alive
	*w = old[:last]
	return x
}
