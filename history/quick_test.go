package history

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The quick reader reads the same as the slow one, even from lines that are not quite
// right.
func TestQuickReadsTheSame(t *testing.T) {
	quickly, slowly := 0, 0
	q := newQuick()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		if rapid.Bool().Draw(t, "common") {
			e.F, e.Key, e.Error, e.Time = "acquire", "k1", nil, 12345
			e.Alive, e.Intended = e.Alive%1e15, e.Intended%1e15
		}
		body, err := encodeBody(&e)
		if err != nil {
			t.Skip()
		}
		line := bytes.TrimSuffix(appendLine(nil, rapid.IntRange(-1, 1<<40).Draw(t, "index"), e.Time, body), []byte("\n"))
		if rapid.Bool().Draw(t, "spoil") {
			at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
			line[at] = rapid.SampledFrom([]byte("0-+.eEx{}[],:\"\\ \t_nA\x00\xff")).Draw(t, "with")
		}
		got, ok := q.parse(line)
		if !ok {
			slowly++
			return
		}
		quickly++
		want, err := parse(line, nil)
		if (err == nil) != (possible(&got) == nil) {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", line, diff)
		}
	})
	if quickly == 0 || slowly == 0 {
		t.Errorf("%d lines were read quickly, %d slowly", quickly, slowly)
	}
}

// Events that a run usually records are read by the quick reader.
func TestQuickReadsWhatIsCommon(t *testing.T) {
	e := Event{
		Process: 7, Client: 2, Type: OK, F: "acquire", Key: "k1", Value: Value(grant{Token: 0x10000002c}),
		Session: -5, Zxid: 1, Alive: 12345, Seen: 0x10000002d, Intended: 99,
	}
	body := must.Get(encodeBody(&e))(t)
	got, ok := newQuick().parse(bytes.TrimSuffix(appendLine(nil, 0, 0, body), []byte("\n")))
	if !ok {
		t.Fatal("refused")
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Error(diff)
	}
}

// Any line that the quick reader accepts means the same to the slow one.
func FuzzQuick(f *testing.F) {
	for _, line := range []string{beginLine, invokeLine, okLine, endLine} {
		f.Add([]byte(strings.TrimSuffix(line, "\n")))
	}
	q := newQuick()
	f.Fuzz(func(t *testing.T, line []byte) {
		got, ok := q.parse(line)
		if !ok {
			return
		}
		want, err := parse(line, nil)
		if (err == nil) != (possible(&got) == nil) {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", line, diff)
		}
	})
}
