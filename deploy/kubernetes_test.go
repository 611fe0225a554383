package deploy

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const (
	sweepFile = "kubernetes/sweep.yaml"
	mergeFile = "kubernetes/merge.yaml"
)

// documents returns the documents of a file.
func documents(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(b, []byte("\n---\n"))
}

// readJob reads a job, and returns an error for fields that Kubernetes does not know.
func readJob(text []byte) (job batch.Job, err error) {
	if err = yaml.UnmarshalStrict(text, &job); err == nil && (job.APIVersion != batch.SchemeGroupVersion.String() || job.Kind != "Job") {
		err = fmt.Errorf("it is a %s of %s", job.Kind, job.APIVersion)
	}
	return job, err
}

// Kubernetes accepts the job for a sweep, in which each index is a shard.
func TestSweepJob(t *testing.T) {
	all := documents(t, sweepFile)
	if len(all) != 2 {
		t.Fatalf("%d documents", len(all))
	}
	var claim core.PersistentVolumeClaim
	if err := yaml.UnmarshalStrict(all[0], &claim); err != nil || claim.Kind != "PersistentVolumeClaim" {
		t.Fatalf("%s: %v", claim.Kind, err)
	}
	job, err := readJob(all[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range append(wrongSweep(job), wrongPod(job, claim)...) {
		t.Error(wrong)
	}
}

// The merge job merges what the sweep job wrote, with the same image.
func TestMergeJob(t *testing.T) {
	all := documents(t, sweepFile)
	var claim core.PersistentVolumeClaim
	if err := yaml.UnmarshalStrict(all[0], &claim); err != nil {
		t.Fatal(err)
	}
	sweep, err := readJob(all[1])
	if err != nil {
		t.Fatal(err)
	}
	job, err := readJob(documents(t, mergeFile)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range wrongPod(job, claim) {
		t.Error(wrong)
	}
	theirs, c := sweep.Spec.Template.Spec.Containers[0], job.Spec.Template.Spec.Containers[0]
	if c.Image != theirs.Image || !slices.Equal(c.Args, []string{"merge", flagOf(theirs.Args, "out")}) || *job.Spec.BackoffLimit != 0 {
		t.Errorf("%s %v, after %s %v", c.Image, c.Args, theirs.Image, theirs.Args)
	}
}

// wrongSweep returns what is wrong with the job of a sweep.
func wrongSweep(job batch.Job) (wrong []string) {
	say := func(bad bool, text string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(text, args...))
		}
	}
	spec, pod := job.Spec, job.Spec.Template.Spec
	if spec.CompletionMode == nil || spec.Completions == nil || spec.Parallelism == nil || spec.BackoffLimitPerIndex == nil || spec.PodFailurePolicy == nil {
		return []string{"completionMode, completions, parallelism, backoffLimitPerIndex or podFailurePolicy is missing"}
	}
	args := pod.Containers[0].Args
	shards := regexp.MustCompile(`^auto/(\d+)$`).FindStringSubmatch(flagOf(args, "shard"))
	say(*spec.CompletionMode != batch.IndexedCompletion, "its completion mode is %s", *spec.CompletionMode)
	say(shards == nil || shards[1] != strconv.Itoa(int(*spec.Completions)), "%d completions of --shard=%s", *spec.Completions, flagOf(args, "shard"))
	say(*spec.Parallelism < 1 || *spec.Parallelism > *spec.Completions, "%d at a time of %d", *spec.Parallelism, *spec.Completions)
	say(*spec.BackoffLimitPerIndex < 1, "a shard that is killed is not begun again")
	// Kubernetes allows a pod failure policy only with this restart policy.
	say(pod.RestartPolicy != core.RestartPolicyNever, "restartPolicy is %s", pod.RestartPolicy)
	say(flagOf(args, "until-violations") == "", "a broken recipe fills the volume")
	// These are the job's actions for zklab's exit codes; pods with other codes are retried.
	actions := map[int32]batch.PodFailurePolicyAction{}
	for _, rule := range spec.PodFailurePolicy.Rules {
		if rule.OnExitCodes == nil {
			continue
		}
		say(rule.OnExitCodes.ContainerName == nil || *rule.OnExitCodes.ContainerName != pod.Containers[0].Name, "a rule is about no container")
		for _, code := range rule.OnExitCodes.Values {
			actions[code] = rule.Action
		}
	}
	for code, want := range map[int32]batch.PodFailurePolicyAction{
		1: batch.PodFailurePolicyActionFailIndex, 2: batch.PodFailurePolicyActionFailIndex, 64: batch.PodFailurePolicyActionFailJob,
	} {
		say(actions[code] != want, "exit code %d: %s", code, actions[code])
	}
	say(len(actions) != 3, "of %d exit codes is it said what becomes of them", len(actions))
	return wrong
}

// wrongPod returns what is wrong with the pods of a job, which work in the volume of a claim.
func wrongPod(job batch.Job, claim core.PersistentVolumeClaim) (wrong []string) {
	say := func(bad bool, text string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(text, args...))
		}
	}
	pod := job.Spec.Template.Spec
	say(!slices.Contains(claim.Spec.AccessModes, core.ReadWriteMany), "one node alone has the volume")
	say(len(pod.Volumes) != 1 || pod.Volumes[0].PersistentVolumeClaim == nil || pod.Volumes[0].PersistentVolumeClaim.ClaimName != claim.Name,
		"its volume is not that of the claim %s", claim.Name)
	for _, c := range pod.Containers {
		say(len(c.VolumeMounts) != 1 || len(pod.Volumes) != 1 || c.VolumeMounts[0].Name != pod.Volumes[0].Name, "%s has no volume", c.Name)
		if out := flagOf(c.Args, "out"); out != "" && len(c.VolumeMounts) == 1 {
			say(out != c.VolumeMounts[0].MountPath, "%s writes into %s", c.Name, out)
		}
		say(len(c.Command) > 0, "%s has another program than its image", c.Name)
		say(c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero(), "%s says nothing of what it needs", c.Name)
		s := c.SecurityContext
		say(s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}), "%s may more than it needs", c.Name)
	}
	say(pod.SecurityContext == nil || pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot, "it runs as root")
	return wrong
}

// flagOf returns the value of a flag that is written as --name=value.
func flagOf(args []string, name string) string {
	for _, a := range args {
		if value, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// Likely mistakes in the file are detected.
func TestSweepJobMistakes(t *testing.T) {
	text := string(documents(t, sweepFile)[1])
	for from, to := range map[string]string{
		"completions: 40":                 "completions: 39",
		"completionMode: Indexed":         "completionMode: NonIndexed",
		"backoffLimitPerIndex: 5":         "backoffLimitPerIndx: 5",
		"parallelism: 40":                 "parallelism: 41",
		"--shard=auto/40":                 "--shard=auto",
		"values: [1, 2]":                  "values: [1]",
		"values: [64]":                    "values: [3]",
		"restartPolicy: Never":            "restartPolicy: OnFailure",
		"--until-violations=50":           "--jobs=1",
		"--out=/sweep":                    "--out=/swept",
		"claimName: zklab-sweep":          "claimName: sweep",
		"cpu: \"1\"":                      "cpu: \"one\"",
		"runAsNonRoot: true":              "runAsNonRoot: yes please",
		"allowPrivilegeEscalation: false": "allowPrivilegeEscalation: true",
		"containerName: sweep":            "containerName: other",
		"completions: 40 # as many as":    "completions: forty # as many as",
		"  name: zklab-sweep\n  labels":   "  name: zklab-sweep\n  name: other\n  labels",
		"apiVersion: batch/v1\nkind: Job": "apiVersion: batch/v1beta1\nkind: Job",
	} {
		changed := strings.Replace(text, from, to, 1)
		if changed == text {
			t.Errorf("%q is not in the file", from)
			continue
		}
		var claim core.PersistentVolumeClaim
		if err := yaml.UnmarshalStrict(documents(t, sweepFile)[0], &claim); err != nil {
			t.Fatal(err)
		}
		job, err := readJob([]byte(changed))
		if err == nil && len(wrongSweep(job))+len(wrongPod(job, claim)) == 0 {
			t.Errorf("%q instead of %q is not seen", to, from)
		}
	}
}
