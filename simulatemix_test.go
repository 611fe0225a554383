package zklab

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/workloads"
)

// The usual seeds of Simulate give one record each, whatever their mix is like. Each object takes
// two of the ten mixes, and two objects take the same two. The runtime still makes a few choices
// without the overlay, so two runs of five have to be the same; if zklab leaves anything to
// chance, no two are. Frozen processes are left out: when one goes on, all its goroutines whose
// time has come run at one instant, and only the overlay decides in which order.
func TestMixesRepeat(t *testing.T) {
	const tries = 5
	for i, recipe := range workloads.Recipes() {
		for _, seed := range []int64{int64(i%len(mixes)) + 1, int64((i+5)%len(mixes)) + 1} {
			m := mixes[seed%int64(len(mixes))]
			if m.crashes || m.messages && recipe == models.Session.Name { // a select of go-zookeeper chooses: see docs/simulation.md
				continue
			}
			w, err := workloads.Named(recipe, workloads.Own)
			if err != nil {
				t.Fatal(err)
			}
			x, _, err := Experiment{Workload: w, Seed: seed}.forSimulation()
			if err != nil {
				t.Fatal(err)
			}
			var records []string
			for range tries {
				o, err := x.simulateSeed(t, true)
				if err != nil {
					t.Fatal(err)
				}
				record := fingerprint(o)
				if strings.Contains(strings.Join(records, " "), record) {
					records = nil
					break
				}
				records = append(records, record)
			}
			if records != nil {
				t.Errorf("%s: seed %d: %d runs, and all differ", recipe, seed, tries)
			}
		}
	}
}
