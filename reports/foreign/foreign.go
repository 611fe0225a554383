// Package foreign presents the verdict on a history of another tool: as text for terminals, and as annotations.
package foreign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/onerun"
)

// Summary describes the verdict on a history of another tool in text: the verdicts with their counterexamples, and what was
// read. Without screen.Full it fits a screen.
func Summary(r linear.Report, screen onerun.Screen) string {
	s := &sheet.Sheet{Screen: screen, Rest: sheet.RestOn("", false)}
	s.Fit(sheet.RowsFor(r.Verdict))
	fmt.Fprintf(s, "\n%s: %s\n\n", screen.Paint(r.Verdict, strings.ToUpper(verdicts.Word(r.Verdict))), sentence(r))
	first := slices.IndexFunc(r.Verdicts, func(v linear.Verdict) bool { return v.Result == r.Verdict })
	for i, v := range r.Verdicts {
		verdict(s, v, i == first)
	}
	s.Gap()
	s.Part(sheet.Always, 0)
	fmt.Fprintf(s, "  history     %s (%d ok, %d failed, %d unknown) on %s, in format %s\n",
		prose.Count(r.Operations, "operation"), r.OK, r.Failed, r.Unknown, prose.Count(r.Keys, "key"), r.Format)
	s.Part(sheet.Rests, 4)
	for _, n := range r.Notes {
		fmt.Fprintf(s, "  note        %s\n", printable.Text(n, 2000))
	}
	return s.String()
}

// Annotations returns what is wrong with a history of another tool.
func Annotations(r linear.Report) []verdicts.Annotation {
	var all []verdicts.Annotation
	for _, v := range r.Verdicts {
		if v.Result == checker.Violation {
			all = append(all, verdicts.Annotation{Level: "error", Title: sentence(r), Text: strings.TrimPrefix(v.Key+": "+v.Reason, ": ")})
		}
	}
	return verdicts.Finished(all, r.Verdict, nil, verdicts.Annotation{Title: sentence(r)})
}

// sentence returns the verdict on a history of another tool in words.
func sentence(r linear.Report) string {
	is := map[checker.Result]string{
		checker.Valid: "is linearizable as", checker.Violation: "is not linearizable as", checker.Unknown: "could not be decided as",
	}[r.Verdict]
	if !r.Order {
		is = strings.Replace(is, "linearizable", "right", 1)
	}
	return "the history " + is + " " + r.Model
}

// verdict writes one verdict with its counterexample. A screen shows that of the first, and one line of each other.
func verdict(s *sheet.Sheet, v linear.Verdict, first bool) {
	rank := sheet.Page
	if first {
		rank = sheet.Always
	}
	s.Part(sheet.Figures, 0)
	s.WriteString("  " + v.Property)
	if v.Key != "" {
		fmt.Fprintf(s, " of key %q", v.Key)
	}
	fmt.Fprintf(s, ": %s", v.Result)
	if v.Decider != "" {
		fmt.Fprintf(s, " (decided by %s)", v.Decider)
	}
	s.WriteString("\n")
	var reason []string
	if v.Reason != "" {
		reason = sheet.Wrap(printable.Text(v.Reason, 2000), sheet.Width-4)
	}
	s.Tell(rank, rowsOfStory, reason, v.Verdict, v.Story)
	s.Part(rank, 0)
	if picture := v.Timeline(s.Screen.Drawing()); picture != "" && !s.Screen.NoTimeline {
		s.WriteString("\n" + picture)
	}
	s.Part(sheet.Page, 0)
	if noun, places := v.Places(); len(places) > 0 {
		fmt.Fprintf(s, "\n    %s %s of the file\n", prose.Noun(len(places), noun), firstOf(places))
	}
	s.Gap()
}

// rowsOfStory is the most rows of a story on a screen.
const rowsOfStory = 10

// firstOf formats the first places of a counterexample.
func firstOf(places []int) string {
	const most = 20
	return prose.Some(len(places), most, func(i int) string { return strconv.Itoa(places[i]) })
}
