package history

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A packed record has the events and operations that a list has, whatever is wrong with it.
func TestPacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		r := NewRecorder(&file, lockHeader)
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			e := drawEvent(t)
			if rapid.Bool().Draw(t, "of few") { // so that operations come to an end
				e.Process, e.F, e.Key = Process(e.Client%3), "acquire", "k"
				e.Client = int(e.Process)
			}
			r.Record(e)
		}
		must.Do(t, r.Close())
		lines := strings.SplitAfter(file.String(), "\n")
		missing := rapid.IntRange(1, len(lines)-1).Draw(t, "missing")
		text := strings.Join(slices.Delete(lines, missing, min(missing+rapid.IntRange(0, 2).Draw(t, "lines"), len(lines))), "")
		text = text[:len(text)-rapid.IntRange(0, 1).Draw(t, "cut off")*min(5, len(text)-len(lines[0]))]
		must.Do(t, os.WriteFile(path, []byte(text), 0o600))
		want, err := Open(path)
		got, gotErr := OpenPacked(path, func(h Header) bool { return h.Model == lockHeader.Model })
		if err != nil || gotErr != nil {
			t.Fatal(err, gotErr)
		}
		if !got.Packed() || got.Events != nil {
			t.Fatal("it is a list")
		}
		samePacked(t, want, got)
	})
}

func samePacked(t *rapid.T, want, got *History) {
	t.Helper()
	same := func(what string, want, got any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s: list -, packed +: %s", what, d)
		}
	}
	same("header", want.Header, got.Header)
	same("record", []any{want.Complete, want.Truncated, want.Damage, want.Missing, want.Len(), want.Calls(), want.Unpaired()},
		[]any{got.Complete, got.Truncated, got.Damage, got.Missing, got.Len(), got.Calls(), got.Unpaired()})
	var events []Event
	for e := range got.All() {
		events = append(events, *e)
	}
	same("events", want.Events, events)
	same("unpacked", want.Events, got.Unpacked().Events)
	same("facts", want.Facts(), got.Facts())
	same("list of operations", want.Operations(), got.Operations())
	i := 0
	var invocations []int32
	for op := range got.EachOperation() {
		same("operation", want.Operations()[i], op)
		invocations = append(invocations, int32(op.Invoke.Index))
		i++
	}
	same("operations", want.Calls(), i)
	same("some operations", want.OperationsAt(invocations), got.OperationsAt(invocations))
	for op := range got.EachAt(invocations) {
		same("operation at its invocation", want.OperationAt(op.Invoke.Index), op)
	}
	for i := range want.Events {
		same("event", want.At(i), got.At(i))
		same("operation of an event", want.OperationAt(i), got.OperationAt(i))
	}
}

// A record that is not packed is read into a list, and a file that is no record is refused as
// usual.
func TestNotPacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r := must.Get(Create(path, lockHeader))(t)
	must.Do(t, r.Close())
	if h, err := OpenPacked(path, func(Header) bool { return false }); err != nil || h.Packed() || len(h.Events) != 2 {
		t.Error(h, err)
	}
	all := func(Header) bool { return true }
	for _, text := range []string{"", "{}\n", "{\"index\":0"} {
		must.Do(t, os.WriteFile(path, []byte(text), 0o600))
		_, want := Open(path)
		if _, err := OpenPacked(path, all); err == nil || err.Error() != want.Error() {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// A packed record takes about a quarter of the memory of a list of events, values included.
func TestLargePackedRecord(t *testing.T) {
	const operations = 100_000
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := Create(path, lockHeader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range operations {
		e := Event{Process: Process(i % 10), Client: i % 10, Type: Invoke, F: "acquire", Key: "k", Session: 7, Seen: ID(i), Alive: 1}
		r.Record(e)
		e.Type, e.Traffic, e.Value = OK, &Traffic{Requests: 2, Sent: 100 + i%100, Received: 200}, Value(held{Held: true, Token: ID(i)})
		r.Record(e)
	}
	must.Do(t, r.Close())
	var h *History
	got := allocs.Kept(func() { h, err = OpenPacked(path, func(Header) bool { return true }) })
	if err != nil || h.Len() != 2*operations+2 || h.Damage != nil {
		t.Fatal(err, h.Len(), h.Damage)
	}
	const each = uint64(unsafe.Sizeof(Event{})) / 3
	if got > 2*operations*each {
		t.Errorf("%d bytes for each event, of which a list takes %d", got/(2*operations), unsafe.Sizeof(Event{}))
	}
}

// Packed transactions are the same as those in a list.
func TestPackedTxns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "transactions.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		var all []Txn
		for i := range rapid.IntRange(0, 20).Draw(t, "transactions") {
			txn := drawTxn(t, 1)
			txn.Zxid = ID(i + 1)
			all = append(all, txn)
		}
		var file bytes.Buffer
		must.Do(t, WriteTxns(&file, all))
		must.Do(t, os.WriteFile(path, file.Bytes(), 0o600))
		want, err := OpenTxns(path)
		packed, packedErr := OpenPackedTxns(path)
		if err != nil || packedErr != nil {
			t.Fatal(err, packedErr)
		}
		var got []Txn
		for txn := range packed.All() {
			got = append(got, *txn)
		}
		if d := cmp.Diff(want, got); d != "" || packed.Len() != len(want) {
			t.Fatalf("list -, packed +: %s", d)
		}
	})
}
