package stats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Faults are the faults as the record tells of them, in order of number,
// without the figures that Compute adds.
func Faults(h *history.History) []Fault { return faultsOf(faultSteps(h)) }

// stepEvent is an event that is a step of a fault, read.
type stepEvent struct {
	*history.Event
	step history.FaultStep
}

// faultSteps are all of a record.
func faultSteps(h *history.History) []stepEvent {
	var steps []stepEvent
	for i := range h.Events {
		e := &h.Events[i]
		if step, ok := faultStep(e); ok {
			steps = append(steps, stepEvent{e, step})
		}
	}
	return steps
}

func faultsOf(steps []stepEvent) []Fault {
	byNumber := map[int]*Fault{}
	for _, e := range steps {
		f := byNumber[e.step.Fault]
		if f == nil {
			f = &Fault{Number: e.step.Fault, Kind: e.F, Traits: kinds.TraitsOf(e.F, e.step), Injected: e.Time, Failover: -1, FailoverAffected: -1}
			byNumber[e.step.Fault] = f
		}
		f.add(e.Time, e.step)
	}
	faults := make([]Fault, 0, len(byNumber))
	for _, f := range byNumber {
		faults = append(faults, *f)
	}
	slices.SortFunc(faults, func(a, b Fault) int { return a.Number - b.Number })
	return faults
}

// faultStep reads an event as a step of a fault: faults are numbered from 1,
// which no other fact of the run is.
func faultStep(e *history.Event) (history.FaultStep, bool) {
	if e.Process != history.Nemesis || e.Type != history.Info || len(e.Value) == 0 {
		return history.FaultStep{}, false
	}
	switch e.F {
	case history.FBegin, history.FPhase, history.FHealth, history.FHarness, history.FAgreement, history.FStall, history.FClock, history.FDrained, history.FFinal, history.FEnd:
		return history.FaultStep{}, false
	}
	var step history.FaultStep // behind all that is none: it is made anew for each
	err := e.Decode(&step)
	return step, err == nil && step.Fault > 0
}

// add takes one more step of the fault into account.
func (f *Fault) add(t time.Duration, s history.FaultStep) {
	if s.Spec != "" {
		f.Spec = s.Spec
	}
	switch s.Step {
	case history.StepElected:
		// Servers is the new leader here, not whom the fault hit.
		if len(s.Servers) > 0 {
			f.Elected = s.Servers[0]
		}
		return
	case history.StepWarning:
		f.Warnings = append(f.Warnings, s.Detail)
	case history.StepInject:
		f.Injected = t
	case history.StepVerified:
		f.Outcome, f.Verified, f.Detail = s.Step, t, s.Detail
	case history.StepFailed, history.StepSkipped:
		f.Outcome = s.Step
		if s.Detail != "" {
			f.Warnings = append(f.Warnings, s.Detail)
		}
	case history.StepHeal:
		f.HealBegan = t
	case history.StepHealed:
		f.Healed = t
		if f.Outcome == history.StepVerified && s.Detail != "" {
			f.Detail = s.Detail
		}
	}
	f.hit(s)
}

// hit keeps whom the fault hit: the latest step that says so knows best.
func (f *Fault) hit(s history.FaultStep) {
	if len(s.Servers) > 0 {
		f.Servers = s.Servers
	}
	if len(s.Clients) > 0 {
		f.Clients = s.Clients
	}
	if len(s.Sessions) > 0 {
		f.Sessions = s.Sessions
	}
	if len(s.Holding) > 0 {
		f.Holding = s.Holding
	}
}

// name is what the fault was and whom it was aimed at, without a time.
func (f *Fault) name() string {
	name, _, _ := strings.Cut(cmp.Or(f.Spec, f.Kind), "@")
	return name
}

// target is whom it was aimed at: leader of pause:leader.
func (f *Fault) target() string {
	_, where, _ := strings.Cut(f.name(), ":")
	return where
}

// hitsAll says that a fault affects every client: without its leader or its
// majority the ensemble serves nobody.
func (f *Fault) hitsAll() bool {
	switch f.target() {
	case "leader", "majority", "all":
		return len(f.Servers) > 0 || len(f.Clients) == 0
	}
	return f.Elected != 0
}

// elections counts the changes of leader. Steps that name a new leader are
// counted, at most as many as the epoch rose between the two looks at the
// ensemble's health, since two faults can tell of the same election.
func elections(h *history.History, steps []stepEvent) int {
	seen := 0
	for _, e := range steps {
		if e.step.Step == history.StepElected {
			seen++
		}
	}
	var first, last *history.Health
	for i := range h.Events {
		e := &h.Events[i]
		if !isFact(e, history.FHealth) {
			continue
		}
		var health history.Health
		if e.Decode(&health) == nil && health.Epoch != 0 {
			if first == nil {
				first = &health
			}
			last = &health
		}
	}
	if first == last {
		return seen
	}
	rose := int(last.Epoch - first.Epoch)
	if rose > 0 && seen == 0 {
		return 1
	}
	return min(seen, max(rose, 0))
}

// faultKinds counts faults by kind, in order of name.
func faultKinds(faults []Fault) []FaultKind {
	groups := map[string][]Fault{}
	for _, f := range faults {
		groups[f.Kind] = append(groups[f.Kind], f)
	}
	kinds := make([]FaultKind, 0, len(groups))
	for kind, group := range groups {
		k := FaultKind{Kind: kind}
		for i := range group {
			k.count(&group[i])
		}
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b FaultKind) int { return cmp.Compare(a.Kind, b.Kind) })
	return kinds
}

func (k *FaultKind) count(f *Fault) {
	k.Scheduled++
	switch f.Outcome {
	case history.StepVerified:
		k.Verified++
	case history.StepFailed:
		k.Failed++
	case history.StepSkipped:
		k.Skipped++
	}
	if f.Outcome != history.StepSkipped {
		k.Injected++
	}
	if f.Elected != 0 {
		k.Elected++
	}
	if f.Outcome != history.StepVerified {
		return
	}
	if f.Felt {
		k.Felt++
	}
	for _, did := range f.Holding {
		switch did {
		case "holding":
			k.Holding++
		case "waiting":
			k.Waiting++
		case "idle":
			k.Idle++
		}
	}
}
