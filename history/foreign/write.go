package foreign

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/zklab/zklab/history"
)

// WriteEDN writes a history as Jepsen's history.edn, one map per line. Field names become keywords.
// A key is a field of its own, as in porcupine's files. The processes nemesis and session become
// keywords.
func WriteEDN(w io.Writer, h *history.History) error {
	b := bufio.NewWriter(w)
	var line []byte
	for i := range h.Events {
		var err error
		if line, err = appendEvent(line[:0], &h.Events[i]); err != nil {
			return err
		}
		if _, err := b.Write(line); err != nil {
			return err
		}
	}
	return b.Flush()
}

func appendEvent(b []byte, e *history.Event) ([]byte, error) {
	b = append(b, "{:index "...)
	b = strconv.AppendInt(b, int64(e.Index), 10)
	b = append(b, ", :time "...)
	b = strconv.AppendInt(b, int64(e.Time), 10)
	b = append(b, ", :process "...)
	switch e.Process {
	case history.Nemesis:
		b = append(b, ":nemesis"...)
	case history.SessionProcess:
		b = append(b, ":session"...)
	default:
		b = strconv.AppendInt(b, int64(e.Process), 10)
	}
	b = append(append(b, ", :type :"...), e.Type...)
	b = append(append(b, ", :f "...), keyword(e.F)...)
	if e.Key != "" {
		b = appendText(append(b, ", :key "...), e.Key)
	}
	b = append(b, ", :value "...)
	if len(e.Value) == 0 {
		b = append(b, "nil"...)
	} else {
		var v any
		if err := decode(e.Value, &v); err != nil {
			return nil, fmt.Errorf("event %d: its value: %w", e.Index, err)
		}
		b = appendValue(b, v)
	}
	if e.Error != nil {
		b = appendText(append(b, ", :error ["...), e.Error.Code)
		b = append(appendText(append(b, ' '), e.Error.Message), ']')
	}
	return append(b, "}\n"...), nil
}

// keyword writes a name as a keyword if it can be one, otherwise as a string.
func keyword(name string) string {
	for _, c := range []byte(name) {
		if delimiter(c) || c < ' ' || c >= 0x80 || c == '\\' || c == '#' || c == ':' {
			return string(appendText(nil, name))
		}
	}
	return ":" + name
}

// appendText appends a string with EDN's escapes.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if r < ' ' {
				b = fmt.Appendf(b, `\u%04x`, r)
			} else {
				b = append(b, string(r)...)
			}
		}
	}
	return append(b, '"')
}

// decode decodes JSON and keeps numbers as they are written.
func decode(raw json.RawMessage, v *any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v)
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "nil"...)
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return append(b, v...)
	case string:
		return appendText(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, keyword(name)...), ' ')
			b = appendValue(b, v[name])
		}
		return append(b, '}')
	}
	return b
}
