package frame

import (
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Wants returns the exercise condition that a figure is high enough.
func Wants(figure string, least float64, of string) func(*evidence.Record, map[string]float64) string {
	return func(_ *evidence.Record, figures map[string]float64) string { return Few(figures[figure], least, of) }
}

// Few says that there were too few of something. It returns "" if there were enough.
func Few(n, least float64, of string) string {
	if n >= least {
		return ""
	}
	return fmt.Sprintf("too few %s: %.0f, of %.0f wanted", of, n, least)
}
