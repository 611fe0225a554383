package plan_test

import (
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The Go code in the guide is in the examples, and its experiment file is valid.
func TestGuideShowsExamples(t *testing.T) {
	code := must.Get(os.ReadFile("example_test.go"))(t)
	guide := must.Get(os.ReadFile("../../docs/faults.md"))(t)
	_, block, _ := strings.Cut(string(guide), "```go\n")
	block, _, _ = strings.Cut(block, "```")
	block = strings.ReplaceAll("\t"+strings.TrimSpace(block), "\n", "\n\t")
	if block == "\t" || !strings.Contains(string(code), strings.TrimSpace(block)) {
		t.Errorf("example_test.go lacks\n%s", block)
	}
}
