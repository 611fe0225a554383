package kinds

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Kind is a kind of fault.
type Kind struct {
	Name string // as in schedules and records: pause
	Hits Target
	// Was says in a sentence what happened to one target ("was paused"), Were to several.
	// If they are empty, texts use the kind's name.
	Was, Were string
	// Moment is true if the fault is over in a moment, whatever its consequences.
	Moment bool
	// Down is true if the servers that it hits take part in no write until it is healed.
	Down bool
	// Common kinds have the same colour in every plot.
	Common bool
	// Traits are the traits that a record states. Older records do not state them.
	Traits history.FaultTraits
}

// Target is the kind of thing that a fault hits. File names in package faults begin with it.
type Target string

// The targets.
const (
	Servers   Target = "server"
	Network   Target = "network" // links between servers
	Links     Target = "link"    // links of clients
	Messages  Target = "message" // single messages on links of clients
	Sessions  Target = "session"
	Processes Target = "process" // processes of clients
	Znodes    Target = "znode"
)

// Clients reports whether the fault hits clients.
func (t Target) Clients() bool {
	return t == Links || t == Messages || t == Sessions || t == Processes
}

// All returns the kinds in the order in which documentation lists them.
func All() []Kind { return slices.Clone(all) }

// Named returns the kind with a name. For an unknown name it returns a kind with only that
// name.
func Named(name string) Kind {
	for _, k := range all {
		if k.Name == name {
			return k
		}
	}
	return Kind{Name: name}
}

// TraitsOf returns the traits of a fault: those that its step in the record states, or else
// those of its kind.
func TraitsOf(kind string, step history.FaultStep) history.FaultTraits {
	if step.Traits != (history.FaultTraits{}) {
		return step.Traits
	}
	return Named(kind).Traits
}
