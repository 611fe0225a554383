package delivery

import (
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/heaps"
)

// never is later than anything.
const never = 100 * 365 * 24 * time.Hour

// Scheduler calls functions one after the other. Its methods may be called by many goroutines at once,
// and by those functions. It is made for a bubble of testing/synctest: elsewhere it works, but the
// effects of a message may not be over when the next one comes.
type Scheduler struct {
	seed    uint64
	latency Latency

	mu      sync.Mutex
	waiting heaps.Heap[item]
	count   uint64
	last    time.Time // the time of the last call
	closed  bool
	timer   *time.Timer // calls run when the first one is due, or at the end
	running bool
	ended   chan struct{} // closed when no more calls are made
}

// New starts a scheduler. Close ends it.
func New(seed uint64, l Latency) *Scheduler {
	s := &Scheduler{seed: seed, latency: l, ended: make(chan struct{})}
	s.waiting.Less = before
	s.timer = time.AfterFunc(never, s.run)
	return s
}

// Close drops the calls that have not been made. When it returns, nothing is called any more. It may be
// called more than once, but not by a function that the scheduler calls.
func (s *Scheduler) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		s.waiting.Items = nil
		s.timer.Reset(0)
	}
	s.mu.Unlock()
	<-s.ended
}

// At calls do at a time or, if another call is running then, as soon as that has returned. Calls for the same
// time are made in the order of the streams' numbers, and within a stream in the order of the calls of At. do
// must be quick, and must not wait.
func (s *Scheduler) At(due time.Time, stream uint64, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.count++
	it := item{due: due, stream: stream, number: s.count, do: do}
	s.waiting.Push(it)
	if s.waiting.Items[0].number == it.number {
		s.timer.Reset(max(s.wait(), 0))
	}
}

// run makes the calls that are due. It is a goroutine that begins when the timer fires, and then ends,
// which costs less than one that waits for the timer's channel.
func (s *Scheduler) run() {
	if !s.begin() {
		return
	}
	for do := s.next(); do != nil; do = s.next() {
		do()
	}
}

// begin reports whether this call of run may begin. It may not while another one runs, which can happen
// outside of a bubble, if the timer fires meanwhile. The other one looks for due calls again before it
// ends.
func (s *Scheduler) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return false
	}
	s.running = true
	return true
}

// next returns the next call to make now. It returns nil if the timer will fire when the next one is due, or
// if there will be none. After the end, running stays true, so that no other call begins.
func (s *Scheduler) next() (do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(s.ended)
		return nil
	}
	if len(s.waiting.Items) == 0 {
		s.running = false
		return nil
	}
	if wait := s.wait(); wait > 0 {
		s.timer.Reset(wait)
		s.running = false
		return nil
	}
	s.last = time.Now()
	first, _ := s.waiting.Pop()
	return first.do
}

// wait returns how long it is until the first item may be done.
func (s *Scheduler) wait() time.Duration {
	due := s.waiting.Items[0].due
	if !due.After(s.last) { // all goroutines must be blocked first
		due = s.last.Add(1)
	}
	return time.Until(due)
}

// item is a call that waits for its time.
type item struct {
	due            time.Time
	stream, number uint64
	do             func()
}

func before(a, b item) bool {
	switch {
	case !a.due.Equal(b.due):
		return a.due.Before(b.due)
	case a.stream != b.stream:
		return a.stream < b.stream
	}
	return a.number < b.number
}
