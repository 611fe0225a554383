//go:build real && unix

package dockertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Of two locks, the third who wants one waits until one is free.
func TestRealLocks(t *testing.T) {
	var names []string
	for _, name := range []string{"a", "b"} {
		name = fmt.Sprintf("test-%d-%s", os.Getpid(), name)
		names = append(names, name)
		t.Cleanup(func() { os.Remove(filepath.Join(os.TempDir(), "zklab-dockertest-"+name+".lock")) })
	}
	lock := func() (release func()) {
		release, err := lockOneOf(names...)
		if err != nil {
			t.Error(err)
		}
		return release
	}
	first, second := lock(), lock()
	third := make(chan func())
	go func() { third <- lock() }()
	select {
	case <-third:
		t.Error("three have two locks")
	case <-time.After(10 * betweenTries):
	}
	first()
	(<-third)()
	second()
}
