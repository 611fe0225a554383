package frame

import "github.com/zklab/zklab/checker/internal/evidence"

// FromSessions returns S if the links saw sessions, otherwise R; with L if the log says more of
// their deaths than the links do.
func FromSessions(a *evidence.Record) string {
	switch {
	case a.ByLog:
		return "S, L"
	case a.AnySession():
		return "S"
	}
	return "R"
}

// FromTimes returns R: real time and the answers.
func FromTimes(*evidence.Record) string { return "R" }
