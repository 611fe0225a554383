package reports

import (
	"time"

	"github.com/zklab/zklab/reports/internal/words"
)

// What pages that are served share with those that are stored.

// StyleSheet returns the style sheet of all pages.
func StyleSheet() string { return styleSheet }

// Length formats a duration for people, with three significant digits and a unit.
func Length(d time.Duration) string { return words.Length(d) }
