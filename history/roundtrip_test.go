package history

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
	"pgregory.net/rapid"
)

// drawEvent draws any event that a recorder can be given.
func drawEvent(t *rapid.T) Event {
	id := rapid.Int64()
	at := rapid.Int64Range(0, int64(MaxTime))
	e := Event{
		Process:  Process(rapid.IntRange(int(SessionProcess), 20).Draw(t, "process")),
		Type:     rapid.SampledFrom([]Type{Invoke, OK, Fail, Info}).Draw(t, "type"),
		F:        rapid.StringN(1, 20, 100).Draw(t, "f"),
		Key:      rapid.String().Draw(t, "key"),
		Session:  ID(id.Draw(t, "session")),
		Zxid:     ID(id.Draw(t, "zxid")),
		Alive:    time.Duration(at.Draw(t, "alive")),
		Seen:     ID(id.Draw(t, "seen")),
		Intended: time.Duration(at.Draw(t, "intended")),
	}
	for range rapid.IntRange(0, 2).Draw(t, "used") {
		e.Used = append(e.Used, Use{
			Session: ID(id.Draw(t, "used session")), Alive: time.Duration(at.Draw(t, "used until")),
			Seen: ID(id.Draw(t, "seen there")), Made: rapid.Bool().Draw(t, "made"),
		})
	}
	if rapid.Bool().Draw(t, "has traffic") {
		e.Traffic = drawTraffic(t)
	}
	e.Client = rapid.IntRange(min(int(e.Process), 0), 20).Draw(t, "client")
	switch rapid.IntRange(0, 3).Draw(t, "value") {
	case 0:
		e.Value = Value(held{Held: true, Token: e.Zxid})
	case 1:
		e.Value = Value(item{Item: rapid.String().Draw(t, "item")})
	case 2:
		e.Error = &Error{Code: rapid.String().Draw(t, "code"), Message: rapid.String().Draw(t, "message")}
	}
	return e
}

func drawTraffic(t *rapid.T) *Traffic {
	n := rapid.IntRange(0, 1_000_000_000)
	at := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(MaxTime)).Draw(t, "at"))
	})
	return &Traffic{
		Requests: n.Draw(t, "requests"), Sent: n.Draw(t, "sent"), Received: n.Draw(t, "received"),
		Events: rapid.SliceOfN(at, 0, 3).Draw(t, "events"), More: rapid.SampledFrom([]int{0, 7}).Draw(t, "more"),
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		r := NewRecorder(&file, lockHeader)
		var recorded []Event
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			recorded = append(recorded, r.Record(drawEvent(t)))
		}
		must.Do(t, r.Close())
		text := file.String()
		h := must.Get(Read(strings.NewReader(text)))(t)
		if d := cmp.Diff(recorded, h.Events[1:len(h.Events)-1], cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("recorded -, read +: %s", d)
		}
		var again bytes.Buffer
		must.Do(t, Write(&again, h))
		if d := cmp.Diff(text, again.String()); d != "" {
			t.Fatalf("recorder -, Write +: %s", d)
		}
	})
}

func TestWriteTakesTheHeader(t *testing.T) {
	h := mustRead(t, beginLine+invokeLine)
	h.Header.Params.Parties = 4
	var b bytes.Buffer
	must.Do(t, Write(&b, h))
	if d := cmp.Diff(h, mustRead(t, b.String()), cmpopts.IgnoreUnexported(History{})); d != "" && !strings.Contains(d, "Value") {
		t.Error(d)
	}
	if got := mustRead(t, b.String()).Header.Params.Parties; got != 4 {
		t.Errorf("parties is %d", got)
	}
}

func TestWriteErrors(t *testing.T) {
	if err := Write(&bytes.Buffer{}, &History{}); err == nil {
		t.Error("a history without beginning was written")
	}
	h := mustRead(t, beginLine+invokeLine)
	if err := Write(&fullDisk{room: 100}, h); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
	h.Events[1].Value = []byte("{")
	if err := Write(&bytes.Buffer{}, h); err == nil || !strings.Contains(err.Error(), "event 1") {
		t.Errorf("a value that is no JSON: %v", err)
	}
}

// Read takes any input, in bounded memory, and what it accepts can be written
// and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(beginLine + invokeLine + okLine + endLine))
	f.Add([]byte(beginLine + invokeLine + okLine[:40]))
	f.Add([]byte(beginLine + okLine + invokeLine))
	f.Add([]byte("{:process 0, :type :invoke}\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		var h *History
		var err error
		allocs.Within(t, len(text), 1000, func() { h, err = Read(bytes.NewReader(text)) })
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		first := rewrite(t, h)
		h2, err := Read(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if len(h2.Events) != len(h.Events) || h2.Complete != h.Complete || h2.Truncated {
			t.Errorf("%d events, then %d; complete %v, then %v", len(h.Events), len(h2.Events), h.Complete, h2.Complete)
		}
		if second := rewrite(t, h2); !bytes.Equal(first, second) {
			t.Errorf("written once:\n%s\ntwice:\n%s", first, second)
		}
		h.Operations()
	})
}

func rewrite(t *testing.T, h *History) []byte {
	var b bytes.Buffer
	if err := Write(&b, h); err != nil {
		t.Fatalf("cannot write what was read: %v", err)
	}
	return b.Bytes()
}
