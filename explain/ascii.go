package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// plainly maps the characters of zklab's own words that are not ASCII to ASCII.
var plainly = map[rune]string{'…': "...", 'µ': "u", '–': "-", '−': "-", '✓': "+", '✗': "x"}

// ASCII replaces characters for a screen that has only ASCII. Other characters from a history (in a
// key or a value) become escapes such as \u9501.
func ASCII(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for rest := s[i:]; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		switch plain, ours := plainly[r]; {
		case r < utf8.RuneSelf:
			b.WriteByte(rest[0])
		case ours:
			b.WriteString(plain)
		case r == utf8.RuneError && n == 1: // not UTF-8
			fmt.Fprintf(&b, `\x%02x`, rest[0])
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		rest = rest[n:]
	}
	return b.String()
}
