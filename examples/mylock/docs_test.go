package mylock

import (
	"os"
	"strings"
	"testing"
)

// docs/testing.md shows the code of this package.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("mylock_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	for _, b := range blocks {
		if b, _, _ = strings.Cut(b, "```"); !strings.Contains(string(code), b) {
			t.Errorf("mylock_test.go lacks\n%s", b)
		}
	}
	if len(blocks) != 6 {
		t.Errorf("%d blocks of code", len(blocks))
	}
}
