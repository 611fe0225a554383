package onerun

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Summary describes a run in text: the verdict, what it rests on, what was violated or not decided, with the events that
// show it, and what was measured; then the operations, the faults that took effect, fail-over times, and where the report is
// and how to repeat the run. Without screen.Full it fits a screen. run may be nil if the run is not stored. It uses escape
// codes only if screen.Colour is set. It reads the events that show a violation from the run's history.
func Summary(r *store.Result, run *store.Run, screen Screen) string {
	var h *history.History
	if run != nil && len(verdicts.Deciding(verdicts.Violations(r.Verdicts), r.Strict)) > 0 {
		h, _ = run.ReadHistory() // without one, only the reasons are shown
	}
	return summaryOf(r, run, h, reported(run), screen)
}

// summaryOf is [Summary] with the history of the run, or nil if no event is to be shown, and whether the run has a report.
func summaryOf(r *store.Result, run *store.Run, h *history.History, report bool, screen Screen) string {
	s := &summary{r: r, h: h, Sheet: sheet.Sheet{Screen: screen, Rest: sheet.RestOn("the report", report)}}
	s.chooseCounterexamples()
	s.verdict()
	s.kept()
	s.notChecked()
	s.Gap()
	s.properties()
	s.counterexamples()
	s.measured()
	s.operations()
	s.faults()
	s.failovers()
	s.left()
	s.shrunk()
	s.warnings()
	if len(s.r.Gates) > 0 {
		s.Gap()
		s.Gates(s.r.Gates)
	}
	s.where(run, report)
	return s.String()
}

// summary is the text of a summary under construction.
type summary struct {
	sheet.Sheet
	r      *store.Result
	column int // width of the properties' names

	h      *history.History  // nil if no event of it is shown
	chosen []checker.Verdict // violations shown with their events
	shown  map[string]bool   // and their properties
	more   int               // violations that are not shown
}

func (s *summary) verdict() {
	s.Head(s.r.Verdict, verdicts.Headline(s.r))
	if s.r.Interrupted {
		s.WriteString("The run was interrupted; what was recorded until then was checked.\n")
	}
	s.Gap()
}

// notChecked says what the verdict is not about, and which assumptions do not hold.
func (s *summary) notChecked() {
	s.Part(sheet.Rests, 4)
	s.List("not checked", verdicts.UncheckedProperties(s.r.NotAvailable), len(s.r.NotAvailable), "")
	var others []checker.NotAvailable
	var names []string
	for _, n := range s.r.NotAvailable {
		if n.Kind != "property" {
			others = append(others, n)
			names = append(names, n.Name)
		}
	}
	s.Part(sheet.Rests, 2)
	s.List("left out", verdicts.Absences(others), len(others), "")
	s.Short("left out", fmt.Sprintf("not available: %s", prose.List(names, "and")))
	s.Part(sheet.Always, 6)
	if s.r.Verdict == checker.Violation { // which stands whatever happened around it
		s.Part(sheet.Figures, 2)
	}
	for _, a := range checker.Unmet(s.r.Assumptions) {
		s.Line("assumption", a.Name+" not met: "+a.Text)
	}
}

// properties lists the properties that decide and were not kept.
func (s *summary) properties() {
	var all []verdicts.Property
	s.column = 12
	s.Part(sheet.Rests, 20)
	if len(s.chosen) > 0 { // the headline names them, and the events prove one
		s.Part(sheet.Page, 0)
	}
	for _, p := range verdicts.Properties(s.r) {
		if !p.Passed() && p.Decides(s.r.Strict) {
			all = append(all, p)
			s.column = max(s.column, ansi.StringWidth(p.Name))
		}
	}
	alike := map[string][]string{} // by text and reason
	for _, p := range all {
		if key := s.reasonOf(p); key != "" {
			alike[key] = append(alike[key], p.Name)
		}
	}
	for _, p := range all {
		same := alike[s.reasonOf(p)]
		if len(same) > 1 && same[0] != p.Name {
			continue
		}
		s.property(p)
		if len(same) > 1 {
			s.below("the same is true of " + prose.List(same[1:], "and"))
		}
	}
}

// reasonOf returns the text of a property with its only reason; "" if it has no single reason,
// or if the reason is printed above the events.
func (s *summary) reasonOf(p verdicts.Property) string {
	reasons := p.Reasons()
	if len(reasons) != 1 || s.shown[p.Name] || p.Measure() != "" {
		return ""
	}
	return s.textOf(p) + ": " + reasons[0]
}

func (s *summary) textOf(p verdicts.Property) string {
	if p.Measured {
		return p.Words() + " (measured; decides, since --strict)"
	}
	return p.Words()
}

// kept names the properties that were kept, and what the verdicts on them are not based on.
func (s *summary) kept() {
	var names, notes []string
	for _, p := range verdicts.Properties(s.r) {
		if !p.Passed() {
			continue
		}
		name := words.Label(p.Name, 40)
		if p.Measured && !s.r.Strict {
			name += " (measured)"
		}
		names = append(names, name)
		for _, n := range p.Notes() {
			notes = append(notes, words.Label(p.Name, 40)+": "+words.Label(n, 300))
		}
	}
	s.Part(sheet.Rests, 3)
	if len(names) > 0 {
		s.Line("kept", prose.List(names, "and"))
	}
	s.Part(sheet.Rests, 2)
	s.List("note", notes, len(notes), "")
}

// measured says which properties did not hold that only measure something. They look like no failure.
func (s *summary) measured() {
	for _, p := range verdicts.Properties(s.r) {
		if p.Passed() || p.Decides(s.r.Strict) {
			continue
		}
		s.Gap()
		s.Part(sheet.Rests, 2)
		s.Line("measured", words.Label(p.Name, 40)+" "+p.Words()+", which does not decide")
		s.Part(sheet.Page, 0)
		s.Line("", p.Measure())
		for _, reason := range p.Reasons()[:min(len(p.Reasons()), 1)] {
			s.Line("", words.Label(reason, 300))
		}
		if more := len(p.Reasons()) - 1; more > 0 {
			s.Line("", "and "+prose.Grouped(more)+" more, in the report")
		}
	}
}

// property writes the line of a property, with the reasons if it is not simply valid.
func (s *summary) property(p verdicts.Property) {
	reasons, text := p.Reasons(), s.textOf(p)
	fmt.Fprintf(s, "  %s %-*s ", s.Screen.Paint(p.Class(), p.Mark()), s.column, p.Name)
	for i, part := range sheet.Wrap(text, s.beside()) {
		if i > 0 {
			s.indent()
		}
		fmt.Fprintln(s, part)
	}
	if measure := p.Measure(); measure != "" {
		s.below(measure)
	}
	if s.shown[p.Name] {
		return // the reason is printed above the events
	}
	const most = 3
	for i, r := range reasons {
		if i == most {
			s.below("and " + prose.Grouped(len(reasons)-most) + " more, in the report")
			break
		}
		s.below(words.Label(r, 300))
	}
}

// below writes text under the text of a property.
func (s *summary) below(text string) {
	for _, part := range sheet.Wrap(text, s.beside()) {
		s.indent()
		fmt.Fprintln(s, part)
	}
}

func (s *summary) indent() { fmt.Fprintf(s, "  %-*s", s.column+3, "") }

// beside returns the width beside the names of the properties.
func (s *summary) beside() int { return sheet.Width - s.column - 5 }

// counterexamplesInSummary is the number of violations that are shown with their events.
const counterexamplesInSummary = 3

// chooseCounterexamples picks one violation of each property. Without a history it picks none, and only the reasons are
// shown.
func (s *summary) chooseCounterexamples() {
	found := verdicts.Deciding(verdicts.Violations(s.r.Verdicts), s.r.Strict)
	if len(found) == 0 || s.h == nil {
		return
	}
	s.shown = map[string]bool{}
	for _, v := range found {
		if s.shown[v.Property] || len(s.chosen) == counterexamplesInSummary || len(v.Counterexample) == 0 {
			continue
		}
		s.shown[v.Property] = true
		s.chosen = append(s.chosen, v)
	}
	s.more = len(found) - len(s.chosen)
}

// counterexamples shows the first of the chosen violations on a screen, and the others in the full text.
func (s *summary) counterexamples() {
	proof := sheet.Always
	for _, v := range s.chosen {
		prove(&s.Sheet, s.h, v, proof, inSummary)
		s.Screen.Messages, proof = false, sheet.Page // the messages of one violation are enough
	}
	if len(s.chosen) > 0 && s.more > 0 {
		s.Gap()
		s.Part(sheet.Page, 0)
		fmt.Fprintf(s, "  %s, in the report\n", words.Plural(s.more, "more violation"))
	}
}

func (s *summary) operations() {
	st := &s.r.Stats
	s.Gap()
	s.Part(sheet.Struck, 2)
	s.Line("operations", fmt.Sprintf("%s: %s ok, %s failed, %s unknown; %.0f ok per second over %s of load",
		prose.Grouped(st.Operations), prose.Grouped(st.OK), prose.Grouped(st.Fail), prose.Grouped(st.Info), st.Rate, prose.Length(st.Load)))
	var parts []string
	for _, f := range st.ByF {
		if f.OK > 0 && !models.Named(s.r.Recipe).Operation(f.F).Local {
			parts = append(parts, fmt.Sprintf("%s %s / %s", words.Label(f.F, 20), prose.Length(f.P50), prose.Length(f.P99)))
		}
	}
	s.Part(sheet.Figures, 2)
	if len(parts) > 0 {
		s.Line("latency", "median / p99: "+strings.Join(parts, ", "))
	}
	s.Part(sheet.Page, 0)
	if st.Contended >= 0 {
		s.Line("contention", words.Percent(st.Contended)+" of the acquires had to wait for another holder")
	}
	if fairness := words.Fairness(st.Fairness); fairness != "" {
		s.Line("fairness", fairness)
	}
	if cost := words.Cost(st.Cost); cost != "" {
		s.Line("cost", cost)
	}
}

func (s *summary) faults() {
	st := &s.r.Stats
	s.Part(sheet.Struck, 4)
	if len(st.FaultKinds) == 0 {
		s.Line("faults", "none were injected"+s.adviceOnFaults())
		return
	}
	for i, k := range st.FaultKinds {
		name := ""
		if i == 0 {
			name = "faults"
		}
		s.Line(name, words.Faults(k))
	}
	s.Short("faults", words.AllFaults(st.FaultKinds))
	s.Part(sheet.Page, 0)
	s.Line("", words.Leader(st))
}

// adviceOnFaults reminds the user of the faults that were asked for, or tells how to inject some.
func (s *summary) adviceOnFaults() string {
	asked := slices.ContainsFunc(s.r.Assumptions, func(a checker.Assumption) bool { return a.Name == "faults" && !a.Met })
	switch {
	case asked:
		return ", although some were asked for"
	case s.r.Shrunk != nil:
		return ""
	}
	return ": " + advice.AddFaults.Text()
}

// mostFailovers limits the lines about fail-over, and those about hand-over.
const mostFailovers = 20

func (s *summary) failovers() {
	var failovers, outages, handOvers []string
	for _, k := range s.r.Stats.Failovers {
		if text := words.FailoverSum(k); text != "" {
			failovers = append(failovers, text)
		}
		if text := words.OutageSum(k); text != "" {
			outages = append(outages, text)
		}
		if text := words.HandOverSum(k); text != "" {
			handOvers = append(handOvers, text)
		}
	}
	if o := s.r.Stats.HandOver; o != nil {
		handOvers = append(handOvers, "after a hold that no fault ended: "+words.Spread(o)+words.NeverGranted(o))
	}
	s.Part(sheet.Struck, 4)
	s.List("fail-over", failovers, mostFailovers, "in the report")
	s.Part(sheet.Page, 0)
	s.List("phases", words.Phases(s.r.Stats.Samples), mostFailovers, "in the report")
	s.List("no service", outages, mostFailovers, "in the report")
	s.Part(sheet.Figures, 2)
	s.List("hand-over", handOvers, mostFailovers, "in the report")
}

// left says what the clients left behind. If something grows with the load, the warnings say what.
func (s *summary) left() {
	s.Part(sheet.Page, 0)
	if l := s.r.Leftovers; l != nil {
		text := words.Leftovers(l)
		if l.Persistent+l.Ephemeral+l.Swept > 0 && !slices.ContainsFunc(l.Groups, func(g checker.LeftGroup) bool { return g.Grows }) {
			text += " (no growth with the load was seen)"
		}
		s.Line("left behind", text)
	}
}

// shrunk says from which run a run was shrunk, and which of its faults mattered.
func (s *summary) shrunk() {
	from := s.r.Shrunk
	if from == nil {
		return
	}
	s.Part(sheet.Rests, 4)
	s.Line("shrunk", words.Label(fmt.Sprintf("to %s; from %s in %s of %s", from.After, from.Before, words.Plural(from.Runs, "run"), from.From), 400))
	s.Part(sheet.Rests, 4)
	for _, text := range from.Mattered {
		s.Line("mattered", words.Label(text, 2000))
	}
}

// heldUp describes the stalls of the harness itself; "" if there was none.
func heldUp(s stats.Stats) string {
	how := "for more than 250 ms"
	switch {
	case s.Stalls == 0:
		return ""
	case s.LongestStall > 0 && s.Stalls == 1:
		how = "for " + prose.Length(s.LongestStall)
	case s.LongestStall > 0:
		how = "for up to " + prose.Length(s.LongestStall)
	}
	return fmt.Sprintf("held up %s, %s", words.Times(s.Stalls), how)
}

func (s *summary) warnings() {
	s.Part(sheet.Always, 7)
	if s.r.Verdict == checker.Violation { // its proof needs the room
		s.Part(sheet.Rests, 4)
	}
	if text := heldUp(s.r.Stats); text != "" {
		s.Line("warning", "the harness itself was "+text)
	}
	for _, w := range s.r.Warnings {
		s.Line("warning", words.Label(w, 400))
	}
	told := map[string]int{}
	var order []string
	for _, f := range s.r.Stats.Faults {
		for _, w := range f.Warnings {
			if told[w]++; !slices.Contains(order, w) && !slices.Contains(s.r.Warnings, w) {
				order = append(order, w)
			}
		}
	}
	for i, w := range order {
		if i == 5 {
			s.Line("warning", words.Plural(len(order)-5, "more warning")+" of faults, in the report")
			return
		}
		if n := told[w]; n > 1 {
			w += " (" + words.Times(n) + ")"
		}
		s.Line("warning", words.Label(w, 400))
	}
}

// decideLabel stands before the command that decides an undecided run.
var decideLabel = strings.TrimSpace(advice.Decide.Text(""))

// reported reports whether a run has a report.
func reported(run *store.Run) bool { return run != nil && !run.Bare() && exists(run.Report()) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// where says where the files are. It does not break paths and commands, so that they can be copied.
func (s *summary) where(run *store.Run, report bool) {
	s.Gap()
	s.Part(sheet.Always, 0)
	if s.r.Label != "" {
		s.Line("label", s.r.Label)
	}
	switch {
	case report:
		s.Copied("report", run.Report())
	case run != nil && !run.Bare():
		s.Copied("run", run.Dir)
	}
	if s.r.Shrunk != nil && run != nil && !run.Bare() && exists(run.GoTest()) {
		s.Copied("test in Go", run.GoTest())
	}
	if s.r.Replay != "" {
		s.Copied("replay", s.r.Replay)
	}
	if run != nil && s.r.Verdict == checker.Unknown && s.r.Replay != "" {
		if next := decidingStep(run.Dir, s.r); next.Command != "" && next.Command != s.r.Replay {
			s.Copied(decideLabel, next.Command)
		}
	}
	s.Part(sheet.Page, 0)
	s.Makers(material.MakersOf(s.r))
}
