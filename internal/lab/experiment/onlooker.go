package experiment

import (
	"sync/atomic"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/progress"
)

// onlooker is an engine.Watcher that reports that its run makes progress, and stores the progress
// for others. Its methods are called within the bubble, where they must not wait.
type onlooker struct {
	moved    func()
	reporter *progress.Reporter // nil if no progress is wanted
	seen     *atomic.Pointer[progress.State]
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
}

func (o *onlooker) Notice(text string) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Notice(text)
	}
}

// look stores the current progress.
func (o *onlooker) look() {
	if o.reporter != nil {
		now := o.reporter.State()
		o.seen.Store(&now)
	}
}
