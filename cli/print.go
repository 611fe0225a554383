package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

// printResult prints a verdict, as a summary for people or as JSON; its error
// carries the exit code.
func printResult(cmd *cobra.Command, run *store.Run, result *store.Result, asJSON, brief bool) error {
	return printVerdict(cmd, exitOfGates(exitOf(result.Verdict), result.Gates), result, asJSON, brief, reports.Annotations(result), func(screen reports.Screen) string { return reports.Summary(result, run, screen) })
}

// printReport prints what was decided about a history from elsewhere, likewise.
func printReport(cmd *cobra.Command, r linear.Report, asJSON, brief bool) error {
	return printVerdict(cmd, exitOf(r.Verdict), r, asJSON, brief, reports.LinearAnnotations(r), func(screen reports.Screen) string { return reports.Linearizable(r, screen) })
}

func printVerdict(cmd *cobra.Command, code int, value any, asJSON, brief bool, wrong []reports.Annotation, text func(reports.Screen) string) error {
	tellGitHub(cmd, wrong, text)
	out := cmd.OutOrStdout()
	if asJSON {
		if err := printJSON(out, value); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, text(screenOf(out, brief))); err != nil {
		return err
	}
	if code != exitValid {
		return verdictError{code}
	}
	return nil
}

// screenOf describes where a result goes; brief leaves timelines out.
func screenOf(out io.Writer, brief bool) reports.Screen {
	return reports.Screen{Colour: bool(paint.For(exact(out))), Width: columns(out), ASCII: !unicodeWelcome(), NoTimeline: brief, Messages: true}
}

func exitOf(r checker.Result) int {
	switch r {
	case checker.Valid:
		return exitValid
	case checker.Violation:
		return exitViolation
	}
	return exitUnknown
}
