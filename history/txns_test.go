package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
	"pgregory.net/rapid"
)

// someTxns returns transactions that together use every field.
func someTxns() []Txn {
	wall := time.UnixMilli(1_700_000_000_123).UTC()
	return []Txn{
		{Zxid: 0x100000001, Wall: wall, Session: -0x7f00000000000000, Type: "createSession", Timeout: 4 * time.Second},
		{
			Zxid: 0x100000002, Wall: wall, Session: 5, Cxid: 1, Type: "create", Path: "/a<&>", Data: []byte{0, 255}, Owner: 5, ParentCversion: 1,
			ACL: []TxnACL{{Perms: 31, Scheme: "digest", ID: "x:y"}},
		},
		{Zxid: 0x100000003, Wall: wall, Session: 5, Cxid: 2, Type: "delete", Path: "/b", Error: -101},
		{Zxid: 0x100000004, Wall: wall, Session: 5, Cxid: 3, Type: "multi", Parts: []Txn{
			{Type: "check", Path: "/a", Version: -1}, {Type: "setData", Path: "/a", Version: 1},
		}},
		{Zxid: 0x100000005, Wall: wall, Session: 5, Cxid: 4, Type: "createTTL", Path: "/t", TTL: time.Minute},
		{Zxid: -0x7fffffffffffffff, Wall: wall, Session: 5, Type: "closeSession", Paths: []string{"/a"}},
	}
}

func TestTxnsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "transactions.jsonl")
	must.Do(t, CreateTxns(path, someTxns()))
	got := must.Get(OpenTxns(path))(t)
	if diff := cmp.Diff(someTxns(), got); diff != "" {
		t.Error(diff)
	}
	if err := CreateTxns(path, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("written over: %v", err)
	}
}

// TestTxnsAsJSON compares the lines with what encoding/json writes without escapes for HTML. The
// lines are a file format, which changes only on purpose.
func TestTxnsAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := drawTxn(t, 2)
		x.Zxid &= 1<<62 - 1
		x.Zxid |= 1
		x.Path = rapid.String().Draw(t, "any path")
		x.Paths = append(x.Paths, rapid.SliceOfN(rapid.StringOf(rapid.Rune()), 0, 2).Draw(t, "any paths")...)
		var got, want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		must.Do(t, errors.Join(WriteTxns(&got, []Txn{x}), e.Encode(x)))
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatal(diff)
		}
	})
	part := Txn{Zxid: 1, Type: "multi", Parts: []Txn{{Type: "create", Wall: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	if err := WriteTxns(io.Discard, []Txn{part}); err == nil {
		t.Error("a time that JSON cannot have was written")
	}
}

func TestTxnLines(t *testing.T) {
	var b bytes.Buffer
	must.Do(t, WriteTxns(&b, someTxns()[:4]))
	want := `{"zxid":"0x100000001","wall":"2023-11-14T22:13:20.123Z","session":"0x8100000000000000","type":"createSession","timeout":4000000000}
{"zxid":"0x100000002","wall":"2023-11-14T22:13:20.123Z","session":"0x5","cxid":1,"type":"create","path":"/a<&>","data":"AP8=","acl":[{"perms":31,"scheme":"digest","id":"x:y"}],"owner":"0x5","parent_cversion":1}
{"zxid":"0x100000003","wall":"2023-11-14T22:13:20.123Z","session":"0x5","cxid":2,"type":"delete","path":"/b","error":-101}
{"zxid":"0x100000004","wall":"2023-11-14T22:13:20.123Z","session":"0x5","cxid":3,"type":"multi","parts":[{"type":"check","path":"/a","version":-1},{"type":"setData","path":"/a","version":1}]}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTxnsThatCannotBe(t *testing.T) {
	const first = `{"zxid":"0x2","type":"sync"}` + "\n"
	for name, file := range map[string]string{
		"backwards": first + `{"zxid":"0x1","type":"sync"}` + "\n",
		"twice":     first + first,
		"no zxid":   first + `{"type":"sync"}` + "\n",
		"no type":   first + `{"zxid":"0x3"}` + "\n",
		"no JSON":   first + "zxid 3\n",
		"cut off":   first + `{"zxid":"0x3","type":"sync"}`,
	} {
		var damaged *DamagedError
		if _, err := ReadTxns(strings.NewReader(file)); !errors.As(err, &damaged) || damaged.Line != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	txns := someTxns()
	txns[1], txns[2] = txns[2], txns[1]
	path := filepath.Join(t.TempDir(), "t")
	if err := CreateTxns(path, txns); err == nil {
		t.Error("written out of order")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a file was left")
	}
}

// Any file is read in bounded memory, and the transactions stay the same when they are
// written and read again.
func FuzzReadTxns(f *testing.F) {
	var b bytes.Buffer
	if err := WriteTxns(&b, someTxns()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:300])
	f.Add([]byte(`{"zxid":"0x2","type":"multi","parts":[{"parts":[{}]}]}` + "\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var txns []Txn
		var err error
		allocs.Within(t, len(text), 1000, func() { txns, err = ReadTxns(bytes.NewReader(text)) })
		var damaged *DamagedError
		if err != nil {
			if !errors.As(err, &damaged) || damaged.Line < 1 || strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			return
		}
		var written bytes.Buffer
		if err := WriteTxns(&written, txns); err != nil {
			return // a clock beyond the years that can be written
		}
		again, err := ReadTxns(&written)
		if err != nil || len(again) != len(txns) {
			t.Fatalf("%d transactions, then %d: %v", len(txns), len(again), err)
		}
	})
}
