package material

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Run is the data of a report, each piece computed once.
type Run struct {
	Dir      string // the run's folder; "" if it is not stored
	Place    string // the folder that pages name: where Dir is moved to, or Dir
	History  *history.History
	Result   *store.Result
	End      time.Duration     // since the run began
	Points   []stats.Point     // the operations
	Windows  []stats.Window    // the faults
	Phases   []stats.PhaseSpan // the phases of the run
	Record   *holds.Record
	Holds    []*holds.Hold   // who held what, as the clients saw it
	Overlaps []holds.Overlap // two clients believed that they held one key; none if several may
}

// Of computes the data of a report on a run that is stored in dir. A run that is not stored has no folder.
func Of(dir string, h *history.History, r *store.Result) *Run {
	m := &Run{
		Dir: dir, Place: dir, History: h, Result: r,
		End:     stats.End(h),
		Points:  stats.Points(h),
		Windows: stats.Windows(h),
		Phases:  stats.Phases(h),
		Record:  holds.Of(h),
	}
	m.Holds = m.Record.All()
	if m.Model().State != models.Shared { // if several clients may hold, overlaps are as they should be
		m.Overlaps = holds.Overlaps(m.Holds)
	}
	return m
}

// EventAt returns the event with an index, or nil, since a result can be older than its history.
func EventAt(h *history.History, index int) *history.Event {
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

// SpanOf returns the time of a hold as the client saw it.
func SpanOf(h *holds.Hold) stats.Span { return stats.Span{From: h.Granted, Until: h.Until} }

// Model returns the workload that wrote the history. Histories of other tools may not say.
func (m *Run) Model() *models.Model { return models.Of(m.History) }

// Tab returns the title of a page: the verdict and the run, in this order, since a browser's tab
// shows only the beginning. about names a page other than the report.
func (m *Run) Tab(about string) string {
	title := fmt.Sprintf("%s %s seed %d: %s", verdicts.Mark(m.Result.Verdict), cmp.Or(m.Result.Recipe, "history"), m.Result.Seed, verdicts.Word(m.Result.Verdict))
	if broken := m.Result.Violated(); len(broken) > 0 {
		title += " of " + strings.Join(broken, ", ")
	}
	if m.Result.Subject != "" {
		title += ", " + m.Result.Subject
	}
	if !m.Result.Started.IsZero() {
		title += ", " + m.Result.Started.UTC().Format(time.DateTime)
	}
	return words.Label(about+title, 200)
}

// FaultKinds returns the kinds of the faults that occurred, in their order.
func (m *Run) FaultKinds() (kinds []string) {
	for _, w := range m.Windows {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
	}
	return kinds
}

// Simulated reports whether the times of the run are virtual.
func (m *Run) Simulated() bool { return slices.Contains(m.Result.Ensemble.Settings, "simulated") }
