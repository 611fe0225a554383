package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
)

// printReport prints what was decided about a history from elsewhere, for
// people or as JSON; its error carries the exit code.
func printReport(cmd *cobra.Command, r linear.Report, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, reportText(r, coloured(out))); err != nil {
		return err
	}
	if code := exitOf(r.Verdict); code != exitValid {
		return verdictError{code}
	}
	return nil
}

// reportText is a report in a screenful.
func reportText(r linear.Report, colour bool) string {
	var b strings.Builder
	head := map[checker.Result]string{checker.Valid: "VALID", checker.Violation: "VIOLATION", checker.Unknown: "UNKNOWN"}[r.Verdict]
	if colour {
		code := map[checker.Result]string{checker.Valid: "32", checker.Violation: "31", checker.Unknown: "33"}[r.Verdict]
		head = "\x1b[1;" + code + "m" + head + "\x1b[0m"
	}
	sentence := map[checker.Result]string{
		checker.Valid: "is linearizable as", checker.Violation: "is not linearizable as", checker.Unknown: "could not be decided as",
	}[r.Verdict]
	fmt.Fprintf(&b, "\n%s: the history %s %s\n\n", head, sentence, r.Model)
	for _, v := range r.Verdicts {
		writeVerdict(&b, v)
	}
	fmt.Fprintf(&b, "  history     %d operations (%d ok, %d failed, %d unknown) on %d %s, in format %s\n",
		r.Operations, r.OK, r.Failed, r.Unknown, r.Keys, map[bool]string{true: "key", false: "keys"}[r.Keys == 1], r.Format)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note        %s\n", n)
	}
	return b.String()
}

// writeVerdict writes one verdict with its witness.
func writeVerdict(b *strings.Builder, v linear.Verdict) {
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
		fmt.Fprintf(b, "    %s\n", v.Reason)
	}
	const most = 30
	for i, e := range v.Events {
		if i == most {
			fmt.Fprintf(b, "    … and %d more events\n", len(v.Events)-most)
			break
		}
		at := ""
		if e.Time > 0 {
			at = fmt.Sprintf("%12.6f s  ", time.Duration(e.Time).Seconds())
		}
		fmt.Fprintf(b, "    line %-9d%sprocess %-6d%-7s %s\n", e.Line, at, e.Process, e.Type, e.Text)
	}
	b.WriteByte('\n')
}
