package zklab_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

// A run is judged with the transactions beside its record; without them, or
// when they are damaged, it is judged by the record alone.
func TestJudgeReadsTransactions(t *testing.T) {
	t.Parallel()
	o := virtually(t, zklab.Experiment{Workload: ownLock(), TimeLimit: 10 * time.Second, Seed: 1, MinLoad: -1})
	cases := []struct {
		name     string
		spoil    func(path string) error
		evidence string // of grant, which is nothing without the log
		warned   bool
	}{
		{"whole", func(string) error { return nil }, "Z, L", false},
		{"damaged", func(path string) error { return os.WriteFile(path, []byte("{\"zxid\":"), 0o644) }, "", true},
		{"a folder", func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o755)
		}, "", true},
		{"absent", os.Remove, "", false},
	}
	for _, c := range cases {
		if err := c.spoil(o.Run.Transactions()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{o.Run.Dir, o.Run.History()} {
			run, err := store.Open("", path)
			if err != nil {
				t.Fatal(err)
			}
			result, err := zklab.Judge(t.Context(), run, checker.Options{})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			evidence := ""
			for _, v := range result.Verdicts {
				if v.Property == "grant" {
					evidence = v.Evidence
				}
			}
			if evidence != c.evidence {
				t.Errorf("%s, %s: grant rests on %q, want %q", c.name, path, evidence, c.evidence)
			}
			warned := strings.Contains(strings.Join(result.Warnings, "\n"), "transactions were left out")
			if warned != c.warned {
				t.Errorf("%s, %s: warnings %q", c.name, path, result.Warnings)
			}
		}
	}
}
