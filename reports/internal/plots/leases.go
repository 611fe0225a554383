package plots

import (
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

// leasesFigure shows how many clients had a lease of each key.
func leasesFigure(m *material.Run) (*figure.Figure, string) {
	if m.Model().State != models.Shared || m.Model().Parts {
		return nil, ""
	}
	if len(m.Holds) == 0 {
		return nil, "No client held a lease."
	}
	byKey := map[string][]stats.Span{}
	for _, h := range m.Holds {
		byKey[h.Key] = append(byKey[h.Key], material.SpanOf(h))
	}
	leases := m.History.Header.Params.Leases
	f := counts(m, byKey, "leases held", leases)
	note := "As the clients saw it, the most in each step of the line: from the grant to the call of the release, or to the report of its loss. A lease whose loss was not reported in time counts beside the next one."
	if leases > 0 {
		note += fmt.Sprintf(" Dashed: each key has %s.", words.Plural(leases, "lease"))
	}
	f.Note = note + f.Note
	f.Alt = "Line plot of the number of leases held of each key over the time of the run."
	return f, ""
}
