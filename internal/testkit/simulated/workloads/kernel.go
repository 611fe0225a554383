package workloads

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/internal/base/heaps"
)

const never = time.Duration(math.MaxInt64)

// sim is one run. One goroutine uses it.
type sim struct {
	rng    *rand.Rand
	now    time.Duration
	seq    int
	events heaps.Heap[event]
	procs  map[*Proc]bool

	store
	recorder
}

type event struct {
	at  time.Duration
	seq int
	do  func()
}

// before orders events by their moments; those of one moment happen as they were planned.
func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

func (w *sim) after(d time.Duration, do func()) {
	w.seq++
	w.events.Push(event{w.now + max(0, d), w.seq, do})
}

// run lets time pass until over says so, then ends what still runs.
func (w *sim) run(over func() bool) {
	for len(w.events.Items) > 0 && !over() {
		e, _ := w.events.Pop()
		w.now = e.at
		e.do()
	}
	for p := range w.procs {
		p.stop()
	}
}

// between draws evenly, few draws most of the smallest.
func (w *sim) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.rng.Int64N(int64(hi-lo)+1))
}

func (w *sim) chance(p float64) bool { return w.rng.Float64() < p }

// hop is how long something takes on a wire.
func (w *sim) hop() time.Duration {
	if w.chance(0.01) {
		return w.between(0, 20*time.Millisecond)
	}
	return w.between(50*time.Microsecond, 500*time.Microsecond)
}

// Proc is one thread of control.
type Proc struct {
	w     *sim
	yield func(struct{}) bool
	next  func() (struct{}, bool)
	stop  func()
}

type ended struct{}

// spawn starts f at the present moment.
func (w *sim) spawn(f func(*Proc)) *signal {
	done := &signal{w: w}
	p := &Proc{w: w}
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(ended); !ok {
					panic(r)
				}
			}
		}()
		p.yield = yield
		f(p)
		delete(w.procs, p)
		done.fire()
		done.fired = true
	})
	w.procs[p] = true
	w.after(0, func() { p.next() })
	return done
}

// signal wakes those who wait for it.
type signal struct {
	w       *sim
	fired   bool
	waiting []*waiter
}

type waiter struct {
	p     *Proc
	fired bool
}

func (s *signal) fire() {
	waiting := s.waiting
	s.waiting = nil
	for _, wt := range waiting {
		if !wt.fired {
			wt.fired = true
			s.w.after(0, func() { wt.p.next() })
		}
	}
}

// wait blocks until one of the signals fires or until comes.
func (p *Proc) wait(until time.Duration, signals ...*signal) {
	wt := &waiter{p: p}
	for _, s := range signals {
		if len(s.waiting) > 64 { // those that woke otherwise
			kept := s.waiting[:0]
			for _, o := range s.waiting {
				if !o.fired {
					kept = append(kept, o)
				}
			}
			s.waiting = kept
		}
		s.waiting = append(s.waiting, wt)
	}
	if until != never {
		p.w.after(until-p.w.now, func() {
			if !wt.fired {
				wt.fired = true
				p.next()
			}
		})
	}
	if !p.yield(struct{}{}) {
		panic(ended{})
	}
}

func (p *Proc) sleep(d time.Duration) { p.wait(p.w.now + d) }

// join waits for others to end, until then; false: some did not.
func (p *Proc) join(until time.Duration, done ...*signal) bool {
	for _, d := range done {
		for !d.fired {
			if p.w.now >= until {
				return false
			}
			p.wait(until, d)
		}
	}
	return true
}
