package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// What is wrong on purpose with the store itself is a violation, by its name on the
// command line, of the property that the list says, on the default ensemble. One of each
// workload is so in real time.
func TestPlantedDefectsByName(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine's tests run all of them in virtual time, too")
	}
	program := copied(t, "zklab")
	var all []workloads.Subject
	for _, m := range models.All() {
		if m.Store {
			all = append(all, workloads.Subjects(m.Name)...)
		}
	}
	inRealTime := map[string]bool{} // by recipe
	for _, s := range all {
		if s.Property == "" {
			continue
		}
		how := []string{"--time-limit", "8s"}
		if inRealTime[s.Recipe] {
			how = append(how, "--simulate")
		}
		inRealTime[s.Recipe] = true
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			const runs = 3 // a fault may miss the right moment
			for range runs {
				if finds(runNamed(t, program, s, how), s.Property) {
					return
				}
			}
			t.Errorf("no violation of %s in %d runs", s.Property, runs)
		})
	}
}

// runNamed gives what the command prints of a run, and wants the exit code that goes
// with it.
func runNamed(t *testing.T, program string, s workloads.Subject, how []string) *store.Result {
	t.Helper()
	args := append([]string{
		"run", s.Recipe, "--subject", s.Name, "--faults", s.Faults, "--rate", "200", "--keys", "2", "--min-load", "0",
		"--out", t.TempDir(), "--json",
	}, how...)
	cmd := exec.Command(program, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r store.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %v: %s", args, err, said.String())
	}
	if got, want := cmd.ProcessState.ExitCode(), exitOf(r.Verdict); got != want || r.Subject != s.Name {
		t.Errorf("%v: exit code %d, want %d; subject %q", args, got, want, r.Subject)
	}
	return &r
}

func finds(r *store.Result, property string) bool {
	return r.Verdict == checker.Violation && slices.ContainsFunc(r.Verdicts, func(v checker.Verdict) bool {
		return v.Property == property && v.Result == checker.Violation && len(v.Witness) > 0
	})
}
