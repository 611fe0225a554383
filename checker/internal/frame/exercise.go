package frame

import (
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Wants returns the exercise condition that a figure is high enough.
func Wants(figure string, least float64, of string) func(*evidence.Record, map[string]float64) string {
	return func(_ *evidence.Record, figures map[string]float64) string { return Few(figures[figure], least, of) }
}

// Few describes that there were too few of something. It returns "" if there were enough.
func Few(n, least float64, of string) string {
	if n >= least {
		return ""
	}
	return fmt.Sprintf("too few %s: %.0f, of %.0f wanted", of, n, least)
}

// What helps if too little happened, in the words of an experiment's settings.
const (
	MoreMeetings = "more clients, fewer keys, a higher rate or a longer time limit make more"
	MoreLoad     = "a longer time limit or a higher rate makes more"
	MoreRounds   = "a longer time limit makes more"
	MoreDeaths   = "a shorter fault interval, a longer time limit, or faults that hit holders and members (such as expire:holder) make more"
)

// Because adds to a text about what is missing the reason, or what helps. It returns "" if nothing is
// missing.
func Because(missing, why string) string {
	if missing == "" {
		return ""
	}
	return missing + ": " + why
}
