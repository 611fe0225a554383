//go:build real

package engine_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// On Apache's servers, too, what the tree watch says is what the transaction logs say. While a leader is elected no server is watched.
func TestRealTreeWatchAgreesWithLog(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for _, recipe := range []string{models.Lock.Name, models.Queue.Name, models.Membership.Name} {
		t.Run(recipe, func(t *testing.T) {
			x := briefly(t, specimens.Specimen{Recipe: recipe, Name: workloads.Own, Faults: "reset/1s,expire/1s,kill:leader/3s"})
			x.Seed, x.TreeWatch = 1, engine.Always
			o := perform(t, e, x)
			h := must.Get(o.Run.ReadHistory())(t)
			w := must.Get(historytest.ToldBy(h))(t)
			txns := must.Get(e.(ensemble.TransactionReader).Transactions(t.Context()))(t)
			root := h.Header.Params.Root
			all := len(historytest.TreeWatch(txns, root).Changes)
			t.Logf("%d stretches, %d changes of %d. %s", len(w.Stretches), len(w.Changes), all, w.Why)
			if diff := gocmp.Diff(historytest.InPlaceOf(w, txns, root), w.Changes); diff != "" {
				t.Errorf("(-log +tree watch)\n%s", diff)
			}
			if len(w.Changes) == 0 {
				t.Error("nothing is known")
			}
		})
	}
}
