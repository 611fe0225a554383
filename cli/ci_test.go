package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// flows returns those parts of the workflows of docs/ci.md that run commands.
func flows(t *testing.T) (github struct {
	Jobs map[string]struct {
		Steps []struct{ Name, Run string }
	}
}, gitlab map[string]struct {
	Script    []string
	Artifacts struct {
		Reports struct{ JUnit string }
	}
},
) {
	t.Helper()
	page, err := os.ReadFile("../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")
	if len(blocks) != 3 {
		t.Fatalf("%d workflows", len(blocks)-1)
	}
	for i, into := range []any{&github, &gitlab} {
		text, _, _ := strings.Cut(blocks[i+1], "```")
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	return github, gitlab
}

// The commands of the workflows run unchanged, except that sweeps are shortened, in a folder with the files that
// zklab init writes. Both workflows install this command.
func TestGuideToCI(t *testing.T) {
	t.Parallel() // its runs in real time mostly wait
	github, gitlab := flows(t)
	var commands []string
	for _, step := range github.Jobs["experiment"].Steps {
		if step.Run != "" {
			commands = append(commands, step.Run)
		}
	}
	for _, job := range []string{"experiment", "nightly"} {
		commands = append(commands, gitlab[job].Script...)
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "page.md")
	runs := func(command string) {
		t.Helper()
		cmd := exec.Command("bash", "-e", "-c", command)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GITHUB_STEP_SUMMARY="+page)
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "::error") {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	runs("zklab init")
	ran := map[string]int{}
	for _, command := range commands {
		if strings.HasPrefix(command, "go install ") {
			if command != "go install github.com/zklab/zklab/cmd/zklab@latest" {
				t.Error(command)
			}
			ran["install"]++
			continue
		}
		ran[strings.Fields(command)[1]]++
		args := words(t, strings.ReplaceAll(strings.TrimPrefix(command, "zklab "), "experiment.yaml", filepath.Join(dir, "experiment.yaml")))
		if err := taken(args); err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		for _, long := range []string{"--for 20m", "--for 40m"} {
			command = strings.Replace(command, long, "--seeds 1..6", 1) // these seeds draw each fault of the file
		}
		runs(command)
	}
	if ran["install"] != 3 || ran["run"] != 2 || ran["sweep"] != 2 {
		t.Errorf("%v", ran)
	}
	if text, err := os.ReadFile(page); err != nil || strings.Count(string(text), "VALID: the lock kept every promise") != 1 {
		t.Errorf("%s, %v", text, err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, gitlab["experiment"].Artifacts.Reports.JUnit)); err != nil || len(found) == 0 {
		t.Errorf("no %s, %v", gitlab["experiment"].Artifacts.Reports.JUnit, err)
	}
}
