//go:build real && campaign

package conformance

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestRealDifferentialGenerated runs newly generated scripts on an embedded ensemble and on
// Apache ZooKeeper; -rapid.checks says how many times 24 of them.
func TestRealDifferentialGenerated(t *testing.T) {
	real, ours := realPlace(t, never), newRunning(t, generated.config)
	rapid.Check(t, func(rt *rapid.T) {
		scripts := rapid.SliceOfN(someScript, recordedAtOnce, recordedAtOnce).Draw(rt, "scripts")
		differences := make([]string, len(scripts))
		var all sync.WaitGroup
		for i, s := range scripts {
			all.Go(func() { differences[i] = confirmed(t, real, ours, s) })
		}
		all.Wait()
		for i, d := range differences {
			if d != "" {
				rt.Fatalf("this script:\n%s\nis seen differently (-Apache +embedded):\n%s", scripts[i], strings.TrimSpace(d))
			}
		}
	})
}

// confirmed returns a difference that occurs each time. On Apache's servers, a commit may or may not
// come between the handling of a request and its reply, and one server may apply it after another has
// acknowledged it.
func confirmed(t *testing.T, real, ours *place, s steps) (d string) {
	for range 3 {
		s := Script{Name: rand.Text()[:10], steps: s}
		var left, right string
		var both sync.WaitGroup
		both.Go(func() { left = s.play(t.Context(), real).String() })
		both.Go(func() { right = s.play(t.Context(), ours).String() })
		both.Wait()
		if d = cmp.Diff(left, right); d == "" {
			return ""
		}
	}
	return d
}
