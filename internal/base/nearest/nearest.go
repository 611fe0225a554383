// Package nearest finds the name that a user who wrote another one probably meant. It does not know what the
// names stand for.
package nearest

import (
	"fmt"
	"strings"
)

// DidYouMean continues an error with an offer of valid names: "; " and, if one of the names is near,
// the nearest one. The names are in lower case.
func DidYouMean(written string, valid []string) string {
	if name := To(written, valid); name != "" {
		return fmt.Sprintf("; did you mean %q? ", name)
	}
	return "; "
}

// To returns the nearest of some names, in lower case, to what was written, or "" if none is near: the
// two may differ by one mistake for each three letters of the longer one, and by at least one.
func To(written string, valid []string) string {
	if len(written) > 40 {
		return ""
	}
	best, least := "", len(written)+1
	for _, name := range valid {
		near := max(1, max(len(written), len(name))/3)
		if d := distance(strings.ToLower(written), name); d <= near && d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make one text the other (Damerau's, without edits in between).
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			differs := 1
			if a[i] == b[j] {
				differs = 0
			}
			next[j+1] = min(row[j]+differs, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
