package catalog

import "github.com/zklab/zklab/checker"

// State is the verdict of an entry, or how far it has come.
type State string

// The states.
const (
	Valid        State = "valid"
	Violation    State = "violation"
	Undecided    State = "undecided"
	NoneViolated State = "none violated" // of a sweep whose seeds have all run
	Running      State = "running"
	Unfinished   State = "unfinished" // it crashed, or still runs (in lists that do not show Running)
	Unreadable   State = "unreadable"
)

// Listed has the states of the entries that [List] returns, in the order of a help text.
var Listed = []State{Valid, Violation, Undecided, Unfinished, Unreadable}

// Of returns the state of something with a verdict; Unreadable for a verdict that zklab does not know.
func Of(verdict checker.Result) State {
	switch verdict {
	case checker.Valid:
		return Valid
	case checker.Violation:
		return Violation
	case checker.Unknown:
		return Undecided
	}
	return Unreadable
}

// Named returns the state with a name. "unknown", the word in files, is another name of the undecided
// state.
func Named(name string) State {
	if name == string(checker.Unknown) {
		return Undecided
	}
	return State(name)
}

// inFiles returns the word for the state in result.json, where an undecided verdict is "unknown".
func (s State) inFiles() string {
	if s == Undecided {
		return string(checker.Unknown)
	}
	return string(s)
}
