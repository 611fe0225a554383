package verdicts

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/reports/foreign"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/store"
)

// PrintResult prints a verdict, as a summary for people or as JSON; its error
// carries the exit code.
func PrintResult(cmd *cobra.Command, run *store.Run, result *store.Result, asJSON, brief bool) error {
	return Print(cmd, ExitOfGates(ExitOf(result.Verdict), result.Gates), result, asJSON, brief, onerun.Annotations(result), func(screen onerun.Screen) string { return onerun.Summary(result, run, screen) })
}

// PrintReport is like PrintResult, for the verdict on a history from elsewhere.
func PrintReport(cmd *cobra.Command, r linear.Report, asJSON, brief bool) error {
	return Print(cmd, ExitOf(r.Verdict), r, asJSON, brief, foreign.Annotations(r), func(screen onerun.Screen) string { return foreign.Summary(r, screen) })
}

// Print prints a verdict: value as JSON, or text as a summary, and wrong for GitHub. Its error carries the exit code.
func Print(cmd *cobra.Command, code int, value any, asJSON, brief bool, wrong []onerun.Annotation, text func(onerun.Screen) string) error {
	tellGitHub(cmd, wrong, text)
	out := cmd.OutOrStdout()
	if asJSON {
		if err := terminal.PrintJSON(out, value); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, text(Screen(cmd, brief))); err != nil {
		return err
	}
	if code != usage.ExitValid {
		return usage.VerdictError{Code: code}
	}
	return nil
}

// Screen describes the output of a command for a verdict; brief leaves timelines out.
func Screen(cmd *cobra.Command, brief bool) onerun.Screen {
	out := cmd.OutOrStdout()
	return onerun.Screen{
		Colour: bool(paint.For(terminal.Exact(out))), Width: terminal.Columns(out), ASCII: !terminal.UnicodeWelcome(),
		NoTimeline: brief, Messages: true, Full: usage.Verbose(cmd),
	}
}

// ExitOf returns the exit code for a verdict.
func ExitOf(r checker.Result) int {
	switch r {
	case checker.Valid:
		return usage.ExitValid
	case checker.Violation:
		return usage.ExitViolation
	}
	return usage.ExitUnknown
}
