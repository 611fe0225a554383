package bubble

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
)

// outsideTests calls f with a test, in a program that runs none. testing/synctest opens bubbles only for
// tests. But testing.Main, which exists for other ways of running tests, runs a test in any program: the test
// here never ends, and calls the functions that it receives.
func outsideTests(f func(t *testing.T)) {
	if InTests() {
		panic("bubble: in a test, say of which it is part")
	}
	done := make(chan struct{})
	start() <- func(t *testing.T) {
		defer close(done)
		t.Run("run", f)
	}
	<-done
}

// InTests reports whether this process runs tests. The binary of a test that acts as another program,
// as with testscript, runs none: its flags were not parsed.
func InTests() bool { return testing.Testing() && flag.Parsed() && !outside.Load() }

// Benchmarks declares that benchmarks call Run. They have no test that the bubble could be part of, so
// Run then works as in a program that runs no tests. Call it before [InTests].
func Benchmarks() { outside.Store(true) }

// outside means that this program runs no tests, or only benchmarks.
var outside atomic.Bool

// start starts the test, once, and returns the channel to which callers send the functions for it.
var start = sync.OnceValue(func() chan<- func(*testing.T) {
	calls := make(chan func(*testing.T))
	testing.Init()
	if !flag.Parsed() { // otherwise testing would take the program's own arguments for its flags
		outside.Store(true)
		_ = flag.CommandLine.Parse(nil)
	}
	all := func(_, _ string) (bool, error) { return true, nil }
	go testing.Main(all, []testing.InternalTest{{Name: "zklab", F: func(t *testing.T) { serve(t, calls) }}}, nil, nil)
	return calls
})

// serve is the test that never ends. After benchmarks, goleak recognizes it by its name.
func serve(t *testing.T, calls <-chan func(*testing.T)) {
	for f := range calls {
		f(t)
	}
}
