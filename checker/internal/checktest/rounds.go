package checktest

import (
	"os"
	"strconv"
	"testing"
)

// Rounds returns how many histories a generated test checks: usual, or as many thousands as
// ZKLAB_HISTORIES asks for.
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
