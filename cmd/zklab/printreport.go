package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/internal/witness"
	"github.com/zklab/zklab/reports"
)

// printReport prints what was decided about a history from elsewhere, for
// people or as JSON; its error carries the exit code.
func printReport(cmd *cobra.Command, r linear.Report, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		if err := printJSON(out, r); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, reportText(r, screenOf(out, false))); err != nil {
		return err
	}
	if code := exitOf(r.Verdict); code != exitValid {
		return verdictError{code}
	}
	return nil
}

// reportText is a report in a screenful.
func reportText(r linear.Report, screen reports.Screen) string {
	var b strings.Builder
	head := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATION", checker.Unknown: "UNKNOWN"}[r.Verdict]
	if screen.Colour {
		code := map[checker.Result]string{checker.Valid: "32", checker.Violation: "31", checker.Unknown: "33"}[r.Verdict]
		head = "\x1b[1;" + code + "m" + head + "\x1b[0m"
	}
	sentence := map[checker.Result]string{
		checker.Valid: "is linearizable as", checker.Violation: "is not linearizable as", checker.Unknown: "could not be decided as",
	}[r.Verdict]
	switch r.Model {
	case "set", "total-queue", "counter-bounds": // Jepsen's checks, which are less
		sentence = strings.Replace(sentence, "linearizable", "right", 1)
	}
	fmt.Fprintf(&b, "\n%s: the history %s %s\n\n", head, sentence, r.Model)
	for _, v := range r.Verdicts {
		writeVerdict(&b, v, screen)
	}
	fmt.Fprintf(&b, "  history     %d operations (%d ok, %d failed, %d unknown) on %d %s, in format %s\n",
		r.Operations, r.OK, r.Failed, r.Unknown, r.Keys, map[bool]string{true: "key", false: "keys"}[r.Keys == 1], r.Format)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note        %s\n", witness.Clean(n, 2000))
	}
	return b.String()
}

// writeVerdict writes one verdict with its witness.
func writeVerdict(b *strings.Builder, v linear.Verdict, screen reports.Screen) {
	key := ""
	if v.Key != "" {
		key = fmt.Sprintf(" of key %q", v.Key)
	}
	fmt.Fprintf(b, "  %s%s: %s", v.Property, key, v.Result)
	if v.Decider != "" {
		fmt.Fprintf(b, " (decided by %s)", v.Decider)
	}
	b.WriteByte('\n')
	if v.Reason != "" {
		fmt.Fprintf(b, "    %s\n", witness.Clean(v.Reason, 2000))
	}
	for i, sentence := range v.Story {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "    - %s\n", sentence)
	}
	if picture := v.Timeline(screen.Width, screen.Colour, screen.ASCII); picture != "" {
		b.WriteString("\n" + picture)
	}
	writeLines(b, v.Events)
	b.WriteByte('\n')
}

// writeLines says where in the file the witness is.
func writeLines(b *strings.Builder, events []linear.Event) {
	const most = 20
	var lines []string
	for i, e := range events {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(events)-most))
			break
		}
		lines = append(lines, strconv.Itoa(e.Line))
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n    %s %s of the file\n", map[bool]string{true: "line", false: "lines"}[len(events) == 1], strings.Join(lines, ", "))
	}
}
