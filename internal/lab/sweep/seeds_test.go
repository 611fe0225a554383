package sweep

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseSeeds(t *testing.T) {
	for text, want := range map[string]string{
		"42": "42", "1..10000": "1..10000", "1..100,7": "1..100", "7,1..3,4": "1..4,7", "5..5": "5",
		" 1..2 , 9 ": "1..2,9", "3,3,3": "3", "1..9007199254740991": "1..9007199254740991",
	} {
		s, err := ParseSeeds(text)
		if err != nil || s.String() != want {
			t.Errorf("%q: %s, %v; want %s", text, s, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "expected whole numbers", "0..5": "from 1", "5..1": "write 1..5", "1...5": "expected", "one": "expected",
		"1..": "expected", "-1": "expected", "1,,2": "expected", "9007199254740992": "expected", "1-5": "expected",
	} {
		if s, err := ParseSeeds(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %s, %v; want %q", text, s, err, want)
		}
	}
}

// Whatever the seeds and the number of shards: each seed is in exactly one shard, the counts are right,
// and a seed stays in its shard when there are more seeds.
func TestShardsOfSeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Seeds
		for range rapid.IntRange(1, 4).Draw(t, "ranges") {
			first := rapid.Int64Range(1, 300).Draw(t, "first")
			s = append(s, Range{first, first + rapid.Int64Range(0, 40).Draw(t, "more")})
		}
		s = s.joined()
		n := rapid.IntRange(1, 9).Draw(t, "shards")
		var dealt []int64
		for i := 1; i <= n; i++ {
			shard := Shard{i, n}
			own := slices.Collect(s.of(shard))
			if got := shard.Seeds(s); got != int64(len(own)) {
				t.Fatalf("shard %s of %s: counted %d of %v", shard, s, got, own)
			}
			if !slices.IsSorted(own) {
				t.Fatalf("shard %s of %s: %v", shard, s, own)
			}
			more := slices.Collect(append(slices.Clone(s), Range{400, 420}).of(shard))
			if !slices.Equal(more[:len(own)], own) {
				t.Fatalf("shard %s: %v, with more seeds %v", shard, own, more)
			}
			dealt = append(dealt, own...)
		}
		slices.Sort(dealt)
		if !slices.Equal(dealt, slices.Collect(s.All())) || int64(len(dealt)) != s.Count() {
			t.Fatalf("%s in %d shards: %v", s, n, dealt)
		}
		again, err := ParseSeeds(s.String())
		if err != nil || !slices.Equal(again, s) || !again.Includes(s) {
			t.Fatalf("%s is read as %s, %v", s, again, err)
		}
	})
}

func TestSeedSet(t *testing.T) {
	var s seedSet
	for _, seed := range []int64{1, 2, 64, 65, 3, 2} {
		s.add(seed)
	}
	all := Seeds{{1, 5}, {63, 66}, {1000, 2_000_000_000}}
	if got := s.missing(all, Shard{}, 9); got.String() != "4..5,63,66,1000..2000000000" || s.n != 5 {
		t.Errorf("missing %s, %d in it", got, s.n)
	}
	if got := s.missing(all, Shard{}, 2); got.String() != "4..5,63" {
		t.Errorf("the first two ranges that are missing: %s", got)
	}
	if got := s.missing(Seeds{{1, 9}}, Shard{2, 3}, 9); got.String() != "5,8" {
		t.Errorf("missing of shard 2 of 3: %s", got)
	}
	for n, want := range map[int][]int64{1: {5}, 3: {2, 2, 1}, 4: {2, 1, 1, 1}} { // 1, 2, 3, 64, 65
		if got := s.counts(n); !slices.Equal(got, want) {
			t.Errorf("%d shards have %d of them, want %d", n, got, want)
		}
	}
}

func TestSeedsInclude(t *testing.T) {
	for _, test := range []struct {
		all, some string
		want      bool
	}{
		{"1..10", "1..10", true},
		{"1..10", "2,5..6", true},
		{"1..10", "5..11", false},
		{"1..3,5", "4", false},
		{"1..3,5", "3..5", false},
	} {
		all, _ := ParseSeeds(test.all)
		some, _ := ParseSeeds(test.some)
		if all.Includes(some) != test.want {
			t.Errorf("%s includes %s: %v", all, some, !test.want)
		}
	}
}

// slurm returns the environment of a task of a Slurm job array.
func slurm(id, count, first, last, step string) map[string]string {
	return map[string]string{
		"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_MIN": first,
		"SLURM_ARRAY_TASK_MAX": last, "SLURM_ARRAY_TASK_STEP": step,
	}
}

func TestParseShard(t *testing.T) {
	k8s := map[string]string{"JOB_COMPLETION_INDEX": "2"}
	for _, test := range []struct {
		text    string
		environ map[string]string
		want    string // a shard, or part of the error
	}{
		{"3/20", nil, "3/20"},
		{"1/1", nil, "1/1"},
		{"0/20", nil, "expected a shard's number"},
		{"21/20", nil, "expected a shard's number"},
		{"3", nil, "expected a shard's number"},
		{"3/x", nil, "expected a shard's number"},
		{"auto", nil, "none of JOB_COMPLETION_INDEX, "},
		{"auto/0", k8s, "expected the number of shards"},
		{"auto/5", k8s, "3/5"},
		{"auto", k8s, "give it, as in auto/20"},
		{"auto/2", k8s, "is not one of 2"},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_STEP": "2"}, "4/4"},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "22", "SLURM_ARRAY_TASK_COUNT": "5", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_STEP": "1"}, "by Slurm: SLURM_ARRAY_TASK_ID is 22"},
		{"auto", slurm("7", "1", "7", "7", "1"), "1/1"},
		{"auto/40", slurm("7", "40", "1", "40", "1"), "7/40"},
		{"auto/40", slurm("7", "1", "7", "7", "1"), "by Slurm: the array has 1 task from 7 to 7, which may be part of a larger one; give the shard, such as $SLURM_ARRAY_TASK_ID/20"},
		{"auto", slurm("2", "3", "1", "9", "1"), "the array has 3 tasks from 1 to 9"},
		{"auto", slurm("5", "3", "1", "9", "4"), "2/3"},
		{"auto", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "10"}, "1/10"},
		{"auto", map[string]string{"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}, "1/3"},
		{"auto", map[string]string{"CI_NODE_TOTAL": "1"}, "none of"}, // a GitLab job without parallel
		{"auto", map[string]string{"CIRCLE_NODE_INDEX": "2", "CIRCLE_NODE_TOTAL": "3"}, "3/3"},
		{"auto", map[string]string{"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1", "CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}, "2/4"},
		{"auto", map[string]string{"CI_NODE_INDEX": "1", "JOB_COMPLETION_INDEX": "1"}, "both JOB_COMPLETION_INDEX and CI_NODE_INDEX"},
		{"auto", map[string]string{"CI_NODE_INDEX": "one", "CI_NODE_TOTAL": "3"}, "not a number"},
	} {
		s, err := ParseShard(test.text, func(name string) (string, bool) {
			v, ok := test.environ[name]
			return v, ok
		})
		got := s.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) || (err == nil) != (got == test.want) || strings.Contains(got, "\n") {
			t.Errorf("%s with %v: %s; want %s", test.text, test.environ, got, test.want)
		}
	}
}
