package sweep

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
)

// Shard is a part of a sweep's seeds, for one of several machines: Index runs from 1 to Of. A seed
// belongs to the shard whose index is the seed modulo Of, or to the last shard if that is 0. So the
// shard of a seed stays the same when seeds are added, and the seeds of a range are spread evenly.
// The zero value means all seeds.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// mostShards bounds the number of shards: a larger number must be a mistake.
const mostShards = 1_000_000

// Whole reports whether the shard has all seeds.
func (s Shard) Whole() bool { return s.Of <= 1 }

// String returns the form that [ParseShard] reads, such as 3/20.
func (s Shard) String() string {
	if s.Whole() {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// Name returns the name of the shard's folder, such as 3-of-20.
func (s Shard) Name() string { return strings.ReplaceAll(s.String(), "/", "-of-") }

// places returns the step between the seeds of the shard, and its place within each step; 1 and 0
// if it has all seeds.
func (s Shard) places() (step, first int64) {
	if s.Whole() {
		return 1, 0
	}
	return int64(s.Of), int64(s.Index)
}

// ParseShard reads 3/20, "auto" (index and count by the environment of a job array) or
// auto/20 (only the index). environ looks a variable up; see os.LookupEnv.
func ParseShard(text string, environ func(string) (string, bool)) (Shard, error) {
	index, count, both := strings.Cut(text, "/")
	if index != "auto" {
		i, err1 := strconv.Atoi(index)
		n, err2 := strconv.Atoi(count)
		if !both || err1 != nil || err2 != nil || n < 1 || n > mostShards || i < 1 || i > n {
			return Shard{}, fmt.Errorf("shard %.40q: expected a shard's number and the number of shards, such as 3/20, or auto", text)
		}
		return Shard{i, n}, nil
	}
	n := 0
	if both {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 || n > mostShards {
			return Shard{}, fmt.Errorf("shard %.40q: expected the number of shards after auto/, such as auto/20", text)
		}
	}
	return autoShard(n, environ)
}

// array is a system that starts one command many times and gives each process its index.
type array struct {
	name  string
	index string // the variable with the index
	count string // the variable with the count; empty: there is none
	first string // the variable with the first index; empty: the first index is from
	last  string // the variable with the last index; empty: it follows from the others
	from  int
	step  string // the variable with the distance between two indices; empty: the distance is 1
	// alone means that the variables are set even if there is no array.
	alone bool
}

// arrays lists the systems whose variables are known, with the sources.
var arrays = []array{
	// Kubernetes, "Jobs, Completion mode": from 0 to .spec.completions - 1. No variable tells the
	// completions, and the downward API has no field for them.
	{name: "Kubernetes", index: "JOB_COMPLETION_INDEX"},
	// sbatch(1), OUTPUT ENVIRONMENT VARIABLES: --array sets the indices, which can begin anywhere.
	{name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", first: "SLURM_ARRAY_TASK_MIN", last: "SLURM_ARRAY_TASK_MAX", step: "SLURM_ARRAY_TASK_STEP"},
	// AWS Batch User Guide, "Environment variables": from 0; set in child jobs of array jobs only.
	{name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
	// GitLab, "Predefined CI/CD variables": from 1, set for jobs with the keyword parallel; for other jobs,
	// the total is 1.
	{name: "GitLab", index: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", from: 1},
	// CircleCI, "Built-in environment variables": from 0; 0 of 1 without parallelism.
	{name: "CircleCI", index: "CIRCLE_NODE_INDEX", count: "CIRCLE_NODE_TOTAL", alone: true},
}

// autoShard returns the shard that the environment names. A given count takes precedence over that
// of the environment.
func autoShard(count int, environ func(string) (string, bool)) (Shard, error) {
	var found []array
	for _, a := range arrays {
		if _, ok := environ(a.index); ok {
			found = append(found, a)
		}
	}
	if len(found) > 1 && found[len(found)-1].alone {
		found = found[:len(found)-1]
	}
	switch len(found) {
	case 0:
		var names []string
		for _, a := range arrays {
			names = append(names, a.index)
		}
		return Shard{}, fmt.Errorf("shard auto: none of %s is set: is this a job of an array? Otherwise give the shard, such as 3/20", strings.Join(names, ", "))
	case 1:
		s, err := found[0].shard(count, environ)
		if err != nil {
			return s, fmt.Errorf("shard auto, by %s: %w", found[0].name, err)
		}
		return s, nil
	}
	return Shard{}, fmt.Errorf("shard auto: both %s and %s are set; give the shard, such as 3/20", found[0].index, found[1].index)
}

// shard reads the variables.
func (a array) shard(count int, environ func(string) (string, bool)) (Shard, error) {
	number := func(name string, otherwise int) (int, error) {
		text, ok := environ(name)
		if name == "" || !ok {
			return otherwise, nil
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, fmt.Errorf("%s is %.40q, which is not a number", name, text)
		}
		return n, nil
	}
	index, err1 := number(a.index, 0)
	n, err2 := number(a.count, 0)
	first, err3 := number(a.first, a.from)
	step, err4 := number(a.step, 1)
	last, err5 := number(a.last, first+(n-1)*step)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return Shard{}, err
	}
	if a.first != "" && n > 0 && (count > 0 && n != count || last != first+(n-1)*step) {
		return Shard{}, fmt.Errorf("the array has %s from %d to %d, which may be part of a larger one; give the shard, such as $%s/20", prose.Count(n, "task"), first, last, a.index)
	}
	if count > 0 {
		n = count
	}
	place := index - first
	switch {
	case n == 0:
		return Shard{}, fmt.Errorf("%s is set, but not the number of shards; give it, as in auto/20", a.index)
	case step < 1 || place < 0 || place%step != 0 || place/step >= n:
		return Shard{}, fmt.Errorf("%s is %d, which is not one of %d from %d by %d; give the shard, such as 3/20", a.index, index, n, first, step)
	}
	return Shard{place/step + 1, n}, nil
}
