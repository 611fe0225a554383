package history

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/testkit/must"
)

// A body equals the JSON of the event's fields by encoding/json.
func TestBodyIsJSON(t *testing.T) {
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
		Used     []Use           `json:"used,omitempty"`
		Intended time.Duration   `json:"intended,omitempty"`
		Traffic  *Traffic        `json:"traffic,omitempty"`
	}
	rapid.Check(t, func(t *rapid.T) {
		e := drawOdd(t)
		got, err := encodeBody(&e)
		want, wantErr := json.Marshal(body{
			e.Process, e.Client, e.Type, e.F, e.Key, e.Value, e.Error, e.Session, e.Zxid, e.Alive, e.Seen, e.Used, e.Intended, e.Traffic,
		})
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("got %s, %v; want %s, %v", got, err, want, wantErr)
		}
	})
}

// drawOdd draws an event, perhaps with text that cannot be written as it is.
func drawOdd(t *rapid.T) Event {
	e := drawEvent(t)
	odd := rapid.SampledFrom([]string{"", "plain", "a<b", "&", ">", "\xff\xfe", "\u2028", "\"", "\\", "\x7f", "\n", "ü", " "})
	e.Key = odd.Draw(t, "odd key")
	if e.Error != nil {
		e.Error.Message = odd.Draw(t, "odd message")
	}
	if value := rapid.SampledFrom([]string{"", "{ }", "null", "{", `"<"`, `"\xff"`, `[1,2]`, "\"\u2028\""}).Draw(t, "odd value"); value != "" {
		e.Value = json.RawMessage(value)
	}
	return e
}

// A history in memory equals the one that would be read back after writing it.
func TestMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewMemory(lockHeader)
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			if rapid.Bool().Draw(t, "late") {
				r.RecordLate(drawOdd(t), func() any { return item{rapid.String().Draw(t, "item")} })
			} else {
				r.Record(drawOdd(t))
			}
		}
		_ = r.Close() // an odd value is an error, which does not matter here
		h := must.Get(r.History())(t)
		var file bytes.Buffer
		must.Do(t, Write(&file, h))
		read := must.Get(Read(&file))(t)
		if d := cmp.Diff(read, h, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(History{})); d != "" {
			t.Fatalf("read -, memory +: %s", d)
		}
	})
}

// A value that is too long for a line is shortened, as in a file.
func TestMemoryShortens(t *testing.T) {
	r := NewMemory(lockHeader)
	r.Record(Event{Process: 1, Type: OK, F: "x", Value: Value(item{string(make([]byte, MaxLine))})})
	if r.Close() == nil {
		t.Error("no error")
	}
	h, err := r.History()
	if err != nil || len(h.Events) != 3 || h.Events[1].Value != nil || !h.Complete {
		t.Errorf("%v, %v", h, err)
	}
}
