package models_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// All returns each model that a file of the package declares, in the order of the names, which the
// search for a model needs.
func TestAll(t *testing.T) {
	files := must.Get(filepath.Glob("*.go"))(t)
	declares, listed := regexp.MustCompile(`(?m)^var (\w+) = &Model\{`), regexp.MustCompile(`(?m)^\t(\w+),$`)
	var declared, all []string
	for _, file := range files {
		text := must.Get(os.ReadFile(file))(t)
		for _, m := range declares.FindAllSubmatch(text, -1) {
			declared = append(declared, string(m[1]))
		}
		if file == "models.go" {
			for _, m := range listed.FindAllSubmatch(text, -1) {
				all = append(all, string(m[1]))
			}
		}
	}
	if len(declared) == 0 {
		t.Error("no file declares a model")
	}
	for _, name := range declared {
		if !slices.Contains(all, name) {
			t.Errorf("%s is declared, and is not in the list of all models (models.go)", name)
		}
	}
	var before string
	for _, m := range models.All() {
		if m.Name <= before {
			t.Errorf("%s comes after %s", m.Name, before)
		}
		before = m.Name
	}
}
