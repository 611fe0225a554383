package reports

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// eventAt returns the event with an index, or nil, since a result can be older than its history.
func eventAt(h *history.History, index int) *history.Event {
	if index < 0 || index >= h.Len() {
		return nil
	}
	if e := h.At(index); e.Index == index {
		return e
	}
	for i := range h.Len() {
		if e := h.At(i); e.Index == index {
			return e
		}
	}
	return nil
}

// spanOf returns the time of a hold as the client saw it.
func spanOf(h *holds.Hold) stats.Span { return stats.Span{From: h.Granted, Until: h.Until} }

// material is the data of a report, each piece computed once.
type material struct {
	dir      string
	h        *history.History
	r        *store.Result
	end      time.Duration
	points   []stats.Point
	windows  []stats.Window
	phases   []stats.PhaseSpan
	record   *holds.Record
	holds    []*holds.Hold
	overlaps []holds.Overlap
}

func newMaterial(dir string, h *history.History, r *store.Result) *material {
	m := &material{
		dir: dir, h: h, r: r,
		end:     stats.End(h),
		points:  stats.Points(h),
		windows: stats.Windows(h),
		phases:  stats.Phases(h),
		record:  holds.Of(h),
	}
	m.holds = m.record.All()
	if m.model().State != models.Shared { // there it is as it should be
		m.overlaps = holds.Overlaps(m.holds)
	}
	return m
}

// model returns the workload that wrote the history. Histories of other tools may not say.
func (m *material) model() *models.Model { return models.Of(m.h) }

// tab returns the title of a page: the verdict and the run, in this order, since a browser's tab
// shows only the beginning. about names a page other than the report.
func (m *material) tab(about string) string {
	title := fmt.Sprintf("%s %s seed %d: %s", markOf(m.r.Verdict), cmp.Or(m.r.Recipe, "history"), m.r.Seed, wordOf(m.r.Verdict))
	if broken := m.r.Violated(); len(broken) > 0 {
		title += " of " + strings.Join(broken, ", ")
	}
	if m.r.Subject != "" {
		title += ", " + m.r.Subject
	}
	if !m.r.Started.IsZero() {
		title += ", " + m.r.Started.UTC().Format(time.DateTime)
	}
	return label(about+title, 200)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// faultKinds returns the kinds of the faults that occurred, in their order.
func (m *material) faultKinds() (kinds []string) {
	for _, w := range m.windows {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
	}
	return kinds
}

// simulated reports whether the times of the run are virtual.
func (m *material) simulated() bool { return slices.Contains(m.r.Ensemble.Settings, "simulated") }
