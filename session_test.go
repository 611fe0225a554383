package zklab_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/liar"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// liarsSession is the session workload with a liar that one can ask.
type liarsSession struct {
	workloads.Session
	*liar.Liar
}

func (w liarsSession) Wire(dial zk.Dialer) zk.Dialer { return w.Dialer(dial) }

// found is the property that finds each lie.
var found = map[liar.Lie]string{
	liar.EventLate:     "watch before data",
	liar.EventTwice:    "one event",
	liar.EventsSwapped: "event order",
	liar.ReadBehind:    "single image",
	liar.LostWrite:     "durable",
	liar.HalfMulti:     "atomic",
	liar.EphemeralKept: "ephemeral",
	liar.EphemeralGone: "ephemeral",
	liar.NameTwice:     "names",
	liar.Reordered:     "fifo",
	liar.StaleSync:     "sync",
}

// Each lie that is told between clients and servers is found by the property that
// forbids it, with the servers' transactions and without.
func TestLiesAreFound(t *testing.T) {
	for _, lie := range liar.Lies() {
		t.Run(string(lie), func(t *testing.T) {
			t.Parallel()
			w := liarsSession{Liar: liar.New(lie)}
			x := zklab.Experiment{Workload: w, TimeLimit: 8 * time.Second, Seed: 1, MinLoad: -1}
			if lie == liar.ReadBehind { // which needs reconnects
				x.Faults = faults.Every(time.Second, faults.Reset{})
			}
			o := virtually(t, x.Brief())
			txns, err := history.OpenTxns(o.Run.Transactions())
			if err != nil {
				t.Fatal(err)
			}
			wantFound(t, w, lie, judgeBare(t, o.Run, txns))
			if lie != liar.EphemeralGone { // it may have been deleted by whoever got no answer
				wantFound(t, w, lie, judgeBare(t, o.Run, nil))
			}
		})
	}
}

func wantFound(t *testing.T, w liarsSession, lie liar.Lie, r *store.Result) {
	t.Helper()
	if r.Verdict != checker.Violation || !violated(r, found[lie]) {
		t.Errorf("verdict %s and no violation of %s after %d lies", r.Verdict, found[lie], w.Told())
		explain(t, r)
	}
}

// judgeBare decides the record with these transactions, or alone.
func judgeBare(t *testing.T, run *store.Run, txns []history.Txn) *store.Result {
	t.Helper()
	record, err := os.ReadFile(run.History())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.WriteFile(path, record, 0o644); err != nil {
		t.Fatal(err)
	}
	bare, err := store.Open("", path)
	if err != nil {
		t.Fatal(err)
	}
	result, err := zklab.Judge(t.Context(), bare, checker.Options{Transactions: txns})
	if err != nil {
		t.Fatal(err)
	}
	return result
}
