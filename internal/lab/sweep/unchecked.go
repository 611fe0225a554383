package sweep

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zklab/zklab/store"
)

// Unchecked is a property that could not be checked, with one reason and the number of runs.
type Unchecked struct {
	Property string `json:"property"`
	Why      string `json:"why"`
	Runs     int    `json:"runs"`
}

// UncheckedRuns counts the runs in which a property could not be checked, by the property and the reason. The
// keys have no number of runs. It is for one goroutine at a time.
type UncheckedRuns map[Unchecked]int

// Add counts a run, given its unchecked properties with the reasons.
func (u UncheckedRuns) Add(run map[string]string) {
	for name, why := range run {
		u[Unchecked{Property: name, Why: why}]++
	}
}

// AddAll counts the runs of a list.
func (u UncheckedRuns) AddAll(list []Unchecked) {
	for _, one := range list {
		u[Unchecked{Property: one.Property, Why: one.Why}] += one.Runs
	}
}

// List returns the properties in the order of their names.
func (u UncheckedRuns) List() (list []Unchecked) {
	for one, runs := range u {
		one.Runs = runs
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Unchecked) int {
		return cmp.Or(strings.Compare(a.Property, b.Property), strings.Compare(a.Why, b.Why))
	})
	return list
}

// UncheckedIn returns the properties that could not be checked in a run, with the reasons; nil if there are
// none.
func UncheckedIn(result *store.Result) (whys map[string]string) {
	for _, n := range result.NotAvailable {
		if n.Kind == "property" {
			if whys == nil {
				whys = map[string]string{}
			}
			whys[n.Name] = n.Why
		}
	}
	return whys
}
