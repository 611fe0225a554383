package allocs

import "testing"

// told records an error instead of failing.
type told struct {
	testing.TB
	failed bool
}

func (t *told) Helper()               {}
func (t *told) Errorf(string, ...any) { t.failed = true }

var kept []byte

func TestWithin(t *testing.T) {
	for size, want := range map[int]bool{1000: false, 3 * slack: true} {
		spy := &told{TB: t}
		Within(spy, 1000, 10, func() { kept = make([]byte, size) })
		if spy.failed != want {
			t.Errorf("%d bytes: failed is %v, want %v", size, spy.failed, want)
		}
	}
}
