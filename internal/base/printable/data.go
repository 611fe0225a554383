package printable

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lines is like Text, for text of several lines, of any length: line breaks and tabs stay.
func Lines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		for i, part := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(Text(part, math.MaxInt))
		}
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Data returns data for people: JSON is indented, text stays as it is, and anything else is dumped in
// hexadecimal. With raw, everything counts as text. The result ends with a line break, unless data is
// empty.
func Data(data []byte, raw bool) string {
	var text string
	switch {
	case len(data) == 0:
		return ""
	case raw:
		text = Lines(string(data))
	case !IsText(data):
		text = hex.Dump(data)
	default:
		text = Lines(string(laidOut(data)))
	}
	return strings.TrimSuffix(text, "\n") + "\n"
}

// IsText reports whether data are words for people rather than numbers for machines.
func IsText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\x1b", r)
	})
}

// laidOut indents a JSON object or array, with a line for each of its parts. It returns other data as
// they are.
func laidOut(data []byte) []byte {
	var b bytes.Buffer
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || json.Indent(&b, trimmed, "", "  ") != nil {
		return data
	}
	return b.Bytes()
}
