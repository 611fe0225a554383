package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// MaxLine is the longest line in bytes, its newline included, that is written
// or read. It bounds the memory that a foreign file can take.
const MaxLine = 1 << 20

// body is an Event without Index and Time. Those two are known only once an
// event has its place in the record; all the rest is encoded before.
type body struct {
	Process  Process         `json:"process"`
	Client   int             `json:"client"`
	Type     Type            `json:"type"`
	F        string          `json:"f"`
	Key      string          `json:"key,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Error    *Error          `json:"error,omitempty"`
	Session  ID              `json:"session,omitempty"`
	Zxid     ID              `json:"zxid,omitempty"`
	Alive    time.Duration   `json:"alive,omitempty"`
	Seen     ID              `json:"seen,omitempty"`
	Intended time.Duration   `json:"intended,omitempty"`
}

// headRoom is more than the index and time in front of a body can take.
const headRoom = 100

var errTooLong = errors.New("longer than a line may be")

// encodeBody encodes all of e that does not depend on its place.
func encodeBody(e *Event) ([]byte, error) {
	b, err := json.Marshal(body{
		e.Process, e.Client, e.Type, e.F, e.Key, e.Value, e.Error, e.Session, e.Zxid, e.Alive, e.Seen, e.Intended,
	})
	if err == nil && len(b) > MaxLine-headRoom {
		err = errTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", e.Type, e.F, err)
	}
	return b, nil
}

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

// absentNull makes a JSON null what it means: no value.
func absentNull(v json.RawMessage) json.RawMessage {
	if string(v) == "null" {
		return nil
	}
	return v
}
