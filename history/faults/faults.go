// Package faults reads from the record of a run what was done to it: of each fault its steps put
// together. Checks, figures and explanations read faults here alone. It may not know how faults
// are injected, nor what follows from them.
package faults

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Fault is one fault as its steps tell it. Whom it hit is as the latest step says that says so: it
// knows best.
type Fault struct {
	Number int // from 1
	Kind   string
	Spec   string // as scheduled: pause:leader
	Traits history.FaultTraits

	Servers  []int
	Clients  []int
	Sessions []history.ID
	Holding  []string // what the sessions of Clients did: "holding", "waiting" or "idle"
	Elected  int      // the server that led after it; 0: the same one as before, as far as is known

	From     time.Duration // its first step
	Injected time.Duration // when it was about to be done; From where no step says so
	Took     bool          // it was seen to take effect
	// Outcome is the last of verified, failed and skipped; "" if none was recorded. Verified is when it
	// was seen to take effect last.
	Outcome   string
	Verified  time.Duration
	HealBegan time.Duration // when it began to be undone; 0: it did not
	Healed    time.Duration // when it was undone; 0: it was not
	Over      time.Duration // when it was undone or came to nothing; [history.Never] if neither
	Detail    string        // what happened, for people: "lost the reply to create /a/b"
	Warnings  []string      // what people should know of it, and why it came to nothing
	WhyNot    string        // why it came to nothing; "" if it did not

	begun bool // a step says that it was about to be done
}

// OnServers says that it was done to servers, or to what is between them.
func (f *Fault) OnServers() bool { return len(f.Servers) > 0 }

// HitHolder says that it hit a client that held something.
func (f *Fault) HitHolder() bool { return slices.Contains(f.Holding, "holding") }

// Election is a new leader, by the number of its server, and when it was seen to serve.
type Election struct {
	At     time.Duration
	Server int
}

// List is the faults of a run. The zero value has none.
type List struct {
	All       []*Fault // in the order in which they began
	Elections []Election
	byNumber  map[int]*Fault
}

// Of gives the faults of a record.
func Of(h *history.History) *List {
	l := new(List)
	for i := range h.Events {
		if step, ok := StepOf(&h.Events[i]); ok {
			l.Add(&h.Events[i], step)
		}
	}
	return l
}

// StepOf reads an event as a step of a fault; false if it is none: faults are numbered from 1, which
// no other fact of a run is.
func StepOf(e *history.Event) (step history.FaultStep, ok bool) {
	if !Tells(e) {
		return step, false
	}
	err := e.Decode(&step)
	return step, err == nil && step.Fault > 0
}

// Tells says that an event tells of a fault, whether or not its value can be read.
func Tells(e *history.Event) bool {
	return e.Process == history.Nemesis && e.Type == history.Info && !history.RunFact(e.F)
}

// Named gives the fault with a number; nil if there is none.
func (l *List) Named(number int) *Fault { return l.byNumber[number] }

// First is when the first fault was about to be done; [history.Never] if none was.
func (l *List) First() time.Duration {
	first := history.Never
	for _, f := range l.All {
		if f.begun {
			first = min(first, f.Injected)
		}
	}
	return first
}

// Over is when the last fault was undone, or had come to nothing; [history.Never] if one was not. Of none it
// is the earliest of times.
func (l *List) Over() time.Duration {
	last := history.Always
	for _, f := range l.All {
		last = max(last, f.Over)
	}
	return last
}

// Add takes in a step, the event and its value, and gives the fault.
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
	if step.Step == history.StepElected { // Servers is the new leader here, not whom the fault hit
		if len(step.Servers) > 0 {
			f.Elected = step.Servers[0]
		}
		l.Elections = append(l.Elections, Election{At: e.Time, Server: f.Elected})
	}
	f.take(e.Time, step)
	return f
}

// take takes one more step into account.
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

// hit keeps whom the fault hit.
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
