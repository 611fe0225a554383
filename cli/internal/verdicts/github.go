package verdicts

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/reports/onerun"
)

// stepSummary is the variable of the environment with the file to which a step of GitHub Actions adds its
// summary.
const stepSummary = "GITHUB_STEP_SUMMARY"

// Flags adds the flags of commands that print verdicts: --verbose, and --github, which makes tellGitHub write.
func Flags(cmd *cobra.Command) {
	usage.VerboseFlag(cmd)
	cmd.Flags().Bool("github", false, "for a job of GitHub Actions: annotate what went wrong, and add the summary to its page (see docs/ci.md)")
}

// tellGitHub writes, if --github asks for it, a line on standard error for each thing that went wrong, which
// GitHub shows beside the job, and the summary into the file of the step. An experiment file that the command
// line names gets the messages.
func tellGitHub(cmd *cobra.Command, wrong []onerun.Annotation, text func(onerun.Screen) string) {
	if asked, err := cmd.Flags().GetBool("github"); err != nil || !asked {
		return
	}
	warning := func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), "warning: "+format+"\n", args...) }
	file := ""
	if config := cmd.Flags().Lookup("config"); config != nil {
		file = config.Value.String()
	}
	for _, a := range wrong {
		a.File = file
		fmt.Fprintln(terminal.Exact(cmd.ErrOrStderr()), a)
	}
	path := os.Getenv(stepSummary)
	if path == "" {
		warning("--github writes no summary: %s names no file", stepSummary)
		return
	}
	if err := appendTo(path, onerun.StepSummary(text(onerun.Screen{Full: usage.Verbose(cmd)}))); err != nil {
		warning("cannot write the summary for GitHub: %s", usage.OneLine(err))
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
