package frame

import "github.com/zklab/zklab/checker/internal/evidence"

// FromSessions is S where the links saw sessions, else R; with L if the log
// says more of their deaths than the links do.
func FromSessions(a *evidence.Record) string {
	switch {
	case a.ByLog:
		return "S, L"
	case a.AnySession():
		return "S"
	}
	return "R"
}

// FromTimes is R: real time and what was answered.
func FromTimes(*evidence.Record) string { return "R" }
