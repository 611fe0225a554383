package checktest

import (
	"iter"
	"os"
	"strconv"
	"testing"
)

// Seeds are those of the histories that a generated test looks at, and how many they are: the
// first ones, as many as is usual, and a few more: of each of these a planted defect is known
// that few others show. ZKLAB_HISTORIES asks for the first so many thousands instead.
func Seeds(t *testing.T, usual int, more ...int) (seeds iter.Seq[int], n int) {
	t.Helper()
	if s := os.Getenv("ZKLAB_HISTORIES"); s != "" {
		thousands, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("ZKLAB_HISTORIES: %v", err)
		}
		usual, more = 1000*thousands, nil
	}
	return func(yield func(int) bool) {
		for i := range usual {
			if !yield(i) {
				return
			}
		}
		for _, i := range more {
			if !yield(i) {
				return
			}
		}
	}, usual + len(more)
}
