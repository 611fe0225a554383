package suitecost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// LongTests is "dev long-tests". It reads the output of go test -json, and prints the names of the tests that took a
// second or more, which "make quick" leaves out.
func LongTests() *cobra.Command {
	return &cobra.Command{
		Use: "long-tests", Short: "Print which tests took a second or more", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := longTests(cmd.InOrStdin())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(names, "\n"))
			return err
		},
	}
}

// longTests returns the names of the long tests, sorted. It returns an error if a test failed: it may have ended early.
func longTests(in io.Reader) ([]string, error) {
	long := map[string]bool{}
	for events := json.NewDecoder(in); ; {
		var e struct {
			Action, Package, Test string
			Elapsed               float64 // in seconds, without the waits for other tests
		}
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return slices.Sorted(maps.Keys(long)), nil
		} else if err != nil {
			return nil, fmt.Errorf("the output of go test -json: %w", err)
		}
		switch {
		case e.Action == "fail":
			return nil, fmt.Errorf("%s of %s failed", e.Test, e.Package)
		case e.Action == "pass" && e.Test != "" && !strings.Contains(e.Test, "/") && e.Elapsed >= 1:
			long[e.Test] = true
		}
	}
}
