//go:build real && campaign && linux

package cli

import (
	"math/rand/v2"
	"testing"
)

// This is TestRealSweepKilled with kills at random places, many times.
func TestSweepKilledAtRandom(t *testing.T) {
	for _, jobs := range []string{"1", "2"} {
		t.Run(jobs+" jobs", func(t *testing.T) {
			k := newKilled(t, "1..40")
			for range 8 {
				k.kill(t, jobs, rand.IntN(k.share(t, 1)), rand.IntN(2) == 0)
			}
			k.comesToTheSame(t)
		})
	}
}
