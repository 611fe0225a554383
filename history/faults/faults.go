// Package faults collects the faults of a run from its record, each with all its steps. Checks,
// statistics and explanations read faults only through this package. It knows neither how faults
// are injected nor what follows from them.
package faults

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Fault is one fault, put together from its steps. Its targets come from the latest step that
// names any, since that step knows best.
type Fault struct {
	Number int // from 1
	Kind   string
	Spec   string // as scheduled: pause:leader
	Traits history.FaultTraits

	Servers  []int
	Clients  []int
	Sessions []history.ID
	Turns    []history.FaultTurn // of the servers, if it takes them down one after the other
	Holding  []string            // what the sessions of Clients were doing: "holding", "waiting" or "idle"
	Elected  int                 // the server that led afterwards; 0 if no change of leader is known
	// ElectedAt is when the harness saw that the new leader led.
	ElectedAt time.Duration

	From     time.Duration // time of the first step
	Injected time.Duration // when the injection began; From if no step says so
	Took     bool          // the fault was seen to take effect
	// Outcome is the last of verified, failed and skipped; "" if none was recorded. Verified is when the
	// fault was last seen to take effect.
	Outcome   string
	Verified  time.Duration
	HealBegan time.Duration // when the heal began; 0 if it did not
	Healed    time.Duration // when the heal ended; 0 if it did not
	Over      time.Duration // when the fault was healed, failed or was skipped; [history.Never] if none of these
	Detail    string        // what happened, for people: "lost the reply to create /a/b"
	Warnings  []string      // for people, including WhyNot
	WhyNot    string        // why the fault failed or was skipped; "" otherwise
	TooLate   bool          // it was skipped because the load ended before it took effect

	begun bool // an inject step was recorded
}

// OnServers reports whether the fault hit servers or the network between them.
func (f *Fault) OnServers() bool { return len(f.Servers) > 0 }

// HitHolder reports whether the fault hit a client that held something.
func (f *Fault) HitHolder() bool { return slices.Contains(f.Holding, "holding") }

// Election is the server number of a new leader, and when the leader was seen to serve.
type Election struct {
	At     time.Duration
	Server int
}

// List holds the faults of a run. The zero value is an empty list.
type List struct {
	All       []*Fault // in the order in which they began
	Elections []Election
	byNumber  map[int]*Fault
}

// Of returns the faults of a record.
func Of(h *history.History) *List {
	l := new(List)
	for _, e := range h.Facts() {
		if step, ok := StepOf(e); ok {
			l.Add(e, step)
		}
	}
	return l
}

// StepOf reads an event as a step of a fault. ok is false if the event is not one. Faults are
// numbered from 1; no other fact of a run has such a number.
func StepOf(e *history.Event) (step history.FaultStep, ok bool) {
	if !Tells(e) {
		return step, false
	}
	return stepIn(e)
}

// stepIn is a separate function so that step is allocated only for facts that need it, and not for each
// event of a record.
func stepIn(e *history.Event) (step history.FaultStep, ok bool) {
	err := e.Decode(&step)
	return step, err == nil && step.Fault > 0
}

// Tells reports whether an event belongs to a fault, even if its value cannot be read.
func Tells(e *history.Event) bool {
	return e.Process == history.Nemesis && e.Type == history.Info && !history.RunFact(e.F)
}

// Named returns the fault with a number, or nil.
func (l *List) Named(number int) *Fault { return l.byNumber[number] }

// First returns when the injection of the first fault began, or [history.Never] if there was none.
func (l *List) First() time.Duration {
	first := history.Never
	for _, f := range l.All {
		if f.begun {
			first = min(first, f.Injected)
		}
	}
	return first
}

// Over returns when the last fault was healed, failed or was skipped, or [history.Never] if some
// fault is not over. For an empty list it returns the earliest possible time.
func (l *List) Over() time.Duration {
	last := history.Always
	for _, f := range l.All {
		last = max(last, f.Over)
	}
	return last
}

// Add adds a step, given its event and value, and returns the step's fault.
func (l *List) Add(e *history.Event, step history.FaultStep) *Fault {
	f := l.byNumber[step.Fault]
	if f == nil {
		f = &Fault{Number: step.Fault, Kind: e.F, Traits: kinds.TraitsOf(e.F, step), From: e.Time, Injected: e.Time, Over: history.Never}
		if l.byNumber == nil {
			l.byNumber = map[int]*Fault{}
		}
		l.byNumber[step.Fault] = f
		l.All = append(l.All, f)
	}
	if step.Step == history.StepElected { // here Servers is the new leader, not the target
		if len(step.Servers) > 0 {
			f.Elected, f.ElectedAt = step.Servers[0], e.Time
		}
		l.Elections = append(l.Elections, Election{At: e.Time, Server: f.Elected})
	}
	f.take(e.Time, step)
	return f
}

// take applies one more step.
func (f *Fault) take(t time.Duration, s history.FaultStep) {
	if s.Spec != "" {
		f.Spec = s.Spec
	}
	switch s.Step {
	case history.StepElected:
		return
	case history.StepWarning:
		f.Warnings = append(f.Warnings, s.Detail)
	case history.StepInject:
		f.Injected, f.begun = t, true
	case history.StepVerified:
		f.Outcome, f.Took, f.Verified, f.Detail = s.Step, true, t, s.Detail
	case history.StepFailed, history.StepSkipped:
		f.Outcome, f.Over, f.WhyNot = s.Step, min(f.Over, t), strings.TrimSpace(s.Step+" "+s.Detail)
		if f.TooLate = s.TooLate; f.TooLate {
			f.WhyNot = s.Detail
		}
		if s.Detail != "" {
			f.Warnings = append(f.Warnings, s.Detail)
		}
	case history.StepHeal:
		f.HealBegan = t
	case history.StepHealed:
		f.Healed, f.Over = t, t
		if f.Outcome == history.StepVerified && s.Detail != "" {
			f.Detail = s.Detail
		}
	}
	f.hit(s)
}

// hit records the targets of the fault.
func (f *Fault) hit(s history.FaultStep) {
	told(&f.Servers, s.Servers)
	told(&f.Clients, s.Clients)
	told(&f.Sessions, s.Sessions)
	told(&f.Holding, s.Holding)
	told(&f.Turns, s.Turns)
}

// told sets a list to what a step says, if it says something.
func told[T any](list *[]T, of []T) {
	if len(of) > 0 {
		*list = of
	}
}
