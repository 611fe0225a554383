package plan_test

import (
	"os"
	"strings"
	"testing"
)

// The Go code in the guide is in the examples, and its experiment file is valid.
func TestGuideShowsExamples(t *testing.T) {
	code, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(guide), "```go\n")
	block, _, _ = strings.Cut(block, "```")
	block = strings.ReplaceAll("\t"+strings.TrimSpace(block), "\n", "\n\t")
	if block == "\t" || !strings.Contains(string(code), strings.TrimSpace(block)) {
		t.Errorf("example_test.go lacks\n%s", block)
	}
}
