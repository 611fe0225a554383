package checktest

import (
	"os"
	"strconv"
	"testing"
)

// Rounds is how many histories a generated test looks at: as many as is usual for it, or as
// many thousands as ZKLAB_HISTORIES asks for.
func Rounds(t *testing.T, usual int) int {
	t.Helper()
	s := os.Getenv("ZKLAB_HISTORIES")
	if s == "" {
		return usual
	}
	thousands, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("ZKLAB_HISTORIES: %v", err)
	}
	return 1000 * thousands
}
