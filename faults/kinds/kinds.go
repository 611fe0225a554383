package kinds

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Kind is a kind of fault.
type Kind struct {
	Name string // as schedules and records call it: pause
	Hits Target
	// Was says in a sentence what happened to the one that was hit ("was paused"),
	// Were to several. A kind without is told by its name.
	Was, Were string
	// Moment says that it is done in a moment, whatever follows.
	Moment bool
	// Down says that servers which are hit take part in no write until the fault is healed.
	Down bool
	// Common kinds have the same colour in every plot.
	Common bool
	// Traits are what a record says of it, or would: older ones do not.
	Traits history.FaultTraits
}

// Target is what faults hit. The names of their files in package faults begin with it.
type Target string

// The targets.
const (
	Servers   Target = "server"
	Network   Target = "network" // what is between servers
	Links     Target = "link"    // of clients
	Messages  Target = "message" // single ones on links of clients
	Sessions  Target = "session"
	Processes Target = "process" // of clients
	Znodes    Target = "znode"
)

// Clients says that it is clients that are hit.
func (t Target) Clients() bool {
	return t == Links || t == Messages || t == Sessions || t == Processes
}

// All gives the kinds in the order in which people read of them.
func All() []Kind { return slices.Clone(all) }

// Named gives the kind with a name. Of a name that is none of ours, it is a kind that
// has nothing but that name.
func Named(name string) Kind {
	for _, k := range all {
		if k.Name == name {
			return k
		}
	}
	return Kind{Name: name}
}

// TraitsOf gives the traits of a fault by a step of it in the record, and by its kind
// where that says nothing.
func TraitsOf(kind string, step history.FaultStep) history.FaultTraits {
	if step.Traits != (history.FaultTraits{}) {
		return step.Traits
	}
	return Named(kind).Traits
}
