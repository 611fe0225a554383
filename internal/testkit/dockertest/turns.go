package dockertest

import (
	"sync"
	"testing"
)

// turn is this process's right to use containers, which one process has at a time.
var turn struct {
	sync.Mutex
	tests   int // that use containers now
	release func()
}

// takeTurn waits until no other process uses containers, and keeps other processes away until this
// test, and all other tests of this process that use containers, are over.
func takeTurn(t testing.TB) {
	t.Helper()
	turn.Lock()
	defer turn.Unlock()
	if turn.tests == 0 {
		release, err := lockMachine()
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
