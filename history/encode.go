package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// MaxLine is the maximum length of a line, in bytes, including its newline. It limits the memory
// that reading a foreign file can take.
const MaxLine = 1 << 20

// headRoom is more than the length of the index and time before a body.
const headRoom = 100

var errTooLong = errors.New("longer than a line may be")

// usualBody is the length of most bodies.
const usualBody = 160

// encodeBody encodes e without Index and Time, which are known only once the event has its place in
// the record. Its output equals that of encoding/json, several times faster.
func encodeBody(e *Event) ([]byte, error) {
	b := append(make([]byte, 0, usualBody+len(e.Value)), `{"process":`...)
	switch e.Process {
	case Nemesis:
		b = append(b, `"nemesis"`...)
	case SessionProcess:
		b = append(b, `"session"`...)
	default:
		b = strconv.AppendInt(b, int64(e.Process), 10)
	}
	b = strconv.AppendInt(append(b, `,"client":`...), int64(e.Client), 10)
	b = appendText(append(b, `,"type":`...), string(e.Type))
	b = appendText(append(b, `,"f":`...), e.F)
	if e.Key != "" {
		b = appendText(append(b, `,"key":`...), e.Key)
	}
	if len(e.Value) > 0 {
		var err error
		if b, err = appendValue(append(b, `,"value":`...), e.Value); err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", e.Type, e.F, err)
		}
	}
	if e.Error != nil {
		b = appendText(append(b, `,"error":{"code":`...), e.Error.Code)
		if e.Error.Message != "" {
			b = appendText(append(b, `,"message":`...), e.Error.Message)
		}
		b = append(b, '}')
	}
	b = appendID(b, `,"session":"0x`, e.Session)
	b = appendID(b, `,"zxid":"0x`, e.Zxid)
	b = appendTime(b, `,"alive":`, e.Alive)
	b = appendID(b, `,"seen":"0x`, e.Seen)
	b = appendUsed(b, e.Used)
	b = appendTime(b, `,"intended":`, e.Intended)
	b = appendTraffic(b, e.Traffic)
	if b = append(b, '}'); len(b) > MaxLine-headRoom {
		return nil, fmt.Errorf("encode %s %s: %w", e.Type, e.F, errTooLong)
	}
	return b, nil
}

// appendUsed appends the field used unless all is empty.
func appendUsed(b []byte, all []Use) []byte {
	if len(all) == 0 {
		return b
	}
	begin := `,"used":[{"session":"0x`
	for _, u := range all {
		b = append(strconv.AppendUint(append(b, begin...), uint64(u.Session), 16), '"')
		b = appendTime(b, `,"alive":`, u.Alive)
		b = appendID(b, `,"seen":"0x`, u.Seen)
		if u.Made {
			b = append(b, `,"made":true`...)
		}
		b, begin = append(b, '}'), `,{"session":"0x`
	}
	return append(b, ']')
}

// appendID appends a field unless id is absent.
func appendID(b []byte, name string, id ID) []byte {
	if id == 0 {
		return b
	}
	return append(strconv.AppendUint(append(b, name...), uint64(id), 16), '"')
}

// appendTime appends a field unless at is absent.
func appendTime(b []byte, name string, at time.Duration) []byte {
	return appendNumber(b, name, int64(at))
}

// appendTraffic appends the field unless the traffic is unknown.
func appendTraffic(b []byte, t *Traffic) []byte {
	if t == nil {
		return b
	}
	b = strconv.AppendInt(append(b, `,"traffic":{"requests":`...), int64(t.Requests), 10)
	b = strconv.AppendInt(append(b, `,"sent":`...), int64(t.Sent), 10)
	b = strconv.AppendInt(append(b, `,"received":`...), int64(t.Received), 10)
	for i, at := range t.Events {
		name := ","
		if i == 0 {
			name = `,"events":[`
		}
		b = strconv.AppendInt(append(b, name...), int64(at), 10)
	}
	if len(t.Events) > 0 {
		b = append(b, ']')
	}
	if t.More != 0 {
		b = strconv.AppendInt(append(b, `,"more":`...), int64(t.More), 10)
	}
	return append(b, '}')
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || escaped(c) {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendValue appends a JSON value without surrounding space.
func appendValue(b []byte, v json.RawMessage) ([]byte, error) {
	if compact(v) {
		return append(b, v...), nil
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// compact reports whether v is valid JSON in the form that encoding/json writes.
func compact(v json.RawMessage) bool {
	for _, c := range v {
		if c <= ' ' || c >= 0x7f || escaped(c) {
			return false // it may be compact, but not certainly
		}
	}
	return json.Valid(v)
}

// escaped reports whether encoding/json escapes the character because of HTML.
func escaped(c byte) bool { return c == '<' || c == '>' || c == '&' }

// appendLine appends the line of an event whose body is encoded.
func appendLine(b []byte, index int, at time.Duration, body []byte) []byte {
	b = append(b, `{"index":`...)
	b = strconv.AppendInt(b, int64(index), 10)
	b = append(b, `,"time":`...)
	b = strconv.AppendInt(b, int64(at), 10)
	b = append(b, ',')
	b = append(b, body[1:]...) // without its opening brace
	return append(b, '\n')
}

// absentNull turns a JSON null into an absent value.
func absentNull(v json.RawMessage) json.RawMessage {
	if string(v) == "null" {
		return nil
	}
	return v
}
