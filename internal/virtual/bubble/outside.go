package bubble

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
)

// outsideTests calls f with a test, in a program that runs none. testing/synctest opens bubbles only
// for tests, but testing.Main, which exists for other ways of running tests, runs one in any program:
// ours never ends, and calls the functions that it is sent.
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

// Benchmarks notes that Run is called by benchmarks, which have no test that the bubble could
// be part of: then it is as in a program that runs no tests. Call it before [InTests].
func Benchmarks() { outside.Store(true) }

// outside is whether this is a program that runs no tests, or none but benchmarks.
var outside atomic.Bool

// start starts the test, once, and gives where it is sent what to call.
var start = sync.OnceValue(func() chan<- func(*testing.T) {
	calls := make(chan func(*testing.T))
	testing.Init()
	if !flag.Parsed() { // or testing would take the program's own arguments for its
		outside.Store(true)
		_ = flag.CommandLine.Parse(nil)
	}
	all := func(_, _ string) (bool, error) { return true, nil }
	go testing.Main(all, []testing.InternalTest{{Name: "zklab", F: func(t *testing.T) { serve(t, calls) }}}, nil, nil)
	return calls
})

// serve is a test that never ends: goleak finds it where benchmarks ran.
func serve(t *testing.T, calls <-chan func(*testing.T)) {
	for f := range calls {
		f(t)
	}
}
