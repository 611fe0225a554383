package history

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawTxn draws any transaction that an ensemble can report; parts have no parts.
func drawTxn(t *rapid.T, parts int) Txn {
	id, small := rapid.Int64(), rapid.Int32()
	x := Txn{
		Zxid: ID(id.Draw(t, "zxid")), Session: ID(id.Draw(t, "session")), Cxid: small.Draw(t, "cxid"),
		Type: rapid.SampledFrom([]string{"create", "delete", "multi", "odd \"type\""}).Draw(t, "type"),
		Path: rapid.SampledFrom([]string{"", "/a", "/a/é", "/a\\b"}).Draw(t, "path"),
		Data: rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "data"), Version: small.Draw(t, "version"),
		Owner: ID(id.Draw(t, "owner")), ParentCversion: small.Draw(t, "cversion"), Error: small.Draw(t, "error"),
	}
	if rapid.Bool().Draw(t, "has a time") {
		x.Wall = time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "wall")).UTC()
	}
	switch rapid.IntRange(0, 4).Draw(t, "rare") {
	case 0:
		x.ACL = []TxnACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	case 1:
		x.TTL, x.Timeout, x.Paths = time.Second, time.Minute, []string{"/x"}
	}
	for range rapid.IntRange(0, parts).Draw(t, "parts") {
		x.Parts = append(x.Parts, drawTxn(t, 0))
	}
	return x
}

// A line of a log means the same whether it is read quickly or slowly, even if it is not quite
// right.
func TestQuickReadsTheSameTransactions(t *testing.T) {
	quickly, slowly := 0, 0
	q := newQuick()
	rapid.Check(t, func(t *rapid.T) {
		x := drawTxn(t, 2)
		x.Zxid |= 1 // never 0
		x.Zxid &= 1<<62 - 1
		var b bytes.Buffer
		if err := WriteTxns(&b, []Txn{x}); err != nil {
			t.Fatal(err)
		}
		line := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		if rapid.Bool().Draw(t, "spoil") {
			at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
			line[at] = rapid.SampledFrom([]byte("0-+.eEx{}[],:\"\\ \t_nA\x00\xff=9T")).Draw(t, "with")
		}
		got, ok := q.txn(line)
		if !ok {
			slowly++
			return
		}
		quickly++
		var want Txn
		if err := unmarshal(line, &want); err != nil {
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

// The quick reader reads the lines of which most of a log consists.
func TestQuickReadsCommonTransactions(t *testing.T) {
	for _, line := range []string{
		`{"zxid":"0x60000aa0c","wall":"2000-01-01T00:00:46.646Z","session":"0x3dc6acfac000012","cxid":6657,"type":"setData","path":"/k37","data":"YzUzLTIyNTA=","version":834}`,
		`{"zxid":"0x60000aa10","wall":"2000-01-01T00:00:46.646Z","session":"0x3","cxid":7058,"type":"multi","parts":[{"type":"check","path":"/k48","version":800},{"type":"error","error":-2}],"error":-1}`,
	} {
		if _, ok := newQuick().txn([]byte(line)); !ok {
			t.Errorf("refused: %s", line)
		}
	}
}
