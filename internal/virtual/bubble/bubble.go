// Package bubble runs a function in a bubble of testing/synctest so that everything that happens
// follows from a seed, as far as that is possible in a process. It knows nothing of zklab.
//
// Besides virtual time, this requires: one processor, so that goroutines take turns in the order in which
// they became runnable; waits of package recipes that end at different instants (package jitter); no garbage
// collection meanwhile, which stops the world and moves the running goroutine to the end of the queue; and
// random bytes (crypto/rand) that follow from the seed. The runtime still makes some choices: which case of a
// select, where the iteration of a map begins, math/rand's own numbers. Package overlay has a runtime in
// which these follow from the seed as well.
package bubble

import (
	crand "crypto/rand"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/virtual/overlay"
)

// one allows one bubble at a time, since its settings apply to the whole process.
var one sync.Mutex

// Run calls f in a bubble and waits until every goroutine that it started has ended. t is the test that
// it is part of, or nil in a program that is not a test. Random bytes follow from the seed until t
// ends: give each run a subtest if that matters for what comes after it. Run may be called by many
// goroutines; they take turns. f must wait for nothing outside of the bubble, and read and write no
// files: a system call that blocks lets other goroutines run.
//
// f may call moved whenever something happens, so that the bubble is not considered stuck when much
// happens in little virtual time. The result is nil, or says why the bubble could not be held: see
// [Unheld]. In that case Run still returns, and leaves the goroutines that do not end. A panic in the
// bubble ends the process, as in any test.
func Run(t *testing.T, seed uint64, f func(moved func())) *Unheld {
	return RunSeen(t, seed, func() {}, f)
}

// RunSeen is like Run, and calls look now and then while f runs: at most once a second of real time,
// one call after the other, and outside of the bubble, where it may write. look must not wait for the
// bubble, and must not lock a mutex that f locks: otherwise looking would change what happens.
func RunSeen(t *testing.T, seed uint64, look func(), f func(moved func())) *Unheld {
	one.Lock()
	defer one.Unlock()
	if spinning != nil {
		return spinning
	}
	defer single()()
	defer jitter.Begin()()
	defer uncollected(t != nil)()
	var unheld *Unheld
	within := func(t *testing.T) {
		exact = exact.ask(t)
		if !overlay.Seed(t, seed) {
			defer seeded(seed)()
		}
		unheld = hold(t, look, f)
	}
	if t == nil {
		outsideTests(within)
	} else {
		within(t)
	}
	if unheld != nil && unheld.Spins {
		spinning = &Unheld{Spins: true, Why: "code of an earlier simulation still occupies the processor: " + unheld.Why}
	}
	return unheld
}

// spinning describes code that keeps using a processor until this process ends; nil if there is none. The
// mutex one guards it. While there is such code, no bubble begins, since it would not be repeatable.
var spinning *Unheld

// exactness says whether the runtime's own choices also follow from the seed.
type exactness int

const (
	unasked exactness = iota
	stock
	overlaid
)

var exact exactness // one guards it

func (e exactness) ask(t *testing.T) exactness {
	switch {
	case e != unasked:
		return e
	case overlay.Active(t):
		return overlaid
	}
	return stock
}

// Exact reports whether the binary that did the runs so far was built with the overlay. With the
// overlay, a run is the same each time; without it, nearly always.
func Exact() bool {
	one.Lock()
	defer one.Unlock()
	return exact == overlaid
}

// single leaves one processor until it is undone.
func single() (undo func()) {
	before := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(before) }
}

// Garbage is collected between runs once there is this much of it, in bytes: seldom enough that
// collecting takes little of the time of small runs, and often enough that reused memory is still in
// the processor's caches. Within a run, garbage is collected only if it would take more memory than
// most machines have to spare.
const (
	collectAbove = 48 << 20
	collectAt    = 3 << 30
)

// uncollected stops garbage collection until it is undone. In a test, undo leaves the process as it
// was. A program that simulates has hardly any other garbage, and begins its next run soon: by default,
// the garbage of each run would be collected separately, which takes a third of the time of a small
// one.
func uncollected(inTest bool) (undo func()) {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, collectAt))
	return func() {
		if heap() > collectAbove {
			runtime.GC()
		}
		if inTest {
			debug.SetMemoryLimit(limit)
			debug.SetGCPercent(percent)
		}
	}
}

// heap returns the size in bytes of the objects that have not been collected.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// seeded makes random bytes follow from a seed until it is undone.
func seeded(seed uint64) (undo func()) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	before := crand.Reader
	crand.Reader = &reader{source: rand.NewChaCha8(key)}
	return func() { crand.Reader = before }
}

// reader may be read by many goroutines at once.
type reader struct {
	mu     sync.Mutex
	source io.Reader
}

func (r *reader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(b)
}
