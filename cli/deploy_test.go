package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/cli/internal/manyruns"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/specimens"
)

// planned returns the plan of zklab sweep for some arguments, without running anything.
func planned(args []string) (d sweep.Description, s manyruns.SweepFlags, err error) {
	swept := manyruns.NewSwept(specimens.Catalog{})
	cmd := manyruns.SweepCommand(&s, swept)
	if err = cmd.ParseFlags(args); err != nil {
		return d, s, err
	}
	if err = swept.Complete(cmd, cmd.Flags().Args(), s.Swarm); err != nil {
		return d, s, err
	}
	if d, err = s.Plan(cmd, swept); err == nil {
		_, err = swept.Experiment(d.Seeds[0].First)
	}
	return d, s, err
}

// taken returns an error unless zklab accepts the arguments.
func taken(args []string) error {
	if len(args) > 0 && args[0] == "sweep" {
		_, _, err := planned(args[1:])
		return err
	}
	cmd, args, err := zklabRoot().Find(args)
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	return err
}

// Every command of the guide to sweeps is accepted.
func TestGuideToSweeps(t *testing.T) {
	t.Setenv("CI_NODE_INDEX", "3")
	t.Setenv("CI_NODE_TOTAL", "20")
	page, err := os.ReadFile("../docs/sweeps.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, line := range regexp.MustCompile(`(?m)^ +(?:- )?(zklab|sbatch \S+\.sbatch) (.*)$`).FindAllStringSubmatch(string(page), -1) {
		commands++
		command, _, _ := strings.Cut(line[2], " || ")
		if strings.HasPrefix(line[1], "sbatch") {
			command = "sweep " + command
		}
		if err := taken(words(t, command)); err != nil {
			t.Errorf("%s: %v", line[0], err)
		}
	}
	if commands < 9 {
		t.Errorf("only %d commands", commands)
	}
	if err := taken(words(t, "sweep lock --sharp 1/2")); err == nil {
		t.Error("a flag that there is not is taken")
	}
}

// words splits a command as a shell does.
func words(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `for word in `+command+`; do printf '%s\n' "$word"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// The arguments of the pods are accepted, and each index is a different shard.
func TestKubernetesCommands(t *testing.T) {
	b, err := os.ReadFile("../deploy/kubernetes/sweep.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []string{"0", "39"} {
		t.Setenv("JOB_COMPLETION_INDEX", index)
		d, s, err := planned(podArguments(t, b, 1)[1:])
		if want := map[string]int{"0": 1, "39": 40}[index]; err != nil || d.Shard != (sweep.Shard{Index: want, Of: 40}) || s.Violations == 0 {
			t.Errorf("index %s: %+v, %v", index, d, err)
		}
	}
	if b, err = os.ReadFile("../deploy/kubernetes/merge.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := taken(podArguments(t, b, 0)); err != nil {
		t.Error(err)
	}
}

// podArguments returns the arguments of the pod of a job, in the n-th document of a file.
func podArguments(t *testing.T, file []byte, n int) []string {
	t.Helper()
	var job struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct{ Args []string }
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(strings.Split(string(file), "\n---\n")[n]), &job); err != nil {
		t.Fatal(err)
	}
	return job.Spec.Template.Spec.Containers[0].Args
}

// pretender makes a program zklab that records its arguments and exits with a code. It returns the
// folder of the program.
func pretender(t *testing.T, code string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$0.args\"\necho told\nexit " + code + "\n"
	if err := os.WriteFile(filepath.Join(dir, "zklab"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// written returns the arguments that a pretender was called with.
func written(t *testing.T, dir string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "zklab.args"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// The script for Slurm passes its arguments on with their quoting, and a shard is the same in an array
// of all tasks and of a few. The number of tasks in the script is the number of shards.
func TestSlurmScript(t *testing.T) {
	const script = "../deploy/slurm/sweep.sbatch"
	b, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	array := regexp.MustCompile(`(?m)^#SBATCH --array=1-(\d+)$`).FindStringSubmatch(string(b))
	if array == nil {
		t.Fatal("it asks for no array")
	}
	for shards, want := range map[string]string{"": "7/" + array[1], "SHARDS=1000": "7/1000"} {
		dir := pretender(t, "1")
		cmd := exec.Command("sh", script, "lock", "--faults", "pause/2s, kill/3s", "--seeds", "1..100000")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SLURM_ARRAY_TASK_ID=7", shards)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%v: %s", err, out)
		}
		args := written(t, dir)
		d, _, err := planned(args[1:])
		if err != nil || args[0] != "sweep" || d.Shard.String() != want || !slices.Contains(args, "pause/2s, kill/3s") {
			t.Errorf("%q: %+v, %v", args, d, err)
		}
	}
}

// The steps of the workflow run commands that are accepted. A violation does not fail a shard, but
// every other error does; a violation fails the merge, whose summary is shown all the same.
func TestGitHubCommands(t *testing.T) {
	b, err := os.ReadFile("../deploy/github/sweep.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var flow struct {
		Jobs map[string]struct {
			Strategy struct{ Matrix struct{ Shard []int } }
			Steps    []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(b, &flow); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ job, code, want string }{
		{"shard", "0", "0"},
		{"shard", "1", "0"},
		{"shard", "2", "0"},
		{"shard", "3", "1"},
		{"shard", "137", "1"},
		{"merge", "0", "0"},
		{"merge", "1", "1"},
		{"merge", "2", "2"},
		{"merge", "3", "3"},
	} {
		dir := pretender(t, test.code)
		ran := 0
		for _, step := range flow.Jobs[test.job].Steps {
			if step.Name != "sweep" && step.Name != "merge" {
				continue
			}
			ran++
			run := strings.NewReplacer("${{ matrix.shard }}", "20", "${{ strategy.job-total }}", "20").Replace(step.Run)
			cmd := exec.Command("bash", "-e", "-c", run) // the way GitHub runs steps
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "page"))
			out, err := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); test.want != "1" && got != int(test.want[0]-'0') || test.want == "1" && got == 0 {
				t.Errorf("%s, where zklab ends with %s: %v\n%s", test.job, test.code, err, out)
			}
			args := written(t, dir)
			if err := taken(args); err != nil {
				t.Errorf("%s: %v", step.Run, err)
			} else if test.job == "shard" && !slices.Contains(args, "20/20") {
				t.Errorf("%s runs no shard 20 of 20", step.Run)
			}
			if page, err := os.ReadFile(filepath.Join(dir, "page")); test.job == "merge" && !strings.Contains(string(page), "told") {
				t.Errorf("the summary of the run: %s, %v", page, err)
			}
		}
		if ran != 1 {
			t.Errorf("%d steps of %s", ran, test.job)
		}
	}
	if shards := flow.Jobs["shard"].Strategy.Matrix.Shard; !slices.Equal(shards, upTo(len(shards))) || len(shards) < 2 {
		t.Errorf("shards %v", shards)
	}
}

// upTo returns the numbers from 1 to n.
func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}
