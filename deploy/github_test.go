package deploy

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

const workflowFile = "github/sweep.yaml"

// lint returns the mistakes that actionlint, which knows the syntax, the expressions and the inputs of the usual
// actions, finds in a workflow. Scripts in it are left to the tests that run them.
func lint(t *testing.T, text []byte) (wrong []string) {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	errs, err := linter.Lint(workflowFile, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range errs {
		wrong = append(wrong, e.Error())
	}
	return wrong
}

// GitHub accepts the workflow of the guide to CI.
func TestWorkflowOfTheGuide(t *testing.T) {
	page, err := os.ReadFile("../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	if !found || !strings.Contains(text, "--github") {
		t.Fatal("it has none")
	}
	for _, wrong := range lint(t, []byte(text)) {
		t.Error(wrong)
	}
}

// GitHub accepts the workflow, and likely mistakes in it are detected.
func TestWorkflow(t *testing.T) {
	text, err := os.ReadFile(workflowFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range lint(t, text) {
		t.Error(wrong)
	}
	for from, to := range map[string]string{
		"fail-fast: false":            "fail-fats: false",
		"needs: build":                "needs: built",
		"matrix.shard }}/":            "matrix.shart }}/",
		"if-no-files-found: error":    "if-no-file-found: error",
		"cron: \"17 2 * * *\"":        "cron: \"17 25 * * *\"",
		"runs-on: ubuntu-latest":      "runs-in: ubuntu-latest",
		"!cancelled()":                "!canceled()",
		"contents: read":              "contents: reed",
		"uses: actions/setup-go@v5\n": "uses: actions/setup-go\n",
	} {
		changed := strings.Replace(string(text), from, to, 1)
		if changed == string(text) || len(lint(t, []byte(changed))) == 0 {
			t.Errorf("%q instead of %q is not seen", to, from)
		}
	}
}
