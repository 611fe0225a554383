package shell

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/zklab/zklab/internal/printable"
)

// This file is about what comes from znodes, whose names and data may be anything.

// legible is text on one line, without characters that a terminal obeys.
func legible(text string) string { return printable.Text(text, math.MaxInt) }

// legibleLines is legible for text of several lines.
func legibleLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		for i, part := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(legible(part))
		}
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// display is data for people: JSON laid out, text as it is, and else in hexadecimal. It
// ends with a line break, unless there are no data.
func display(data []byte, raw bool) string {
	var text string
	switch {
	case len(data) == 0:
		return ""
	case raw:
		text = legibleLines(string(data))
	case !isText(data):
		text = hex.Dump(data)
	default:
		text = legibleLines(string(laidOut(data)))
	}
	return strings.TrimSuffix(text, "\n") + "\n"
}

// isText says whether data are words for people rather than numbers for machines.
func isText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\x1b", r)
	})
}

// laidOut is a JSON object or array with a line for each of its parts.
func laidOut(data []byte) []byte {
	var b bytes.Buffer
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || json.Indent(&b, trimmed, "", "  ") != nil {
		return data
	}
	return b.Bytes()
}

// content is data in JSON: text where it is UTF-8, else base64.
type content []byte

type contentJSON struct {
	Text   *string `json:"text,omitempty"`
	Base64 []byte  `json:"base64,omitempty"`
}

// MarshalJSON tells null data, null, from none, an empty text.
func (c content) MarshalJSON() ([]byte, error) {
	if c == nil {
		return []byte("null"), nil
	}
	if !utf8.Valid(c) {
		return json.Marshal(contentJSON{Base64: c})
	}
	text := string(c)
	return json.Marshal(contentJSON{Text: &text})
}

// UnmarshalJSON is MarshalJSON's inverse.
func (c *content) UnmarshalJSON(b []byte) error {
	var v *contentJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch {
	case v == nil:
		*c = nil
	case v.Text != nil:
		*c = content(*v.Text)
	default:
		*c = append(content{}, v.Base64...)
	}
	return nil
}

// encode is JSON on one line. What a terminal would obey is escaped in it, too.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if r == ' ' || unicode.IsPrint(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, escape(r)...)
	}
	return append(out, '\n'), nil
}

// escape is a character in a string of JSON.
func escape(r rune) (out []byte) {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}
