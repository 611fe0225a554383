package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/store"
)

// Every command of the guide to faults is one that can run, up to the start of
// its ensemble, and has room for every fault in it.
func TestGuideToFaults(t *testing.T) {
	page, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab run ")
		if !ok {
			continue
		}
		commands++
		stored, err := merged(strings.Fields(command))
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		x, err := experiment(stored, &runFlags{faults: "from the command line"})
		if err == nil {
			x, err = x.Complete()
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		plan := x.Plan()
		if missed := faults.Missed(x.Faults, plan, x.TimeLimit); len(plan) == 0 || len(missed) > 0 {
			t.Errorf("%s: %d steps, %v", command, len(plan), missed)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}

	_, file, _ := strings.Cut(string(page), "```yaml\n")
	file, _, _ = strings.Cut(file, "```")
	path := t.TempDir() + "/experiment.yaml"
	if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	stored, err := store.ReadExperiment(path)
	if err != nil {
		t.Fatal(err)
	}
	expression, err := faults.Parse(stored.Faults.Expression())
	if err != nil || len(expression.Items()) != 3 || stored.FaultInterval != 8*time.Second {
		t.Errorf("%v, %v", expression, err)
	}
}
