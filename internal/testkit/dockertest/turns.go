package dockertest

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// turn is this process's right to use containers, which as many processes have at a time as turns returns names.
var turn struct {
	sync.Mutex
	tests   int // that use containers now
	release func()
}

// turns names the turns: one for two processors. An ensemble is three Java servers, a process may have several, and
// with more of them at once servers take longer than a minute to become healthy.
func turns() (names []string) {
	for i := range max(1, runtime.NumCPU()/2) {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// takeTurn waits for a turn, and keeps it until this test, and all other tests of this process that use containers,
// are over.
func takeTurn(t testing.TB) {
	t.Helper()
	turn.Lock()
	defer turn.Unlock()
	if turn.tests == 0 {
		release, err := lockOneOf(turns()...)
		if err != nil {
			t.Fatalf("waiting for tests of other processes: %v", err)
		}
		turn.release = release
	}
	turn.tests++
	t.Cleanup(endTurn)
}

func endTurn() {
	turn.Lock()
	defer turn.Unlock()
	turn.tests--
	if turn.tests == 0 {
		turn.release()
	}
}
