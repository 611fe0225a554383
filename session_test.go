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

// found are the properties that find each lie, in a record with the servers'
// transactions and in one without; "" is none.
var found = map[liar.Lie]struct{ logged, bare string }{
	liar.EventLate:     {"watch-before-data", "watch-before-data"},
	liar.EventTwice:    {"one-event", "one-event"},
	liar.EventsSwapped: {"event-order", "event-order"},
	liar.ReadBehind:    {"single-image", "single-image"},
	liar.LostWrite:     {"durable", "durable"},
	liar.HalfMulti:     {"atomic", "atomic"},
	liar.EphemeralKept: {"ephemeral", "ephemeral"},
	liar.EphemeralGone: {"ephemeral", ""},    // somebody who got no answer may have deleted it
	liar.NameTwice:     {"durable", "names"}, // what was acknowledged is not what was done
	liar.Reordered:     {"fifo", "fifo"},
	liar.StaleSync:     {"sync", "sync"},
}

// Each lie that is told between clients and servers is found by the property that
// forbids it.
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
			wantFound(t, w, found[lie].logged, judgeBare(t, o.Run, txns))
			wantFound(t, w, found[lie].bare, judgeBare(t, o.Run, nil))
		})
	}
}

func wantFound(t *testing.T, w liarsSession, property string, r *store.Result) {
	t.Helper()
	if property != "" && !violated(r, property) {
		t.Errorf("verdict %s and no violation of %s after %d lies", r.Verdict, property, w.Told())
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
