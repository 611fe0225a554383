package panics_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/internal/base/panics"
)

// The place of a panic is in the code that made the mistake, not in the library that noticed it.
func TestPlace(t *testing.T) {
	var mutex *sync.Mutex
	var conn *zk.Conn
	negative := -1
	for name, mistake := range map[string]func(){
		"own":       func() { panic("no") },
		"mutex":     func() { mutex.Lock() },
		"zookeeper": func() { _, _, _ = conn.Get("/a") },
		"repeat":    func() { _ = strings.Repeat("x", negative) },
	} {
		func() {
			defer func() {
				recover()
				if got := panics.Place(); !strings.HasPrefix(got, ", at panics_test.go:") {
					t.Errorf("%s: %q", name, got)
				}
			}()
			mistake()
		}()
	}
}
