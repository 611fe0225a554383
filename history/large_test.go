package history

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Reading a large record takes little more memory than its events have.
func TestLargeRecord(t *testing.T) {
	const operations = 50_000
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := Create(path, lockHeader)
	if err != nil {
		t.Fatal(err)
	}
	for i := range operations {
		e := Event{Process: Process(i % 10), Client: i % 10, F: "acquire", Key: "k", Session: 7, Seen: ID(i), Alive: time.Duration(i)}
		e.Type = Invoke
		r.Record(e)
		e.Type, e.Traffic = OK, &Traffic{Requests: 2, Sent: 100 + i%100, Received: 200}
		e.Used = []Use{{Session: 7, Seen: 1}}[:i%50/49]
		if i%10 == 0 {
			e.Type, e.Error = Fail, &Error{Code: "conflict", Message: "somebody was faster"}
		}
		r.Record(e)
	}
	must.Do(t, r.Close())
	var h *History
	got := allocs.Of(func() { h, err = Open(path) })
	if err != nil || len(h.Events) != 2*operations+2 || h.Damage != nil {
		t.Fatal(err, len(h.Events), h.Damage)
	}
	const each, slack = uint64(unsafe.Sizeof(Event{})) + 16, 1 << 20
	if got > 2*operations*each+slack {
		t.Errorf("%d bytes for each event, of which %d are the event's", got/(2*operations), unsafe.Sizeof(Event{}))
	}
}

// Transactions keep none of their decoder's memory, and only one copy of each path.
func TestLargeLog(t *testing.T) {
	const n = 20_000
	path := filepath.Join(t.TempDir(), "transactions.jsonl")
	txns := make([]Txn, n)
	for i := range txns {
		txns[i] = Txn{Zxid: ID(i + 1), Session: 5, Type: "multi", Parts: []Txn{
			{Type: "check", Path: fmt.Sprintf("/keys/k%d", i%10)}, {Type: "setData", Path: fmt.Sprintf("/keys/k%d", i%10), Version: 1},
		}}
	}
	must.Do(t, CreateTxns(path, txns))
	read, err := OpenTxns(path)
	if err != nil || len(read) != n || cap(read) > n+1 {
		t.Fatal(err, len(read), cap(read))
	}
	for i := range read {
		if parts := read[i].Parts; cap(parts) != 2 || unsafe.StringData(parts[0].Path) != unsafe.StringData(read[i%10].Parts[1].Path) {
			t.Fatalf("transaction %d has room for %d parts, or a path of its own", i, cap(parts))
		}
	}
}
