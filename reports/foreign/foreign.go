// Package foreign presents the verdict on a history of another tool: as text for terminals, and as annotations.
package foreign

import (
	"fmt"
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

// Summary describes the verdict on a history of another tool in a screenful of text: the
// verdicts with their counterexamples, and what was read.
func Summary(r linear.Report, screen onerun.Screen) string {
	var b strings.Builder
	head := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATION", checker.Unknown: "UNKNOWN"}[r.Verdict]
	fmt.Fprintf(&b, "\n%s: %s\n\n", screen.Paint(r.Verdict, head), sentence(r))
	for _, v := range r.Verdicts {
		b.WriteString(verdict(v, screen))
	}
	fmt.Fprintf(&b, "  history     %d operations (%d ok, %d failed, %d unknown) on %s, in format %s\n",
		r.Operations, r.OK, r.Failed, r.Unknown, prose.Count(r.Keys, "key"), r.Format)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note        %s\n", printable.Text(n, 2000))
	}
	return b.String()
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

// verdict formats one verdict with its counterexample.
func verdict(v linear.Verdict, screen onerun.Screen) string {
	var b strings.Builder
	b.WriteString("  " + v.Property)
	if v.Key != "" {
		fmt.Fprintf(&b, " of key %q", v.Key)
	}
	fmt.Fprintf(&b, ": %s", v.Result)
	if v.Decider != "" {
		fmt.Fprintf(&b, " (decided by %s)", v.Decider)
	}
	b.WriteByte('\n')
	if v.Reason != "" {
		fmt.Fprintf(&b, "    %s\n", printable.Text(v.Reason, 2000))
	}
	b.WriteString(sheet.Anomalies(v.Verdict))
	b.WriteString(sheet.Story(v.Story))
	if picture := v.Timeline(screen.Drawing()); picture != "" && !screen.NoTimeline {
		b.WriteString("\n" + picture)
	}
	if noun, places := v.Places(); len(places) > 0 {
		fmt.Fprintf(&b, "\n    %s %s of the file\n", prose.Noun(len(places), noun), firstOf(places))
	}
	return b.String() + "\n"
}

// firstOf formats the first places of a counterexample.
func firstOf(places []int) string {
	const most = 20
	return prose.Some(len(places), most, func(i int) string { return strconv.Itoa(places[i]) })
}
