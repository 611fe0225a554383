package reports

import (
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

// leasesFigure shows how many clients had a lease of each key.
func leasesFigure(m *material) (*figure, string) {
	if m.model().State != models.Shared || m.model().Parts {
		return nil, ""
	}
	if len(m.holds) == 0 {
		return nil, "No client held a lease."
	}
	byKey := map[string][]stats.Span{}
	for _, h := range m.holds {
		byKey[h.Key] = append(byKey[h.Key], spanOf(h))
	}
	leases := m.h.Header.Params.Leases
	f := m.counts(byKey, "leases held", leases)
	note := "As the clients saw it, the most in each step of the line: from the grant to the call of the release, or to the report of its loss. A lease whose loss was not reported in time counts beside the next one."
	if leases > 0 {
		note += fmt.Sprintf(" Dashed: each key has %s.", plural(leases, "lease"))
	}
	f.note = note + f.note
	f.alt = "Line plot of the number of leases held of each key over the time of the run."
	return f, ""
}
