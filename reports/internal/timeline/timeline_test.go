package timeline

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
)

// The legend of a timeline names every kind of fault that occurred once, and each colour
// once.
func TestLegendOfFaults(t *testing.T) {
	m := &material.Run{}
	// There are twice as many kinds as colours, and then the first two kinds come
	// again.
	for i := range 2*len(looks.FaultTints) + 2 {
		m.Windows = append(m.Windows, stats.Window{Kind: string(rune('a' + i%(2*len(looks.FaultTints))))})
	}
	var names []string
	for _, item := range faultLegend(m).Items {
		names = append(names, item.Name)
	}
	want := []string{"a, i", "b, j", "c, k", "d, l", "e, m", "f, n", "g, o", "h, p"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if len(faultLegend((&material.Run{})).Items) != 0 {
		t.Error("there is a legend of no faults")
	}
}

// numbersOf unpacks the columns of a page, as its script does.
func numbersOf(t *testing.T, names []columnName, packed []byte) map[string][]uint64 {
	t.Helper()
	raw := must.Get(base64.StdEncoding.AppendDecode(nil, packed))(t)
	z := must.Get(gzip.NewReader(bytes.NewReader(raw)))(t)
	in := bufio.NewReader(z)
	limits := map[string]uint64{"u8": 1<<8 - 1, "u16": 1<<16 - 1, "u32": 1<<32 - 1, "f64": mostExact}
	out := map[string][]uint64{}
	for _, c := range names {
		last := int64(0)
		for range c.Rows {
			v, err := binary.ReadUvarint(in)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			if c.Delta {
				last += int64(v>>1) ^ -int64(v&1)
				v = uint64(last)
			}
			if v > limits[c.Kind] {
				t.Fatalf("%s: %d does not fit %s", c.Name, v, c.Kind)
			}
			out[c.Name] = append(out[c.Name], v)
		}
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("something follows the columns: %v", err)
	}
	return out
}

func TestPacking(t *testing.T) {
	c := newPacking()
	small, large, falling := []uint64{0, 1, 255}, []uint64{0, 127, 128, 1 << 32, 1<<53 - 1, 1 << 60}, []uint64{9, 1 << 40, 3, 3}
	of := func(all []uint64) func(int) uint64 { return func(i int) uint64 { return all[i] } }
	c.add("small", len(small), of(small))
	c.add("none", 0, nil)
	c.add("large", len(large), of(large))
	c.addDelta("falling", len(falling), of(falling))
	got := numbersOf(t, c.Names, c.text())
	large[5] = mostExact
	if diff := cmp.Diff(map[string][]uint64{"small": small, "large": large, "falling": falling}, got); diff != "" {
		t.Error(diff)
	}
	if c.Names[0].Kind != "u8" || c.Names[2].Kind != "f64" {
		t.Errorf("kinds: %+v", c.Names)
	}
}

// The page has each operation, with all that the record says about it.
func TestTimelineHasAllOfEachOperation(t *testing.T) {
	h := sample.Lock{Length: 5 * time.Second, Clients: 4, Keys: 3, Faults: true, Broken: true, Seed: 3}.History()
	h.Events[0].Seen = 0
	ops := h.Operations()
	one := ops[len(ops)/2]
	one.Return.Zxid, one.Return.Seen, one.Return.Traffic = 0x7_0000_0009, 0x7_0000_000a, &history.Traffic{Requests: 3, Sent: 100, Received: 200}
	m := material.Of("", h, sample.Result(h))
	b := newBuilder(m)
	b.faults()
	b.objects()
	b.clients()
	data, packed, left := b.finish()
	n := numbersOf(t, data.Columns, packed)
	if left != 0 || data.Ops.Count != len(ops) || len(n["from"]) != data.Bars {
		t.Fatalf("%d operations of %d, %d bars of %d, %d left out", data.Ops.Count, len(ops), len(n["from"]), data.Bars, left)
	}
	byInvoke := map[uint64]*history.Operation{}
	for _, op := range ops {
		byInvoke[uint64(op.Invoke.Index)] = op
	}
	for i := range data.Bars {
		o := n["op"][i]
		if o == 0 || n["shows"][i] == 0 {
			continue
		}
		o--
		op := byInvoke[n["invoke"][o]]
		if op == nil {
			t.Fatalf("there is no operation at %d, or it is there twice", n["invoke"][o])
		}
		delete(byInvoke, n["invoke"][o])
		got := []any{n["from"][i], data.Lanes[n["row"][i]/mostRows].Name, data.Ops.Names[n["f"][o]], data.Ops.Keys[n["key"][o]], n["outcome"][o], n["process"][o]}
		want := []any{uint64(op.Began().Microseconds()), fmt.Sprintf("client %d", op.Client), op.F, op.Key, uint64(outcomeOf(op)), uint64(op.Process)}
		if op.Return != nil {
			got = append(got, n["length"][i], n["after"][o], n["zxidHigh"][o]<<32|n["zxidLow"][o], n["thenHigh"][o]<<32|n["thenLow"][o])
			want = append(want, uint64(op.Return.Time.Microseconds()-op.Began().Microseconds()), uint64(op.Return.Index-op.Invoke.Index), uint64(op.Return.Zxid), uint64(op.Return.Seen))
		}
		if s := n["session"][o]; s > 0 {
			got, want = append(got, data.Ops.Sessions[s-1]), append(want, op.Invoke.Session.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("operation at %d: %s", op.Invoke.Index, diff)
		}
		if op == one && (n["told"][o] != 1 || n["requests"][o] != 3 || n["sent"][o] != 100 || n["received"][o] != 200) {
			t.Errorf("messages: %d %d %d %d", n["told"][o], n["requests"][o], n["sent"][o], n["received"][o])
		}
	}
	if len(byInvoke) > 0 {
		t.Errorf("%d operations are not on the page", len(byInvoke))
	}
	held := 0
	for i := range data.Bars {
		if n["shows"][i] == 0 && n["op"][i] > 0 && data.Ops.Names[n["f"][n["op"][i]-1]] == models.FAcquire {
			held++
		}
	}
	if held < len(m.Holds) {
		t.Errorf("%d of %d holds name the operation that began them", held, len(m.Holds))
	}
}

// Operations that do not fit are left out far from the violations, and the page says
// so.
func TestTimelineLeavesOut(t *testing.T) {
	h := sample.Lock{Length: 20 * time.Second, Clients: 4, Keys: 3, Broken: true, Seed: 3}.History()
	m := material.Of("", h, sample.Violated(h))
	b := newBuilder(m)
	b.most = 500
	b.objects()
	b.clients()
	all := len(b.bars) + b.left // some operations may have been left out already
	data, packed, left := b.finish()
	if len(b.focus) == 0 || left != all-500 || data.Bars != 500 {
		t.Fatalf("%d violations, %d bars of %d, %d left out", len(b.focus), data.Bars, all, left)
	}
	n := numbersOf(t, data.Columns, packed)
	there := map[int]bool{}
	for o := range data.Ops.Count {
		there[int(n["invoke"][o])], there[int(n["invoke"][o]+n["after"][o])] = true, true
	}
	for _, i := range b.focus[0].Events {
		if h.OperationAt(i) != nil && !there[i] {
			t.Errorf("event %d of the counterexample is left out", i)
		}
	}
}

// Transactions that the servers committed are on the page, with the sessions of the operations.
func TestTimelineTransactions(t *testing.T) {
	dir := t.TempDir()
	h := sample.Lock{Length: time.Second, Clients: 2, Keys: 1, Seed: 3}.History()
	session := h.Operations()[0].Invoke.Session
	txns := []history.Txn{{Zxid: 0x100000001, Session: session, Type: "create", Path: "/a", Owner: session}, {Zxid: 0x100000002, Session: 0x99, Type: "delete", Path: "/b", Error: -101}}
	var text bytes.Buffer
	must.Do(t, history.WriteTxns(&text, txns))
	must.Do(t, os.WriteFile(filepath.Join(dir, "transactions.jsonl"), text.Bytes(), 0o644))
	b := newBuilder(material.Of(dir, h, sample.Result(h)))
	b.clients()
	data, packed, _ := b.finish()
	n := numbersOf(t, data.Columns, packed)
	var got []string
	for i := range data.Txns.Count {
		got = append(got, fmt.Sprint(n["txnHigh"][i]<<32|n["txnLow"][i], " ", data.Ops.Sessions[n["txnSession"][i]-1], " ", data.Txns.Types[n["txnType"][i]], " ", data.Txns.Paths[n["txnPath"][i]]))
	}
	want := []string{fmt.Sprint(0x100000001, " ", session, " create, ephemeral /a"), fmt.Sprint(0x100000002, " 0x99 delete, refused /b")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
