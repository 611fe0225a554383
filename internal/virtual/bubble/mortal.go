package bubble

import (
	"context"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// Mortal is a virtual process. If it is killed, goroutines of it may remain when the run has ended: a real
// kill would have ended them. It is safe for concurrent use.
type Mortal struct{ number string }

// mortalLabel is the label of the goroutines of a Mortal. The goroutines that they start inherit it
// (runtime/pprof).
const mortalLabel = "zklab process"

var (
	mortals atomic.Uint64
	killed  sync.Map // numbers of the processes that were killed in the present bubble
)

// NewMortal returns a process that lives.
func NewMortal() *Mortal { return &Mortal{strconv.FormatUint(mortals.Add(1), 10)} }

// Go calls f in a goroutine of the process.
func (m *Mortal) Go(f func()) {
	go func() {
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(mortalLabel, m.number)))
		f()
	}()
}

// Kill records that the process was killed.
func (m *Mortal) Kill() { killed.Store(m.number, true) }

// ofLiving returns the goroutines that do not belong to a killed process.
func ofLiving(all []goroutine) []goroutine {
	return slices.DeleteFunc(slices.Clone(all), func(g goroutine) bool {
		_, is := killed.Load(g.mortal)
		return is
	})
}

// labeled calls f while the runtime prints the labels of goroutines.
func labeled(f func()) {
	const name = "GODEBUG"
	was, set := os.LookupEnv(name)
	if set {
		defer os.Setenv(name, was)
	} else {
		defer os.Unsetenv(name)
	}
	os.Setenv(name, was+",tracebacklabels=1")
	f()
}
