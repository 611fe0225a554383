package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

// printResult prints a verdict, as a summary for people or as JSON; its error
// carries the exit code.
func printResult(cmd *cobra.Command, run *store.Run, result *store.Result, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(result); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, reports.Summary(result, run.Dir, coloured(out))); err != nil {
		return err
	}
	if code := exitOf(result.Verdict); code != exitValid {
		return verdictError{code}
	}
	return nil
}

// coloured says whether colours are welcome: on a terminal, unless NO_COLOR is set.
func coloured(out io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && isTerminal(out)
}
