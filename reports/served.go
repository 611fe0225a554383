package reports

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/reports/internal/words"
)

// This file has what pages that are served share with pages that are stored.

// StyleSheet returns the style sheet of all pages.
func StyleSheet() string { return styleSheet }

// Length formats a duration for people, with three significant digits and a unit.
func Length(d time.Duration) string { return words.Length(d) }

// Elapsed formats a duration that people follow while it passes: to a tenth of a second, and from two minutes on as
// [Length] does.
func Elapsed(d time.Duration) string {
	if d >= 2*time.Minute {
		return Length(d)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
