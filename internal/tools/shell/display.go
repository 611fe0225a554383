package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/zklab/zklab/internal/base/printable"
)

// This file prints names and data of znodes, which can contain any bytes.

// legible returns a text on one line, with control characters escaped.
func legible(text string) string { return printable.Text(text, math.MaxInt) }

// mostShown is how many bytes of data cat prints on a terminal without --raw.
const mostShown = 16 << 10

// shown returns the beginning of long data, in whole characters if they are text, and the number of
// bytes that it leaves out.
func shown(data []byte, raw bool) (begin []byte, left int) {
	if raw || len(data) <= mostShown {
		return data, 0
	}
	n := mostShown
	for i := range utf8.UTFMax { // where a character begins, if they are UTF-8
		if utf8.RuneStart(data[mostShown-i]) {
			n = mostShown - i
			break
		}
	}
	return data[:n], len(data) - n
}

// content is data as JSON: text if the data is UTF-8, and otherwise base64.
type content []byte

type contentJSON struct {
	Text   *string `json:"text,omitempty"`
	Base64 []byte  `json:"base64,omitempty"`
}

// MarshalJSON writes null for null data, and an empty text for no bytes.
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

// UnmarshalJSON is the inverse of MarshalJSON.
func (c *content) UnmarshalJSON(b []byte) error {
	var v *contentJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields() // the setting of the outer decoder does not apply here
	if err := d.Decode(&v); err != nil {
		return err
	}
	switch {
	case v != nil && v.Text != nil && v.Base64 != nil:
		return errors.New("data has both text and base64: leave out one of them")
	case v == nil:
		*c = nil
	case v.Text != nil:
		*c = content(*v.Text)
	default:
		*c = append(content{}, v.Base64...)
	}
	return nil
}

// encode returns JSON on one line, with control characters escaped.
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

// escape escapes a character for a string of JSON.
func escape(r rune) (out []byte) {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}
