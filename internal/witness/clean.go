package witness

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Clean makes text from a history fit for a terminal: characters that are not
// printable, which can move the cursor or turn the direction of writing, are
// written as \x1b or \u202e. Text of more than most characters is cut.
func Clean(s string, most int) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n++; n == most && utf8.RuneCountInString(s[i:]) > 1 {
			b.WriteString("…")
			break
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)), r < ' ', r == 0x7f: // not UTF-8, or a control character
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// Columns is how many columns of a terminal a text takes.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// fit cuts a text to some columns.
func fit(s string, most int) string {
	if Columns(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += columns(r); n > most-1 {
			if most < 1 {
				return ""
			}
			return s[:i] + "…"
		}
	}
	return s
}
