package checktest

import (
	"os"
	"strconv"
	"testing"
)

// Rounds is how many histories a generated test looks at: ZKLAB_HISTORIES says
// how many thousands.
func Rounds(t *testing.T) int {
	n := 15
	if s := os.Getenv("ZKLAB_HISTORIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("ZKLAB_HISTORIES: %v", err)
		}
	}
	if testing.Short() {
		n = 2
	}
	return n * 1000
}
