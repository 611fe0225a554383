package frame

import (
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/internal/base/advice"
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
var (
	MoreMeetings = advice.MoreMeetings.Text()
	MoreLoad     = advice.MoreLoad.Text()
	MoreRounds   = advice.MoreRounds.Text()
	MoreDeaths   = advice.MoreDeaths.Text()
)

// Because adds to a text about what is missing the reason, or what helps. It returns "" if nothing is
// missing.
func Because(missing, why string) string {
	if missing == "" {
		return ""
	}
	return missing + ": " + why
}
