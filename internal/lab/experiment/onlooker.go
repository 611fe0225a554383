package experiment

import (
	"sync"
	"sync/atomic"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/progress"
)

// onlooker is an engine.Watcher that reports that its run makes progress, and passes on the progress and the
// events to others. Its methods are called within the bubble, and never wait for anything outside.
type onlooker struct {
	moved    func()
	reporter *progress.Reporter // nil if no progress is wanted
	keep     bool               // events are also wanted

	mu     sync.Mutex
	events []history.Event // since the last glimpse
	last   *glimpse
}

// glimpse is one report of an onlooker. Glimpses form a list, since the other side, which may not
// make the bubble wait, can be slower.
type glimpse struct {
	state  progress.State
	events []history.Event // the events before the state
	next   atomic.Pointer[glimpse]
}

func (o *onlooker) Phase(name string) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Phase(name)
		o.look()
	}
}

func (o *onlooker) Planned(faults int) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Planned(faults)
	}
}

func (o *onlooker) Observe(e history.Event) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Observe(e)
	}
	if o.keep {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.events = append(o.events, e)
	}
}

func (o *onlooker) Notice(text string) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Notice(text)
	}
}

// look passes on the current progress.
func (o *onlooker) look() {
	if o.reporter != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		next := &glimpse{state: o.reporter.State(), events: o.events}
		o.events = nil
		o.last.next.Store(next)
		o.last = next
	}
}
