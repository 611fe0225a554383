package reports

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/workloads"
)

// Limits of what a screenful tells of a sweep; the page has more.
const (
	findingsInSummary = 5
	reasonsInSummary  = 3
	shardsInSummary   = 8
	timesInSummary    = 5
)

// SweepSummary describes a sweep in text, which fits a screen unless screen.Full is set. page is the path of its page, or ""
// if there is none.
func SweepSummary(s *sweep.Summary, page string, screen onerun.Screen) string {
	t := &sweepText{Sheet: sheet.Sheet{Screen: screen, Rest: sheet.RestOn("the page", page != "")}, s: s}
	t.Head(s.Verdict, sweepSentence(s))
	t.Gap()
	t.properties()
	t.Gap()
	t.findings()
	t.Gap()
	t.runs()
	t.Part(sheet.Page, 0)
	if cost := words.Cost(t.s.Samples.Cost); cost != "" {
		t.Line("cost", cost)
	}
	t.faults()
	t.times()
	t.exercised()
	t.shards()
	t.Gap()
	t.Part(sheet.Always, 6)
	t.Gates(t.s.Gates)
	t.Gap()
	t.Part(sheet.Always, 0)
	if label := t.s.Description.Label(); label != "" {
		t.Line("label", label)
	}
	if page != "" {
		t.Copied("page", page)
	}
	t.Part(sheet.Page, 0)
	t.Makers(makersOfSweep(s))
	return t.String()
}

type sweepText struct {
	sheet.Sheet
	s *sweep.Summary
}

// makersOfSweep returns the zklab that ran the sweep, which is one of its settings, and the zklab
// that summarized it.
func makersOfSweep(s *sweep.Summary) []material.Setting {
	return material.Makers(s.Description.Setting(sweep.RanBy), "summed up by", s.Zklab)
}

// sweepSubject describes the subject of a sweep.
func sweepSubject(s *sweep.Summary) string {
	what := "this"
	if recipe := s.Description.Setting("recipe"); recipe != "" {
		what = models.Named(recipe).Subject()
	}
	if subject := s.Description.Setting("subject"); subject != "" {
		what += " (" + subject + ")"
	}
	return what
}

// sweepSentence returns the verdict of a sweep as a sentence.
func sweepSentence(s *sweep.Summary) string {
	what := sweepSubject(s)
	switch s.Verdict {
	case checker.Violation:
		var broken []string
		for _, f := range s.Findings {
			if !f.Measured {
				broken = append(broken, f.Property)
			}
		}
		return fmt.Sprintf("%s in %s of %s", verdicts.Broke(s.Description.Setting("recipe"), what, broken), prose.Grouped(s.Violation), words.Plural(s.Decided(), "run"))
	case checker.Valid:
		text := fmt.Sprintf("%s broke no promise in %s; each promise was decided in at least one of them", what, words.Plural(s.Decided(), "run"))
		if s.Unknown > 0 {
			text += fmt.Sprintf(" (%s undecided, or in part)", prose.Grouped(s.Unknown))
		}
		return text + onerun.Unchecked(s.Unchecked, s.Decided())
	}
	return "nothing was violated, but " + s.Why
}

// findings tells the causes: first of violations, of which a screen shows the first in full, then of what is only measured.
func (t *sweepText) findings() {
	told, seen := 0, map[string]bool{}
	for _, measured := range []bool{false, true} {
		for _, f := range t.s.Findings {
			if f.Measured != measured {
				continue
			}
			if told++; told <= findingsInSummary {
				t.finding(f, told == 1, seen[f.Property])
				seen[f.Property] = true
			}
		}
	}
	if n := len(t.s.Findings) - findingsInSummary; n > 0 {
		t.Part(sheet.Rests, 0)
		fmt.Fprintf(t, "  and %s, on the page\n", words.Plural(n, "more cause"))
	}
}

func (t *sweepText) finding(f sweep.Finding, first, again bool) {
	rank, named := sheet.Page, sheet.Rests
	switch {
	case first && !f.Measured:
		rank = sheet.Always
	case again && f.Measured:
		named = sheet.Page
	}
	t.Part(named, 2)
	if f.Measured {
		t.Line("measured", words.Label(f.Property, 40)+": "+words.FindingRate(f)+"; it does not decide")
	} else {
		fmt.Fprintf(t, "  %s %s: %s\n", t.Screen.Paint(checker.Violation, verdicts.Mark(checker.Violation)), words.Label(f.Property, 40), words.FindingRate(f))
	}
	t.Part(rank, 0)
	for _, text := range []string{words.Capital(f.Smallest.Told), f.Shape + "; " + words.Met(f.Cause)} {
		if text == "" {
			continue
		}
		for _, line := range sheet.Wrap(words.Label(text, 600), sheet.Width-6) {
			fmt.Fprintf(t, "      %s\n", line)
		}
	}
	for _, line := range sheet.Wrap(fmt.Sprintf("smallest: seed %d, %s%s", f.Smallest.Seed, words.Plural(f.Smallest.Events, "event"), drawnWords(f.Smallest)), sheet.Width-6) {
		fmt.Fprintf(t, "      %s\n", line)
	}
	if f.Smallest.Kept != "" {
		fmt.Fprintf(t, "      report    %s\n", filepath.Join(f.Smallest.Kept, "report.html"))
	}
	if replay := replayWords(t.s, f.Smallest); replay != "" {
		fmt.Fprintf(t, "      replay    %s\n", replay)
	}
}

// SweepAnnotations returns what went wrong in a sweep, by cause.
func SweepAnnotations(s *sweep.Summary) []verdicts.Annotation {
	var all []verdicts.Annotation
	what := sweepSubject(s)
	for _, f := range s.Findings {
		if f.Measured {
			continue
		}
		text := fmt.Sprintf("%s; %s, such as seed %d.\n%s", words.FindingRate(f), words.Met(f.Cause), f.Smallest.Seed, f.Shape)
		all = append(all, verdicts.Annotation{Level: "error", Title: verdicts.ViolationTitle(s.Description.Setting("recipe"), what, f.Property), Text: words.Capital(text)})
	}
	return verdicts.Finished(all, s.Verdict, s.Gates, verdicts.Annotation{Title: what + " is undecided", Text: sweepSentence(s)})
}

// replayWords returns the command that repeats a run.
func replayWords(s *sweep.Summary, x sweep.Example) string {
	if x.Kept != "" {
		program, _, _ := strings.Cut(cmp.Or(s.Description.Command, workloads.Own), " ")
		return printable.Command(program, "run", "--config", filepath.Join(x.Kept, "experiment.yaml"))
	}
	return s.Description.ReplayOf(x.Seed)
}

func drawnWords(x sweep.Example) string {
	if x.Drawn == "" {
		return ""
	}
	return " (" + words.Label(x.Drawn, 200) + ")"
}

func (t *sweepText) properties() {
	column := 12
	var kept []string
	var rest []sweep.PropertySummary
	for _, p := range t.s.Properties {
		if p.Valid > 0 && p.Valid == t.s.Decided() {
			kept = append(kept, words.Label(p.Name, 40))
			continue
		}
		rest = append(rest, p)
		column = max(column, len(p.Name))
	}
	t.Part(sheet.Rests, 3)
	if len(kept) > 0 {
		t.Line("kept", "in all runs: "+prose.List(kept, "and"))
	}
	for _, measured := range []bool{false, true} {
		t.Part(sheet.Rests, 10)
		if measured {
			t.Part(sheet.Page, 0)
		}
		for _, p := range rest {
			if p.Measured == measured {
				t.property(p, column)
			}
		}
	}
}

func (t *sweepText) property(p sweep.PropertySummary, column int) {
	mark := propertyMark(p)
	if p.Measured {
		t.Line("measured", words.Label(p.Name, 40)+": "+propertyWords(p, t.s.Decided()))
		return
	}
	fmt.Fprintf(t, "  %s %-*s %s\n", t.Screen.Paint(mark.Class, mark.Sign), column, p.Name, propertyWords(p, t.s.Decided()))
	for i, why := range p.Why {
		if i == reasonsInSummary {
			fmt.Fprintf(t, "  %-*s and %s, on the page\n", column+2, "", words.Plural(len(p.Why)-i, "more reason"))
			break
		}
		for _, line := range sheet.Wrap(fmt.Sprintf("undecided %s: %s", words.Times(why.N), words.Label(why.Words(), 200)), sheet.Width-column-5) {
			fmt.Fprintf(t, "  %-*s %s\n", column+2, "", line)
		}
	}
}

// signOf is the sign of a property in a sweep.
type signOf struct {
	Class checker.Result
	Sign  string
}

// propertyMark returns an alarming sign neither for measured properties nor for properties that are
// undecided in single runs.
func propertyMark(p sweep.PropertySummary) signOf {
	switch {
	case p.Violation > 0 && p.Measured:
		return signOf{checker.Unknown, "!"}
	case p.Violation > 0:
		return signOf{checker.Violation, verdicts.Mark(checker.Violation)}
	case p.Valid == 0:
		return signOf{checker.Unknown, verdicts.Mark(checker.Unknown)}
	}
	return signOf{checker.Valid, verdicts.Mark(checker.Valid)}
}

// propertyWords says in how many runs a property had which result.
func propertyWords(p sweep.PropertySummary, runs int) string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", what, words.Plural(n, "run")))
		}
	}
	violated := "violated"
	if p.Measured {
		violated = "happened"
	}
	add(p.Violation, violated)
	add(p.Unknown, "not decided")
	add(p.Valid, "valid")
	add(runs-p.Violation-p.Unknown-p.Valid, "no evidence")
	text := strings.Join(parts, ", ")
	if p.Measured {
		text += " (measured, does not decide)"
	}
	return text
}

func (t *sweepText) runs() {
	t.Part(sheet.Struck, 3)
	t.Line("runs", prose.Grouped(t.s.Runs)+": "+runsCameTo(t.s))
	t.Part(sheet.Page, 0)
	if rate := rateWords(t.s); rate != "" {
		t.Line("", rate)
	}
	t.Part(sheet.Rests, 4)
	for i, e := range t.s.Reasons {
		if i == reasonsInSummary {
			break
		}
		t.Line("not run", words.Times(e.N)+": "+e.Words())
	}
	for i, l := range t.s.Leaks {
		if i == reasonsInSummary {
			break
		}
		t.Line("warning", leakWords(l))
	}
}

// leakWords describes what the clients left behind in some runs.
func leakWords(l sweep.Count) string { return "in " + words.Plural(l.N, "run") + ", " + l.Words() }

// runsCameTo describes the outcomes of the runs.
func runsCameTo(s *sweep.Summary) string {
	text := fmt.Sprintf("%s violated, %s undecided, %s valid", prose.Grouped(s.Violation), prose.Grouped(s.Unknown), prose.Grouped(s.Valid))
	if s.Errors > 0 {
		text += fmt.Sprintf("; %s could not be run", prose.Grouped(s.Errors))
	}
	return fmt.Sprintf("%s; %s, %s by their own clocks", text, words.Plural(s.Operations, "operation"), prose.Length(s.Virtual))
}

// rateWords describes the speed of the sweep.
func rateWords(s *sweep.Summary) string {
	if s.Wall < time.Millisecond {
		return ""
	}
	hours := s.Wall.Hours()
	return fmt.Sprintf("%s of sweeping, %s a run: %s runs an hour, %s times the speed of real time", prose.Length(s.Wall),
		prose.Length(s.Spent/time.Duration(max(s.Runs, 1))), prose.Grouped(int(float64(s.Runs)/hours)), words.Number(float64(int(100*s.Virtual.Hours()/hours))/100))
}

func (t *sweepText) faults() {
	t.Part(sheet.Struck, 4)
	name := "faults"
	var took []string
	for _, f := range t.s.Faults {
		if f.Verified > 0 {
			t.Line(name, fmt.Sprintf("%s: took effect %s of %s, in %s", f.Kind, words.Times(f.Verified), prose.Grouped(f.Scheduled), words.Plural(f.Effective, "run")))
			name = ""
			took = append(took, f.Kind+" "+words.Times(f.Verified))
		}
	}
	never := neverTook(t.s)
	if len(never) > 0 {
		t.Line(name, "never took effect: "+prose.List(never, "and"))
	} else if len(t.s.Faults) == 0 {
		t.Line(name, "none")
	}
	if len(took) > 0 {
		text := "took effect: " + prose.List(took, "and")
		if len(never) > 0 {
			text = "never took effect: " + prose.List(never, "and") + "; " + text
		}
		t.Short("faults", text)
	}
}

// neverTook names the faults that took effect in no run: those that the user asked for, and the
// other kinds whose time came.
func neverTook(s *sweep.Summary) (names []string) {
	for _, n := range s.NeverTook {
		names = append(names, n.Fault)
	}
	for _, kind := range s.Never() {
		if !slices.ContainsFunc(s.NeverTook, func(n sweep.NeverTook) bool { return n.Kind == kind }) {
			names = append(names, kind)
		}
	}
	return names
}

// times describes the distributions of times.
func (t *sweepText) times() {
	for _, d := range plots.SweptTimes {
		if d.Summary == "" {
			continue
		}
		var texts []string
		for _, s := range d.Of(&t.s.Samples) {
			texts = append(texts, d.Words(s))
		}
		switch d.Summary {
		case "fail-over":
			t.Part(sheet.Struck, 4)
		case "hand-over", "latency":
			t.Part(sheet.Figures, 2)
		default:
			t.Part(sheet.Page, 0)
		}
		t.List(d.Summary, texts, timesInSummary, "on the page")
	}
	t.Part(sheet.Page, 0)
	t.List("phases", words.Phases(&t.s.Samples), timesInSummary, "on the page")
	t.List("sharing", words.SharedInSweep(&t.s.Samples), timesInSummary, "on the page")
}

// exercised lists operations and kinds of faults that never met.
func (t *sweepText) exercised() {
	m := t.s.Matrix()
	name := "operations"
	for _, row := range m.Rows {
		if row.Step != "" {
			continue
		}
		text := fmt.Sprintf("%s %s", row.Operation, words.Times(row.Count))
		if never := row.Never(); len(never) > 0 {
			text += ", never during " + prose.List(never, "or")
		}
		t.Line(name, text)
		name = ""
	}
	if b := t.s.Behaviours; b.Runs > 1 {
		t.Line("behaviours", strings.TrimPrefix(b.String(), "behaviours: "))
	}
	t.Part(sheet.Figures, 1)
	if quiet := coverage.Quiet(t.s.Decided()); quiet != "" && t.s.Violation == 0 {
		t.Line("frequency", quiet)
	}
	t.Part(sheet.Page, 0)
	if unmet := t.s.Unmet(); len(unmet) > 0 {
		t.Line("never met", fmt.Sprintf("%s and faults at messages, on the page", prose.Count(len(unmet), "pair")+" of requests"))
		t.Copied("", t.s.ToMeet(unmet))
	}
}

// shards lists the shards that are incomplete.
func (t *sweepText) shards() {
	t.Part(sheet.Rests, 10)
	told := 0
	for _, h := range t.s.Shards {
		if h.Done >= h.Seeds {
			continue
		}
		if told++; told > shardsInSummary {
			t.Line("", "and more shards, on the page")
			break
		}
		t.Line("shard "+h.Shard.String(), shardWords(h))
		if h.Command != "" && !h.Running {
			t.Copied("", h.Command)
		}
	}
	if len(t.s.Absent) > 0 {
		t.Line("absent", absentWords(t.s.Absent))
		if c := t.s.Description.CommandOf(t.s.Absent[0]); c != "" {
			t.Copied("", c)
		}
	}
}

// shardWords describes the progress of a shard.
func shardWords(h sweep.ShardState) string {
	text := fmt.Sprintf("%s of %s", prose.Grouped(int(h.Done)), words.Plural(int(h.Seeds), "seed"))
	switch {
	case h.Done >= h.Seeds:
		return text
	case h.Running:
		return text + ", goes on"
	case h.Cut:
		text += ", its archive is cut off"
	case h.Died():
		text += ", was killed"
	default:
		text += ", " + map[sweep.End]string{
			sweep.TimeIsUp: "its time was over", sweep.Enough: "found enough", sweep.Interrupted: "was interrupted", sweep.AllSeeds: "was given more seeds",
		}[h.Ended]
	}
	return text + "; not run: " + leftWords(h)
}

// leftWords lists the seeds that have not run.
func leftWords(h sweep.ShardState) string {
	const most = 4
	left := h.Left[:min(most, len(h.Left))]
	if n := h.Seeds - h.Done - left.Count(); n > 0 {
		return fmt.Sprintf("%s and %s more", left, prose.Grouped(int(n)))
	}
	return left.String()
}

func absentWords(absent []sweep.Shard) string {
	const most = 10
	var names []string
	for _, h := range absent[:min(most, len(absent))] {
		names = append(names, h.String())
	}
	if n := len(absent) - most; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return prose.Noun(len(absent), "shard") + " " + prose.List(slices.Clone(names), "and")
}
