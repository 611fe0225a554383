package cli

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
)

// ranOnFullDisk returns the output of a simulated run that has no disk space for a file.
func ranOnFullDisk(t *testing.T, out, file string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "zklab-full", "run", "lock", "--simulate", "--time-limit", "1s", "--seed", "1", "--points", "--quiet", "--out", out)
	cmd.Env = append(os.Environ(), fullEnv+"="+file)
	var told, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return told.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// filesOfARun returns the files below a run's folder, with only one plot of each format.
func filesOfARun(t *testing.T, run string) (files []string) {
	t.Helper()
	plots := map[string]bool{}
	err := filepath.WalkDir(run, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(run, path)
		format := filepath.Ext(name)
		if strings.HasPrefix(name, "plots") && plots[format] {
			return nil
		}
		plots[format] = strings.HasPrefix(name, "plots")
		files = append(files, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// theRecord lists the files without which a run is lost.
var theRecord = []string{"experiment.yaml", "history.jsonl", "transactions.jsonl", "latest"}

// A verdict that was reached is printed and sets the exit code, for whichever file of the report there is no space,
// and one warning names the file. A verdict on a run without its record or its result does not count.
func TestNoRoomForAFile(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	wanted, stderr, code := ranOnFullDisk(t, whole, "no file is called so")
	verdict, _, _ := strings.Cut(strings.TrimSpace(wanted), "\n")
	if stderr != "" || code != usage.ExitValid && code != usage.ExitUnknown || strings.Contains(wanted, "no space") {
		t.Fatalf("%d, %s%s", code, stderr, wanted)
	}
	files := append(filesOfARun(t, filepath.Join(whole, "latest")+string(filepath.Separator)), "latest")
	if len(files) < 11 {
		t.Errorf("a run has %q", files)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			stdout, stderr, got := ranOnFullDisk(t, out, string(filepath.Separator)+file)
			if slices.Contains(theRecord, file) || file == "result.json" {
				left, _ := filepath.Glob(filepath.Join(out, "*", "*"))
				if got != usage.ExitFailed || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "cannot store the run: ") || strings.Contains(stderr, ".part") || (len(left) > 0) != (file == "result.json") {
					t.Errorf("%d, left %q, %s%s", got, left, stdout, stderr)
				}
				return
			}
			if first, _, _ := strings.Cut(strings.TrimSpace(stdout), "\n"); first != verdict || got != code || stderr != "" {
				t.Errorf("%d, not %d; %q, not %q; %s", got, code, first, verdict, stderr)
			}
			told := strings.Join(strings.Fields(stdout), " ")
			if strings.Count(told, "no space left on device") != 1 || !strings.Contains(told, "warning") || !strings.Contains(told, filepath.Base(file)) {
				t.Errorf("no warning that names it:\n%s", stdout)
			}
		})
	}
}

// If the store cannot be written, an error of one line tells so, with the name that was given.
func TestStoreThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		full string // the file of a run that does not fit; "": nothing can be written at all
	}{
		{"run", []string{"run", "lock", "--simulate"}, ""},
		{"run in real time", []string{"run", "lock"}, ""},
		{"repeated", []string{"run", "lock", "--simulate", "--repeat", "2"}, ""},
		{"sweep", []string{"sweep", "lock", "--seeds", "1..2"}, ""},
		{"record", []string{"run", "lock", "--simulate"}, "history.jsonl"},
		// In real time, the record is on the disk before there is a result.
		{"result in real time", []string{"run", "lock"}, "result.json"},
		{"record of a run of a sweep", []string{"sweep", "lock", "--subject", "broken", "--swarm=false", "--seeds", "1..2", "--jobs", "1"}, "history.jsonl"},
		{"result of a run of a sweep", []string{"sweep", "lock", "--subject", "broken", "--swarm=false", "--seeds", "1..2", "--jobs", "1"}, "result.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := "/proc/store"
			if tt.full != "" {
				out = t.TempDir()
			}
			cmd := exec.CommandContext(t.Context(), "zklab-full", append(tt.args, "--time-limit", "2s", "--quiet", "--out", out)...)
			cmd.Env = append(os.Environ(), fullEnv+"="+cmp.Or(tt.full, "history.jsonl"))
			var told, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &told, &errs
			_ = cmd.Run() // the exit code tells more
			stderr := errs.String()
			if cmd.ProcessState.ExitCode() != usage.ExitFailed || told.Len() > 0 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, out) ||
				strings.Contains(stderr, ".part") || strings.Contains(stderr, ".zklab-") {
				t.Errorf("%d, %s%s", cmd.ProcessState.ExitCode(), told.String(), stderr)
			}
		})
	}
}
