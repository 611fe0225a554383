package checker_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
)

// A run whose ensemble does not tell its transactions says by name what it is without.
// That decides nothing.
func TestWhatRestsOnTransactionsIsNotAvailable(t *testing.T) {
	for model, want := range map[string][]string{
		history.ModelLock: {"committed transactions", "grant", "log"}, history.ModelElection: {"committed transactions", "grant", "log"},
		history.ModelQueue: {"committed transactions", "log"}, "priority-queue": {"committed transactions", "log"}, history.ModelBarrier: {"committed transactions", "log"},
		history.ModelDoubleBarrier: {"committed transactions", "log"}, history.ModelRegister: {"committed transactions"},
		history.ModelSession: {"committed transactions", "views", "expiry"},
	} {
		h := &history.History{Header: history.Header{Version: 1, Model: model, Params: history.Params{Unlogged: true}}}
		var got []string
		for _, n := range checker.Run(t.Context(), h, checker.Options{}).NotAvailable {
			got = append(got, n.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", model, diff)
		}
		logged := checker.Options{Transactions: []history.Txn{{Zxid: 1}}}
		told := &history.History{Header: history.Header{Version: 1, Model: model}}
		if n := len(checker.Run(t.Context(), h, logged).NotAvailable) + len(checker.Run(t.Context(), told, checker.Options{}).NotAvailable); n != 0 {
			t.Errorf("%s: with transactions, or where it is not said: %d", model, n)
		}
	}
}
