package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ranOnFullDisk is what a simulated run prints that finds no room for a file.
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

// filesOfARun are the files below a run's folder, with one plot of each format.
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

// A verdict that was reached is printed with its exit code, whichever file of the run there is no room for, and one
// warning says which file that is.
func TestNoRoomForAFile(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	wanted, stderr, code := ranOnFullDisk(t, whole, "no file is called so")
	verdict, _, _ := strings.Cut(strings.TrimSpace(wanted), "\n")
	if stderr != "" || code != exitValid && code != exitUnknown || strings.Contains(wanted, "no space") {
		t.Fatalf("%d, %s%s", code, stderr, wanted)
	}
	files := append(filesOfARun(t, filepath.Join(whole, "latest")+string(filepath.Separator)), "latest")
	if len(files) < 11 {
		t.Errorf("a run has %q", files)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, got := ranOnFullDisk(t, t.TempDir(), string(filepath.Separator)+file)
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
