package cli

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/store"
)

// Every command of the guide to faults is one that can run, up to the start of
// its ensemble, and has room for every fault in it.
func TestGuideToFaults(t *testing.T) {
	page, err := os.ReadFile("../docs/faults.md")
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
		x, err := experimentOf(stored, &runFlags{faults: "from the command line"})
		if err == nil {
			x, err = x.Complete()
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		plan := x.Plan()
		if missed := x.Faults.Missed(plan, x.TimeLimit); len(plan) == 0 || len(missed) > 0 {
			t.Errorf("%s: %d steps, %v", command, len(plan), missed)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}

	stored := inGuide(t, string(page), 1)
	drawn, err := schedule(stored, &runFlags{})
	if err != nil || len(drawn.Items()) != 3 || stored.FaultInterval != 8*time.Second {
		t.Errorf("%v, %v", drawn, err)
	}
	given, err := schedule(inGuide(t, string(page), 2), &runFlags{})
	if err != nil || !given.HasGiven() || len(given.Items()) != 2 {
		t.Errorf("%v, %v", given, err)
	}
}

// inGuide is the n-th experiment file of a guide.
func inGuide(t *testing.T, page string, n int) store.Experiment {
	t.Helper()
	file, _, _ := strings.Cut(strings.Split(page, "```yaml\n")[n], "```")
	path := t.TempDir() + "/experiment.yaml"
	if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	stored, err := store.ReadExperiment(path)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// So is every command of the guide to ensembles of somebody else's.
func TestGuideToExternal(t *testing.T) {
	page, err := os.ReadFile("../docs/external.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(line, "    zklab run ")
		if !ok {
			continue
		}
		commands++
		stored, err := merged(shellWords(t, command))
		if err == nil {
			_, err = experimentOf(stored, &runFlags{})
		}
		if err != nil || stored.Nodes != 3 || stored.Ensemble != fromElsewhere {
			t.Errorf("%s: %+v, %v", command, stored, err)
		}
	}
	if commands < 4 {
		t.Errorf("only %d commands", commands)
	}
}

// Every command of the guide to ensembles is one that there is, with flags and
// values that are taken.
func TestGuideToEnsembles(t *testing.T) {
	page, err := os.ReadFile("../docs/ensemble.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab ensemble ")
		if !ok {
			continue
		}
		commands++
		if flags, ok := strings.CutPrefix(command, "up"); ok {
			if _, err := started(strings.Fields(flags)...); err != nil {
				t.Errorf("%s: %v", command, err)
			}
			continue
		}
		cmd, args, err := newEnsemble().Find(strings.Fields(command))
		if err == nil {
			err = cmd.ParseFlags(args)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil || cmd.Name() == "ensemble" {
			t.Errorf("%s: %v", command, err)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands", commands)
	}
}

// docs/commands.md names every command, and every exit code.
func TestGuideToCommands(t *testing.T) {
	page, err := os.ReadFile("../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range newRoot(new(bool)).Commands() {
		if row := "\n| `zklab " + cmd.Name(); !cmd.Hidden && cmd.Name() != "help" && !strings.Contains(string(page), row) {
			t.Errorf("no row of a table begins with zklab %s", cmd.Name())
		}
	}
	for _, code := range []int{exitValid, exitViolation, exitUnknown, exitFailed, exitUsage, exitDefect, exitInterrupted} {
		if !strings.Contains(string(page), fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("no row of a table begins with exit code %d", code)
		}
	}
}

// Every command of the questions and answers is one that there is, with flags and values that are taken; what is simulated
// comes to a verdict.
func TestFrequentlyAsked(t *testing.T) {
	page, err := os.ReadFile("../docs/faq.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(page)) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    zklab ")
		if !ok {
			continue
		}
		commands++
		args := shellWords(t, command)
		if strings.Contains(command, " --simulate") {
			if out, err := exec.Command("zklab", append(args, "--quiet", "--out", t.TempDir())...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
			continue
		}
		cmd, rest, err := newRoot(new(bool)).Find(args)
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err == nil && cmd.Name() == "run" {
			var stored store.Experiment
			if stored, err = merged(args[1:]); err == nil {
				_, err = experimentOf(stored, &runFlags{})
			}
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
	if commands < 6 {
		t.Errorf("only %d commands", commands)
	}
}

// shellWords are those into which a shell splits a command.
func shellWords(t *testing.T, command string) []string {
	t.Helper()
	words, err := exec.Command("sh", "-c", `for word in `+strings.TrimSpace(command)+`; do printf '%s\n' "$word"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(words)), "\n")
}

// Every experiment of these pages can run, up to the start of its ensemble.
func TestGuideToExperiments(t *testing.T) {
	commands := 0
	for _, path := range []string{"../README.md", "../docs/commands.md", "../docs/containers.md"} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(page)) {
			_, command, ok := strings.Cut(strings.TrimRight(line, "\n"), "zklab run ")
			if !ok || !strings.HasPrefix(line, "    ") {
				continue
			}
			commands++
			stored, err := merged(strings.Fields(command))
			if err == nil {
				_, err = experimentOf(stored, &runFlags{})
			}
			if err != nil {
				t.Errorf("%s: %s: %v", path, command, err)
			}
		}
	}
	if commands < 9 {
		t.Errorf("only %d commands", commands)
	}
}
