// Package patroni_test checks the adapter for Patroni's leader race, which is written in Python.
package patroni_test

import (
	"os"
	"strings"
	"testing"
)

// TestPage: docs/adapters.md shows the adapter unchanged, from its first class on.
func TestPage(t *testing.T) {
	code, err1 := os.ReadFile("leader.py")
	page, err2 := os.ReadFile("../../docs/adapters.md")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	_, shown, ok := strings.Cut(string(code), "\nclass ")
	if !ok {
		t.Fatal("leader.py has no class")
	}
	if !strings.Contains(string(page), "```python\nclass "+shown+"```\n") {
		t.Error("docs/adapters.md does not show the classes of leader.py as they are")
	}
}
