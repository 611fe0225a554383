// Package printable makes text that comes from histories and other programs fit for a
// terminal. It knows nothing of what the text says.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes text from a history fit for a terminal: characters that are not
// printable, which can move the cursor or turn the direction of writing, are
// written as \x1b or \u202e. Text of more than most characters is cut.
func Text(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	var b strings.Builder
	if len(s) <= most {
		b.Grow(len(s))
	}
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

// plain reports whether all characters are printable ones of ASCII, as in most texts.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
