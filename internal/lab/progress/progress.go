// Package progress derives the state of a run under way from its record, and reports it at a steady
// pace.
package progress

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
)

// State is the state of a run. Its fields equal the fields of zklab.Progress, which documents them.
type State struct {
	Phase               string
	Elapsed, Limit      time.Duration
	OK, Failed, Unknown int
	Fault               string
	Faults, Planned     int
	Notice              string
}

// Reporter is an engine.Watcher that keeps track of the state of the run. Its methods are safe for
// concurrent use.
type Reporter struct {
	// OnEvent is called with each event of the record, one call after the other, unless it is nil. Set
	// it before the run begins.
	OnEvent func(history.Event)

	model *models.Model

	mu      sync.Mutex
	now     State
	under   []history.FaultStep // faults in force, in the order of their injection
	loading time.Time
}

// every is the interval at which a state is reported.
const every = 200 * time.Millisecond

// Follow returns a reporter of a run with objects of a model, whose load lasts for at most limit.
func Follow(model *models.Model, limit time.Duration) *Reporter {
	return &Reporter{model: model, now: State{Limit: limit}}
}

// Tell calls tell every 200 ms, always from one goroutine, until stop is called. It does nothing if tell is
// nil.
func (p *Reporter) Tell(tell func(State)) (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	if tell != nil {
		done.Go(func() { p.run(tell, quit) })
	}
	return func() {
		close(quit)
		done.Wait()
	}
}

func (p *Reporter) run(tell func(State), quit <-chan struct{}) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
			tell(p.State())
		}
	}
}

// State returns the current state.
func (p *Reporter) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.loading.IsZero() {
		p.now.Elapsed = min(time.Since(p.loading), p.now.Limit)
	}
	return p.now
}

// Planned implements engine.Watcher.
func (p *Reporter) Planned(faults int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Planned = faults
}

// Notice implements engine.Watcher.
func (p *Reporter) Notice(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Notice = text
}

// Phase implements engine.Watcher.
func (p *Reporter) Phase(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Phase = name
	if name == history.PhaseLoad {
		p.loading = time.Now()
	}
}

// Observe implements engine.Watcher.
func (p *Reporter) Observe(e history.Event) {
	if p.OnEvent != nil {
		p.OnEvent(e)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Process == history.Nemesis {
		p.fault(e)
	}
	if e.Process < 0 || p.model.Operation(e.F).Local {
		return
	}
	switch e.Type {
	case history.OK:
		p.now.OK++
	case history.Fail:
		p.now.Failed++
	case history.Info:
		p.now.Unknown++
	}
}

func (p *Reporter) fault(e history.Event) {
	s, ok := faults.StepOf(&e)
	if !ok {
		return
	}
	switch s.Step {
	case history.StepInject:
		p.under = append(p.under, s)
	case history.StepVerified:
		p.now.Faults++
	case history.StepHealed, history.StepFailed, history.StepSkipped:
		p.under = slices.DeleteFunc(p.under, func(u history.FaultStep) bool { return u.Fault == s.Fault })
	}
	var specs []string
	for _, u := range p.under {
		specs = append(specs, u.Spec)
	}
	p.now.Fault = strings.Join(specs, ", ")
}
