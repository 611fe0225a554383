package foreign

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A history of zklab's says the same when it is written as EDN, to a reader of the
// clients' events, except that names within values become keywords.
func FuzzWriteEDN(f *testing.F) {
	b := historytest.New(models.Queue.Name)
	b.Op(0, models.FEnqueue, "k \"1\"\n", 1, 3, history.OK, models.Item{Item: "a\\b\x01"}, nil).Session(0xa)
	b.Op(1, models.FDequeue, "k", 2, 9, history.Info, nil, nil).Session(0xb).Error("timeout")
	b.Op(0, "#x :y", "", 4, 5, history.Fail, []any{1.5, "é😀", nil, true, map[string]any{"a b": 1}}, nil)
	b.Fact(6, history.FDrained, "k", models.Drained{Empty: true})
	lines, err := historytest.Lines(b.History())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lines)
	f.Fuzz(func(t *testing.T, lines []byte) {
		h := historytest.Salvage(history.Header{Model: models.Queue.Name}, lines)
		var own, edn bytes.Buffer
		must.Do(t, history.Write(&own, h))
		must.Do(t, WriteEDN(&edn, h))
		want, err := all(t, own.String(), JSONL)
		got, err2 := all(t, edn.String(), EDN)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v\n%v\n%s\n%s", err, err2, own.String(), edn.String())
		}
		for i := range want {
			want[i].Value, want[i].Bare = Value{}, false // no value is nil in EDN
		}
		for i := range got {
			got[i].Value, got[i].Bare = Value{}, false
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("JSON -, EDN +: %s\n%s\n%s", d, own.String(), edn.String())
		}
	})
}
