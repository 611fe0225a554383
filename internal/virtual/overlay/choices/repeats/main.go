// Command repeats is built with the overlay, and run, by TestRepeats of package overlay: it writes what
// happened in a seeded bubble to the file that its argument names; without an argument it tests stuck
// goroutines ([choices.StuckIsLeft]). It is not a test binary, because more of the standard library
// would have to be built for that.
package main

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/zklab/zklab/internal/virtual/overlay/choices"
)

func main() {
	tests := []testing.InternalTest{{Name: "StuckIsLeft", F: choices.StuckIsLeft}}
	if len(os.Args) > 1 {
		path := os.Args[1]
		tests = []testing.InternalTest{
			{Name: "SeededBubbles", F: func(t *testing.T) { seededBubbles(t, path) }},
			{Name: "LargeIsClear", F: choices.LargeIsClear},
		}
	}
	testing.Init()
	_ = flag.CommandLine.Parse(nil)
	all := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(all, tests, nil, nil)
}

// seededBubbles requires the same trace for the same seed, in the first bubble of the process and in
// later ones, and another trace for another seed.
func seededBubbles(t *testing.T, path string) {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	choices.Disturb(t)
	bubble := func(seed uint64) []string {
		runtime.GC()
		cryptotest.SetGlobalRandom(t, seed)
		return choices.Trace(t)
	}
	trace := bubble(1)
	for range 5 {
		if d := choices.Difference(trace, bubble(1)); d != "" {
			t.Errorf("two bubbles differ: %s", d)
		}
	}
	if choices.Difference(trace, bubble(2)) == "" {
		t.Error("another seed makes no difference")
	}
	if err := os.WriteFile(path, []byte(strings.Join(trace, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}
