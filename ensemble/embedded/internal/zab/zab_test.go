package zab

import (
	"fmt"
	"testing"
)

// seeds is how many runs the ordinary test makes.
const seeds = 300

func TestSimulation(t *testing.T) {
	var sum coverage
	for seed := range uint64(seeds) {
		s := newSim(seed, nil)
		if err := s.play(); err != nil {
			replay(t, seed)
			t.Fatalf("seed %d: %v", seed, err)
		}
		u := s.used
		sum.Commits += u.Commits
		sum.Elections += u.Elections
		sum.Diffs += u.Diffs
		sum.Truncs += u.Truncs
		sum.Snaps += u.Snaps
		sum.Crashes += u.Crashes
		sum.Pauses += u.Pauses
		sum.Cuts += u.Cuts
		sum.SlowDisks += u.SlowDisks
		sum.Deposed += u.Deposed
		sum.Recovery = max(sum.Recovery, u.Recovery)
	}
	t.Logf("%+v", sum)
}

// replay plays a seed again and shows how it ended.
func replay(t *testing.T, seed uint64) {
	s := newSim(seed, nil)
	var lines []string
	s.trace = func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	_ = s.play()
	for _, line := range lines[max(0, len(lines)-150):] {
		t.Log(line)
	}
}
