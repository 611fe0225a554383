package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// PrintJSON prints a value as JSON, indented for people.
func PrintJSON(w io.Writer, value any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return err
	}
	text := b.Bytes()
	if !UnicodeWelcome() {
		text = ASCIIJSON(text)
	}
	_, err := w.Write(text)
	return err
}

// ASCIIJSON returns the same JSON in ASCII.
func ASCIIJSON(text []byte) []byte {
	var out []byte
	for _, r := range string(text) { // only strings have such characters
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}
