package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// Linearizable describes the verdict on a history of another tool in a screenful of text: the
// verdicts with their counterexamples, and what was read.
func Linearizable(r linear.Report, screen Screen) string {
	var b strings.Builder
	head := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATION", checker.Unknown: "UNKNOWN"}[r.Verdict]
	fmt.Fprintf(&b, "\n%s: %s\n\n", screen.paint(r.Verdict, head), linearSentence(r))
	for _, v := range r.Verdicts {
		b.WriteString(linearVerdict(v, screen))
	}
	fmt.Fprintf(&b, "  history     %d operations (%d ok, %d failed, %d unknown) on %s, in format %s\n",
		r.Operations, r.OK, r.Failed, r.Unknown, prose.Count(r.Keys, "key"), r.Format)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note        %s\n", printable.Text(n, 2000))
	}
	return b.String()
}

// linearSentence returns the verdict on a history of another tool in words.
func linearSentence(r linear.Report) string {
	sentence := map[checker.Result]string{
		checker.Valid: "is linearizable as", checker.Violation: "is not linearizable as", checker.Unknown: "could not be decided as",
	}[r.Verdict]
	if !r.Order {
		sentence = strings.Replace(sentence, "linearizable", "right", 1)
	}
	return "the history " + sentence + " " + r.Model
}

// linearVerdict formats one verdict with its counterexample.
func linearVerdict(v linear.Verdict, screen Screen) string {
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
	b.WriteString(anomalies(v.Verdict))
	b.WriteString(storyText(v.Story))
	if picture := v.Timeline(screen.drawing()); picture != "" && !screen.NoTimeline {
		b.WriteString("\n" + picture)
	}
	if noun, places := v.Places(); len(places) > 0 {
		fmt.Fprintf(&b, "\n    %s %s of the file\n", prose.Noun(len(places), noun), firstOf(places))
	}
	return b.String() + "\n"
}

// anomalies returns a line for each kind of anomaly: how many there are, and the first of them.
func anomalies(v checker.Verdict) string {
	var b strings.Builder
	for _, a := range v.Anomalies {
		fmt.Fprintf(&b, "    %s %d: %s\n", a.Kind, a.Count, printable.Text(prose.Some(a.Count, len(a.First), func(i int) string { return a.First[i] }), 1000))
	}
	return b.String()
}

// firstOf formats the first places of a counterexample.
func firstOf(places []int) string {
	const most = 20
	return prose.Some(len(places), most, func(i int) string { return strconv.Itoa(places[i]) })
}
