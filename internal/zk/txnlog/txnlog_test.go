package txnlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// file returns a log as a server writes it: the records, followed by zeros.
func file(records ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	b = binary.BigEndian.AppendUint32(b, version)
	b = binary.BigEndian.AppendUint64(b, 0)
	for _, r := range records {
		b = appendRecord(b, r)
	}
	return append(b, make([]byte, 1024)...)
}

func appendRecord(b, r []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(r)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r)))
	return append(append(b, r...), endOfRecord)
}

const session = 0x100000abcdef0001

// record returns the record of a transaction: its header, followed by its fields.
func record(zxid int64, op wire.Op, fields ...any) []byte {
	b := wire.AppendLong(nil, session)
	b = wire.AppendInt(b, 7)
	b = wire.AppendLong(b, zxid)
	b = wire.AppendLong(b, 1_700_000_000_123)
	return append(wire.AppendInt(b, int32(op)), body(fields...)...)
}

func body(fields ...any) []byte {
	var b []byte
	for _, f := range fields {
		switch f := f.(type) {
		case bool:
			b = wire.AppendBool(b, f)
		case int:
			b = wire.AppendInt(b, int32(f))
		case int64:
			b = wire.AppendLong(b, f)
		case string:
			b = wire.AppendString(b, f)
		case []byte:
			b = wire.AppendBuffer(b, f)
		}
	}
	return b
}

// open is the ACL that allows everything to everybody, and digest is what a server appends to each
// record.
var (
	open   = []any{1, 31, "world", "anyone"}
	digest = []any{2, int64(12345)}
)

func fields(lists ...[]any) []any {
	var all []any
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// create returns the log's record of a create, after the path and the data.
func create(zxid int64, path string) []byte {
	return record(zxid, wire.Create, fields([]any{path, []byte("x")}, open, []any{true, 3}, digest)...)
}

func TestReadFile(t *testing.T) {
	b := file(
		record(0x100000001, wire.CreateSession, fields([]any{4000}, digest)...),
		create(0x100000002, "/a"),
		record(0x100000003, wire.CreateTTL, fields([]any{"/t", []byte(nil), 1, 1, "digest", "u:p", 4, int64(60_000)}, digest)...),
		record(0x100000004, wire.ErrorOp, -101),
		record(0x100000005, wire.SetData, fields([]any{"/a", []byte{}, 2}, digest)...),
		record(0x100000006, wire.Multi, fields([]any{
			2, int(wire.Check), body("/a", 1), int(wire.Create), body(fields([]any{"/a/b", []byte(nil)}, open, []any{false, 1})...),
		}, digest)...),
		record(0x100000007, wire.Multi, fields([]any{
			2, int(wire.Delete), body("/a"), int(wire.ErrorOp), body(-101),
		}, digest)...),
		record(0x100000008, wire.CloseSession, fields([]any{1, "/a"}, digest)...),
	)
	entries := must.Get(ReadFile(bytes.NewReader(b)))(t)
	var got []history.Txn
	for _, e := range entries {
		if e.Txn.Session != session || e.Txn.Cxid != 7 || !e.Txn.Wall.Equal(time.UnixMilli(1_700_000_000_123)) {
			t.Errorf("header of %v", e.Txn)
		}
		e.Txn.Session, e.Txn.Cxid, e.Txn.Wall = 0, 0, time.Time{}
		got = append(got, e.Txn)
	}
	want := []history.Txn{
		{Zxid: 0x100000001, Type: "createSession", Timeout: 4 * time.Second},
		{Zxid: 0x100000002, Type: "create", Path: "/a", Data: []byte("x"), Owner: session, ParentCversion: 3},
		{Zxid: 0x100000003, Type: "createTTL", Path: "/t", ACL: []history.TxnACL{{Perms: 1, Scheme: "digest", ID: "u:p"}}, ParentCversion: 4, TTL: time.Minute},
		{Zxid: 0x100000004, Type: "error", Error: -101},
		{Zxid: 0x100000005, Type: "setData", Path: "/a", Data: []byte{}, Version: 2},
		{Zxid: 0x100000006, Type: "multi", Parts: []history.Txn{
			{Type: "check", Path: "/a", Version: 1}, {Type: "create", Path: "/a/b", ParentCversion: 1},
		}},
		{Zxid: 0x100000007, Type: "multi", Parts: []history.Txn{{Type: "delete"}, {Type: "error", Error: -101}}},
		{Zxid: 0x100000008, Type: "closeSession", Paths: []string{"/a"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Cut behind an entry, a file has that entry as its last; cut a byte before, it lacks it.
func TestEnds(t *testing.T) {
	b := file(create(1, "/a"), create(2, "/bcd"), record(3, wire.CloseSession))
	entries, err := ReadFile(bytes.NewReader(b))
	if err != nil || len(entries) != 3 {
		t.Fatal(entries, err)
	}
	for i, e := range entries {
		with, err := ReadFile(bytes.NewReader(b[:e.End]))
		without, errWithout := ReadFile(bytes.NewReader(b[:e.End-1]))
		if len(with) != i+1 || len(without) != i || err != nil || errWithout != nil {
			t.Errorf("entry %d ends at %d: %d with it, %v, %d without, %v", i, e.End, len(with), err, len(without), errWithout)
		}
	}
}

// A last record that is cut off, at whatever byte, is left out; everything before it counts.
func TestReadCutOff(t *testing.T) {
	whole := file(create(1, "/a"), create(2, "/b"))
	whole = whole[:len(whole)-1024]
	one := len(file(create(1, "/a"))) - 1024
	for n := range whole {
		entries, err := ReadFile(bytes.NewReader(whole[:n]))
		want := 0
		if n >= one {
			want = 1
		}
		if err != nil || len(entries) != want {
			t.Fatalf("%d bytes: %d entries, %v", n, len(entries), err)
		}
		// The same is true if the file was filled with zeros beforehand.
		if n < 16 {
			continue
		}
		entries, err = ReadFile(bytes.NewReader(append(whole[:n:n], make([]byte, 256)...)))
		if len(entries) != want && err == nil {
			t.Fatalf("%d bytes and zeros: %d entries", n, len(entries))
		}
	}
}

func TestReadDamaged(t *testing.T) {
	good := file(create(1, "/a"), create(2, "/b"))
	for name, b := range map[string][]byte{
		"another file":    []byte("#!/bin/sh\nexec java\n"),
		"another version": append([]byte("ZKLG\x00\x00\x00\x03"), make([]byte, 8)...),
		"a flipped bit":   flipped(good, 40),
		"a huge length":   append(file()[:16], 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff),
		"a short record":  file([]byte{1, 2, 3}),
		"a short part":    file(record(1, wire.Multi, 1, int(wire.Create), body("/a"))),
		"a nested multi":  file(record(1, wire.Multi, 1, int(wire.Multi), body(0))),
	} {
		if _, err := ReadFile(bytes.NewReader(b)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Everything before the damage counts, and zeros hide nothing behind them.
	for name, b := range map[string][]byte{
		"the second record": flipped(good, len(file(create(1, "/a")))-1024+20),
		"behind zeros":      append(file(create(1, "/a")), file(create(3, "/c"))[16:]...),
	} {
		entries, err := ReadFile(bytes.NewReader(b))
		if !errors.Is(err, ErrDamaged) || len(entries) != 1 || entries[0].Txn.Zxid != 1 {
			t.Errorf("%s: %v, %v", name, entries, err)
		}
	}
	if entries, err := ReadFile(bytes.NewReader(nil)); err != nil || len(entries) != 0 {
		t.Errorf("an empty file: %v, %v", entries, err)
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// log returns the log of a server with these zxids.
func log(t *testing.T, snapshot history.ID, zxids ...int64) Log {
	t.Helper()
	var records [][]byte
	for _, z := range zxids {
		records = append(records, create(z, "/a"))
	}
	entries := must.Get(ReadFile(bytes.NewReader(file(records...))))(t)
	l := Log{Entries: entries}
	if snapshot != 0 {
		l.Snapshots = append(l.Snapshots, snapshot)
	}
	return l
}

// also returns a log with one more snapshot.
func also(l Log, snapshot history.ID) Log {
	l.Snapshots = append(l.Snapshots, snapshot)
	return l
}

// damaged returns a log with a file that is damaged after a zxid.
func damaged(l Log, behind history.ID) Log {
	l.Damaged = append(l.Damaged, behind)
	return l
}

func TestCommitted(t *testing.T) {
	const e1, e2, e3 = 1 << 32, 2 << 32, 3 << 32
	for name, tt := range map[string]struct {
		logs []Log
		want []history.ID
		err  bool
	}{
		"all alike": {logs: []Log{log(t, 0, e1+1, e1+2), log(t, 0, e1+1, e1+2), log(t, 0, e1+1, e1+2)}, want: []history.ID{e1 + 1, e1 + 2}},
		"one is behind": {
			logs: []Log{log(t, 0, e1+1), log(t, 0, e1+1, e1+2), log(t, 0, e1+1, e1+2)}, want: []history.ID{e1 + 1, e1 + 2},
		},
		"the old leader kept what was never committed": {
			logs: []Log{log(t, 0, e1+1, e1+2, e1+3, e2+1), log(t, e1+1, e1+1, e2+1), log(t, e2, e1+1, e2+1)}, want: []history.ID{e1 + 1, e2 + 1},
		},
		"one got a snapshot": {
			logs: []Log{log(t, e1+3, e1+1, e1+4), log(t, 0, e1+1, e1+2, e1+3, e1+4), log(t, 0, e1+1, e1+2, e1+3, e1+4)},
			want: []history.ID{e1 + 1, e1 + 2, e1 + 3, e1 + 4},
		},
		"two got a snapshot": {
			logs: []Log{log(t, e1+3, e1+1, e1+4), log(t, e1+3, e1+1, e1+4), log(t, 0, e1+1, e1+2, e1+3, e1+4)}, err: true,
		},
		"one got a snapshot, another one never had it": {
			logs: []Log{log(t, e2+1, e1+1, e2+2), log(t, 0, e1+1, e2+1, e2+2), log(t, 0, e1+1, e1+2, e2+1, e2+2)}, err: true,
		},
		"a snapshot and nothing after it": {
			logs: []Log{log(t, e1+2), log(t, e1+2), log(t, 0, e1+1, e1+2)}, err: true,
		},
		"two got a snapshot at the end of an epoch, and newer ones since": {
			logs: []Log{also(log(t, e1+3, e1+1, e2+1), e2+1), also(log(t, e1+3, e1+1, e2+1), e2), log(t, 0, e1+1, e1+2, e1+3, e2+1)}, err: true,
		},
		"nobody has what most may have had": {
			logs: []Log{damaged(log(t, 0, e1+1), e1+1), log(t, 0, e1+1), log(t, e1+4, e1+1)}, err: true,
		},
		"written twice": {logs: []Log{log(t, 0, e1+1, e1+2, e1+2), log(t, 0, e1+1), log(t, 0, e1+1)}, want: []history.ID{e1 + 1}},
		"an epoch in which nothing happened": {
			logs: []Log{log(t, e2, e1+1, e3+1), log(t, e2, e1+1, e3+1)}, want: []history.ID{e1 + 1, e3 + 1},
		},
		"one is damaged in the middle": {
			logs: []Log{damaged(log(t, 0, e1+1, e2+1), e1+1), log(t, 0, e1+1, e1+2, e2+1), log(t, 0, e1+1, e1+2, e2+1)},
			want: []history.ID{e1 + 1, e1 + 2, e2 + 1},
		},
		"one is damaged at its end": {
			logs: []Log{damaged(log(t, 0, e1+1), e1+1), log(t, 0, e1+1, e1+2), log(t, 0, e1+1, e1+2)}, want: []history.ID{e1 + 1, e1 + 2},
		},
		"one is damaged, another one never had it": {
			logs: []Log{damaged(log(t, 0, e1+1, e2+1), e1+1), log(t, 0, e1+1, e2+1), log(t, 0, e1+1, e1+2, e2+1)}, err: true,
		},
		"two are damaged at their ends": {
			logs: []Log{damaged(log(t, 0, e1+1), e1+1), damaged(log(t, 0, e1+1), e1+1), log(t, 0, e1+1)}, err: true,
		},
		"all are damaged from the beginning": {
			logs: []Log{damaged(log(t, 0), e1), damaged(log(t, 0), e1)}, err: true,
		},
		"one server": {logs: []Log{log(t, 0, e1+1)}, want: []history.ID{e1 + 1}},
		"nothing":    {logs: []Log{{}, {}, {}}},
	} {
		txns, err := Committed(tt.logs)
		var got []history.ID
		for _, x := range txns {
			got = append(got, x.Zxid)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" && !tt.err || (err != nil) != tt.err {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// A failed multi can be in some logs with its original operations, and in others with all of them
// marked as errors: it is one transaction.
func TestCommittedFailedMulti(t *testing.T) {
	set := fields([]any{"/a", []byte("x"), 3})
	as := func(op int) Log {
		multi := record(0x100000001, wire.Multi, 2, op, body(set...), int(wire.ErrorOp), body(-101))
		entries := must.Get(ReadFile(bytes.NewReader(file(multi))))(t)
		return Log{Entries: entries}
	}
	plain, marked := as(int(wire.SetData)), as(int(wire.ErrorOp))
	txns, err := Committed([]Log{plain, marked, damaged(Log{}, 0x100000000)})
	if err != nil || len(txns) != 1 {
		t.Fatalf("%v, %v", txns, err)
	}
	want := []history.Txn{{Type: "error"}, {Type: "error", Error: -101}}
	if diff := cmp.Diff(want, marked.Entries[0].Txn.Parts); diff != "" {
		t.Error(diff)
	}
}

// Of two transactions with one zxid, the one that the majority has was committed.
func TestCommittedVariants(t *testing.T) {
	of := func(path string) Log {
		entries := must.Get(ReadFile(bytes.NewReader(file(create(1<<32+1, path)))))(t)
		return Log{Entries: entries}
	}
	txns, err := Committed([]Log{of("/old"), of("/new"), of("/new")})
	if err != nil || len(txns) != 1 || txns[0].Path != "/new" {
		t.Errorf("%v, %v", txns, err)
	}
}
