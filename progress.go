package zklab

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
)

// Progress is the state of a run.
type Progress struct {
	Phase   string        // current phase: "load", "heal", "checking"
	Elapsed time.Duration // of the load
	Limit   time.Duration // of the load
	OK      int           // operations that succeeded
	Failed  int           // operations that certainly had no effect
	Unknown int           // operations with an unknown outcome
	Fault   string        // faults injected now: "pause:leader, expire", or empty
	Faults  int           // faults that took effect
	Planned int           // faults in the schedule
	Notice  string        // a message for the user, or empty
}

// reporter derives progress from the record and reports it at a steady pace.
type reporter struct {
	model *models.Model
	tell  func(Progress)
	quit  chan struct{}
	done  sync.WaitGroup

	mu      sync.Mutex
	now     Progress
	under   []history.FaultStep // faults in force, in the order of their injection
	loading time.Time
}

const progressEvery = 200 * time.Millisecond

func newReporter(model *models.Model, x Experiment) *reporter {
	p := &reporter{model: model, tell: x.Progress, quit: make(chan struct{})}
	p.now = Progress{Limit: x.TimeLimit}
	if p.tell != nil {
		p.done.Go(p.run)
	}
	return p
}

func (p *reporter) run() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
			p.tell(p.snapshot())
		}
	}
}

func (p *reporter) snapshot() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.loading.IsZero() {
		p.now.Elapsed = min(time.Since(p.loading), p.now.Limit)
	}
	return p.now
}

func (p *reporter) close() {
	close(p.quit)
	p.done.Wait()
}

// Planned implements [engine.Watcher].
func (p *reporter) Planned(faults int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Planned = faults
}

// Notice implements [engine.Watcher].
func (p *reporter) Notice(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Notice = text
}

// Phase implements [engine.Watcher].
func (p *reporter) Phase(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Phase = name
	if name == history.PhaseLoad {
		p.loading = time.Now()
	}
}

// Observe implements [engine.Watcher].
func (p *reporter) Observe(e history.Event) {
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

func (p *reporter) fault(e history.Event) {
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
