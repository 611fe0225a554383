// Package prose puts numbers, durations and lists into sentences for people. It does not know what they are about,
// and imports nothing of zklab.
package prose

import (
	"slices"
	"strconv"
	"strings"
)

// Noun returns a noun in the number that fits n: "key", "keys", "history", "histories", "matrix", "matrices",
// "publish", "publishes".
func Noun(n int, one string) string {
	stem, y := strings.CutSuffix(one, "y")
	switch {
	case n == 1:
		return one
	case strings.HasSuffix(one, "trix"):
		return strings.TrimSuffix(one, "x") + "ces"
	case hisses(one):
		return one + "es"
	case y && !strings.HasSuffix(stem, "e"):
		return stem + "ies"
	}
	return one + "s"
}

// hisses reports whether an s alone cannot be spoken after a word.
func hisses(word string) bool {
	return slices.ContainsFunc([]string{"ss", "sh", "ch", "x", "z"}, func(end string) bool { return strings.HasSuffix(word, end) })
}

// Count returns "1 key" or "5 keys".
func Count(n int, one string) string { return strconv.Itoa(n) + " " + Noun(n, one) }

// Grouped returns a number with its thousands set apart: 2,884.
func Grouped(n int) string {
	s, sign := strings.CutPrefix(strconv.Itoa(n), "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if sign {
		return "-" + s
	}
	return s
}

// Bytes returns an amount of memory: "64 MiB", "1.5 GiB".
func Bytes(n int64) string {
	size, unit := float64(n), "bytes"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, larger
	}
	return strings.TrimSuffix(strconv.FormatFloat(size, 'f', 1, 64), ".0") + " " + unit
}

// Verb returns the verb for n things: "waits" for one, "wait" for two.
func Verb(n int, verb string) string {
	switch {
	case n != 1:
		return verb
	case hisses(verb):
		return verb + "es"
	}
	return verb + "s"
}

// Were returns the verb for n things in the past: "was" for one, otherwise "were".
func Were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// Times returns "never", "once", "twice" or "5 times".
func Times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Count(n, "time")
}

// List returns "a", "a and b", "a, b and c", with the word last in place of "and".
func List(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
}

// Numbers is like List, for numbers.
func Numbers(ns []int) string {
	texts := make([]string, len(ns))
	for i, n := range ns {
		texts[i] = strconv.Itoa(n)
	}
	return List(texts, "and")
}

// Some returns the first of n texts, at most most, with commas between them, and how many more there
// are.
func Some(n, most int, text func(i int) string) string {
	var parts []string
	for i := range min(n, most) {
		parts = append(parts, text(i))
	}
	if n > most {
		parts = append(parts, strconv.Itoa(n-most)+" more")
	}
	return strings.Join(parts, ", ")
}
