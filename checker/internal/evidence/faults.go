package evidence

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Faults are what was done to the run.
type Faults struct {
	All     map[int]*Fault // by number
	Elected []Election     // new leaders that served after a fault, in order
	First   time.Duration  // first injection; never if there was none
}

// Election is a new leader, by the number of its server, and when it was seen to serve.
type Election struct {
	At     time.Duration
	Server int
}

// Fault is one fault as its steps tell it.
type Fault struct {
	Kind     string
	Traits   history.FaultTraits
	Verified bool   // it was seen to take effect
	Outcome  string // why it came to nothing; "": it did not
	clients  []int
	doing    bool // it is known what the clients that it hit were doing
	holding  bool // it hit a client that held
	// OnServers says that it was done to servers, or to what is between them.
	OnServers bool
	From      time.Duration // when it was about to be done
	Over      time.Duration // when it was healed or came to nothing; never if it did not
}

func newFaults() Faults { return Faults{All: map[int]*Fault{}, First: Never} }

// readFault takes in one step of a fault: F is its kind.
func (a *Record) readFault(e *history.Event) {
	var s history.FaultStep
	a.Decode(e, &s)
	if s.Fault == 0 {
		return
	}
	f := a.Faults.All[s.Fault]
	if f == nil {
		f = &Fault{Kind: e.F, Traits: kinds.TraitsOf(e.F, s), From: e.Time, Over: Never}
		a.Faults.All[s.Fault] = f
	}
	if len(s.Clients) > 0 {
		f.clients = s.Clients
	}
	f.OnServers = f.OnServers || len(s.Servers) > 0 && s.Step != history.StepElected
	f.doing = f.doing || len(s.Holding) > 0
	f.holding = f.holding || slices.Contains(s.Holding, "holding")
	switch s.Step {
	case history.StepInject:
		a.Faults.First = min(a.Faults.First, e.Time)
	case history.StepVerified:
		f.Verified = true
	case history.StepFailed, history.StepSkipped:
		f.Outcome = strings.TrimSpace(s.Step + " " + s.Detail)
		f.Over = min(f.Over, e.Time)
	case history.StepHealed:
		f.Over = e.Time
	case history.StepElected:
		e := Election{At: e.Time}
		if len(s.Servers) > 0 {
			e.Server = s.Servers[0]
		}
		a.Faults.Elected = append(a.Faults.Elected, e)
	}
}

// Copied says that a copy of a client could use the client's session at a time: then the session
// belongs to whoever of the two connected last.
func (f *Faults) Copied(client int, t time.Duration) bool {
	for _, one := range f.All {
		if one.Kind == kinds.Duplicate.Name && one.From <= t && t <= one.Over && slices.Contains(one.clients, client) {
			return true
		}
	}
	return false
}

// FaultKind is the kind in a fault's specification: pause of pause:leader@10s.
func FaultKind(spec string) string {
	if i := strings.IndexAny(spec, ":@"); i >= 0 {
		return spec[:i]
	}
	return spec
}

// undone is when the last fault was undone, or had come to nothing; never if
// one was not.
func (f *Faults) undone() time.Duration {
	last := Always
	for _, one := range f.All {
		last = max(last, one.Over)
	}
	return last
}
