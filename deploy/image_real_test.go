//go:build real

package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

// With the image that the job names, its pods do what the file says, as far as a Docker engine can show
// that: they do not run as root, can write only to the volume, and each index is a shard, of which
// there are few here. Build the image with "make sweep-image"; without it the test is skipped, or fails
// if ZKLAB_REAL=required.
func TestRealPods(t *testing.T) {
	sweep, err := readJob(documents(t, sweepFile)[1])
	if err != nil {
		t.Fatal(err)
	}
	merge, err := readJob(documents(t, mergeFile)[0])
	if err != nil {
		t.Fatal(err)
	}
	image := sweep.Spec.Template.Spec.Containers[0].Image
	if out, err := exec.Command("docker", "image", "inspect", image).CombinedOutput(); err != nil {
		if os.Getenv("ZKLAB_REAL") == "required" {
			t.Fatalf("%v: %s", err, out)
		}
		t.Skipf("no image %s here: make sweep-image", image)
	}
	volume := t.TempDir()
	if err := os.Chmod(volume, 0o777); err != nil { // like fsGroup
		t.Fatal(err)
	}
	const shards = 4
	for _, index := range []int{0, 1, 2, 3, 2} { // one index again, as after the loss of a node
		pod(t, sweep.Spec.Template.Spec, volume, index, fmt.Sprint("--shard=auto/", shards), "--seeds=1..8", "--time-limit=1s")
	}

	out := pod(t, merge.Spec.Template.Spec, volume, 0, "--json")
	var s struct {
		Runs   int
		Shards []struct{ Seeds, Done int }
		Absent []struct{}
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if s.Runs != 2*shards || len(s.Shards) != shards || len(s.Absent) > 0 {
		t.Errorf("%d runs, %d shards, %d absent", s.Runs, len(s.Shards), len(s.Absent))
	}
	for i, h := range s.Shards {
		if h.Done != h.Seeds || h.Seeds != 2 {
			t.Errorf("shard %d has %d of %d seeds", i+1, h.Done, h.Seeds)
		}
	}
	if _, err := os.Stat(filepath.Join(volume, "sweep.html")); err != nil {
		t.Error(err)
	}
	journals, err := filepath.Glob(filepath.Join(volume, "sweeps", "lock", "*", "*", "runs.jsonl"))
	if err != nil || len(journals) != shards {
		t.Fatalf("%d shards in the volume, %v", len(journals), err)
	}
	for _, path := range journals {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(regexp.MustCompile(`(?m)^\{"seed":`).FindAll(b, -1)); n != 2 {
			t.Errorf("%s has %d runs", path, n)
		}
	}
}

// pod runs the container of a pod with more arguments, which override earlier ones of the same name,
// and returns its output. The exit code must be that of a sweep with a result.
func pod(t *testing.T, spec core.PodSpec, volume string, index int, more ...string) string {
	t.Helper()
	c, own := spec.Containers[0], spec.SecurityContext
	args := []string{
		"run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
		"--user=" + strconv.FormatInt(*own.RunAsUser, 10) + ":" + strconv.FormatInt(*own.RunAsGroup, 10),
		"--memory=" + strconv.FormatInt(c.Resources.Limits.Memory().Value(), 10),
		"--env=JOB_COMPLETION_INDEX=" + strconv.Itoa(index),
		"--volume=" + volume + ":" + c.VolumeMounts[0].MountPath, c.Image,
	}
	cmd := exec.Command("docker", append(append(args, c.Args...), more...)...)
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code > 2 {
		t.Fatalf("index %d: %v\n%s%s", index, err, out, told.String())
	}
	return string(out)
}
