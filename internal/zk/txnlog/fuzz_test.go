package txnlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/zk/wire"
)

// readAnything reads a file in bounded memory. An error names the damaged record, and all records
// before it count.
func readAnything(t *testing.T, b []byte) ([]Entry, error) {
	t.Helper()
	var entries []Entry
	var err error
	allocs.Within(t, len(b), 1000, func() { entries, err = ReadFile(bytes.NewReader(b)) })
	if err != nil && (!errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "\n")) {
		t.Fatalf("error %q", err)
	}
	return entries, err
}

// FuzzReadFile reads files of any bytes. Because each record has a checksum, FuzzRecords gets further.
func FuzzReadFile(f *testing.F) {
	f.Add(file(create(1, "/a"), record(2, wire.Multi, 1, int(wire.Create), body("/b"))))
	f.Add(file(record(3, wire.CloseSession), record(4, wire.SetACL, "/a", 1<<30)))
	f.Add(append(file()[:16], 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := readAnything(t, b)
		if len(entries) > len(b)/headerSize {
			t.Errorf("%d entries of %d bytes", len(entries), len(b))
		}
		if err != nil && len(b) >= 16 && bytes.HasPrefix(b, file()[:8]) && !strings.Contains(err.Error(), "record ") {
			t.Errorf("error without a place: %v", err)
		}
	})
}

// FuzzRecords reads records of any bytes, each after its length: all are read up to the first invalid
// one, and count as committed by three servers, one of which lags behind.
func FuzzRecords(f *testing.F) {
	const e1 = 1 << 32
	for _, seed := range [][][]byte{
		{record(e1+1, wire.CreateSession, 4000), create(e1+2, "/a"), record(e1+3, wire.Delete, "/a"), record(e1+4, wire.CloseSession, 1, "/a")},
		{record(e1+1, wire.CreateTTL, "/t", []byte(nil), 1, 1, "digest", "u:p", 4, int64(60_000)), record(e1+2, wire.SetData, "/t", []byte{}, 2)},
		{record(e1+1, wire.Multi, 2, int(wire.Check), body("/a", 1), int(wire.SetData), body("/a", []byte("x"), 1)), record(e1+2, wire.SetACL, "/a", 0, 1)},
		{record(e1+1, wire.Multi, 2, int(wire.ErrorOp), body("/a", 1), int(wire.ErrorOp), body(-101)), record(e1+2, wire.ErrorOp, -2)},
		{record(e1+1, wire.CreateContainer, "/c", []byte("x"), 0, 1), record(e1+2, wire.DeleteContainer, "/c"), record(e1+3, wire.Reconfig, "/z", []byte("y"), 1)},
		{create(e1+1, "/a"), create(e1+1, "/a"), create(e1+3, "/b"), create(2*e1+1, "/c")},
	} {
		var b []byte
		for _, r := range seed {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(r))), r...)
		}
		f.Add(b, uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, behind uint8) {
		var records [][]byte
		for len(b) >= 2 {
			n := min(len(b)-2, int(binary.BigEndian.Uint16(b)))
			if n > 0 { // a record of length 0 is the end of the file
				records = append(records, b[2:2+n])
			}
			b = b[2+n:]
		}
		entries, err := readAnything(t, file(records...))
		if err == nil && len(entries) != len(records) || err != nil && len(entries) >= len(records) {
			t.Fatalf("%d entries of %d records: %v", len(entries), len(records), err)
		}
		for i, e := range entries {
			if !strings.HasPrefix(string(records[i]), e.bytes) || len(e.bytes) < headerSize {
				t.Errorf("identity %x of record %x", e.bytes, records[i])
			}
		}
		late := entries[:len(entries)-min(int(behind), len(entries))]
		committed, err := Committed([]Log{{Entries: entries}, {Entries: entries}, {Entries: late}})
		if err == nil {
			checkCommitted(t, entries, committed)
		}
	})
}

// checkCommitted requires that the transactions are those that two of three logs hold: each zxid of the
// entries once, in order.
func checkCommitted(t *testing.T, entries []Entry, committed []history.Txn) {
	t.Helper()
	want := (Log{Entries: entries}).zxids()
	got := make([]uint64, 0, len(committed))
	for _, txn := range committed {
		got = append(got, uint64(txn.Zxid))
	}
	if !slices.Equal(want, got) {
		t.Errorf("%x were committed, want %x", got, want)
	}
}
