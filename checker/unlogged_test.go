package checker

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// restsOnTheLog returns the properties of a model that are not decided without transactions,
// although nothing went wrong in the run.
func restsOnTheLog(t *testing.T, model string) (names []string) {
	if model == objects.Session.Name {
		return []string{"views", "expiry"}
	}
	h, txns := checktest.WithLog(checktest.Good(model, 40))
	var bare []string
	for _, v := range Run(t.Context(), h, Options{NoReference: true}).Verdicts {
		bare = append(bare, v.Property)
	}
	for _, v := range Run(t.Context(), h, Options{NoReference: true, Transactions: txns}).Verdicts {
		if !slices.Contains(bare, v.Property) {
			names = append(names, v.Property)
		}
	}
	return names
}

// A run whose ensemble does not tell its transactions names the properties that are
// missing for that reason. That decides nothing.
func TestWhatRestsOnTransactionsIsNotAvailable(t *testing.T) {
	for _, model := range Models() {
		h := &history.History{Header: history.Header{Version: 1, Model: model, Params: history.Params{Unlogged: true}}}
		var got []string
		for _, n := range Run(t.Context(), h, Options{}).NotAvailable {
			got = append(got, n.Name)
		}
		want := append([]string{"committed transactions"}, restsOnTheLog(t, model)...)
		if slices.Contains(models[model].Properties, frame.OwnZnodes) && !slices.Contains(want, frame.OwnZnodes.Name) {
			want = append(want, frame.OwnZnodes.Name) // these logs of groups and jobs have no ephemeral znodes
		}
		if !models[model].Object.Store {
			want = append(want, "leftovers")
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", model, diff)
		}
		logged := Options{Transactions: []history.Txn{{Zxid: 1}}}
		told := &history.History{Header: history.Header{Version: 1, Model: model}}
		if n := len(Run(t.Context(), h, logged).NotAvailable) + len(Run(t.Context(), told, Options{}).NotAvailable); n != 0 {
			t.Errorf("%s: with transactions, or where it is not said: %d", model, n)
		}
	}
}
