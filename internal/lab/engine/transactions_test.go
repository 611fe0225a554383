package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// busy is an ensemble that commits a batch each time it is asked, a limited number of times.
type busy struct {
	ensemble.Ensemble
	batch, batches int
	fails          error // the error after the last batch
	given          history.ID
	closed         bool
}

func (b *busy) Transactions(context.Context) ([]history.Txn, error) {
	return nil, errors.New("nobody keeps that much")
}

func (b *busy) StreamTransactions(context.Context) (ensemble.TransactionStream, error) {
	return busyStream{b}, nil
}

// busyStream is the transaction stream of a busy ensemble.
type busyStream struct{ *busy }

func (b busyStream) Next(context.Context) ([]history.Txn, error) {
	if b.batches == 0 {
		return nil, b.fails
	}
	b.batches--
	var txns []history.Txn
	for range b.batch {
		b.given++
		txns = append(txns, history.Txn{Zxid: b.given, Type: "create", Path: fmt.Sprintf("/%d", b.given)})
	}
	return txns, nil
}

func (b busyStream) Close() { b.closed = true }

// At the end, a run has all of its transactions in its folder, however many there were, and nothing
// else; during the run, only some of them are in memory.
func TestTransactionsAreSpooled(t *testing.T) {
	tests := []struct {
		name           string
		batch, batches int
		fails          error
		want           int
		spilled        bool
	}{
		{"none", 0, 0, nil, 0, false},
		{"few", 100, 5, nil, 500, false},
		{"many", spoolFull / 4, 10, nil, spoolFull / 4 * 10, true},
		{"too few, and an error", 100, 5, errors.New("lost"), -1, false},
		{"many, and an error", spoolFull / 4, 10, errors.New("lost"), -1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stored := must.Get(store.Create(t.TempDir(), "lock", time.Now()))(t)
			synctest.Test(t, func(t *testing.T) {
				b := &busy{batch: tt.batch, batches: tt.batches, fails: tt.fails}
				r := &run{ensemble: b, links: &links{}, Finished: Finished{Run: stored, Config: Config{Watcher: nobody{}}}}
				r.followTransactions(t.Context())
				time.Sleep(10 * spoolEvery)
				synctest.Wait()
				if n := len(r.transactions.kept); n > spoolFull {
					t.Errorf("%d transactions in memory", n)
				}
				if parts, err := filepath.Glob(filepath.Join(stored.Dir, "*"+atomicfile.Unfinished)); err != nil || (len(parts) == 1) != tt.spilled {
					t.Errorf("spilled: %q, %v, want %v", parts, err, tt.spilled)
				}
				if err := r.collectTransactions(t.Context()); !errors.Is(err, tt.fails) {
					t.Errorf("collecting: %v", err)
				}
				if err := r.undo.run(nil); err != nil {
					t.Error(err)
				}
				if !b.closed {
					t.Error("the stream is left open")
				}
			})
			wantFolder(t, stored, tt.want)
		})
	}
}

// An abandoned run leaves no file.
func TestSpoolThatIsDropped(t *testing.T) {
	stored := must.Get(store.Create(t.TempDir(), "lock", time.Now()))(t)
	synctest.Test(t, func(t *testing.T) {
		r := &run{ensemble: &busy{batch: spoolFull, batches: 2}, links: &links{}, Finished: Finished{Run: stored, Config: Config{Watcher: nobody{}}}}
		r.followTransactions(t.Context())
		time.Sleep(2 * spoolEvery)
		if err := r.transactions.close(); err != nil {
			t.Error(err)
		}
	})
	wantFolder(t, stored, -1)
}

// wantFolder requires want transactions in a run's folder, or no file of transactions if want is -1,
// and no other file.
func wantFolder(t *testing.T, stored *store.Run, want int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(stored.Dir, "*"))
	if err != nil || len(names) != min(want+1, 1) {
		t.Errorf("files %q, %v", names, err)
	}
	if want < 0 {
		return
	}
	txns, err := history.OpenTxns(stored.Transactions())
	if err != nil || len(txns) != want {
		t.Errorf("%d transactions, want %d: %v", len(txns), want, err)
	}
}
