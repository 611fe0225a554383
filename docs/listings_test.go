package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listed are the pages with code in Go, and where their code is compiled, or runs. Of those without a
// place, TestListings compiles the code.
var listed = map[string]string{
	"README.md":           "TestReadmeListing: it is in the tutorial",
	"docs/tutorial.md":    "TestTutorial runs it",
	"docs/own-objects.md": "TestOwnObjects runs it",
	"docs/testing.md":     "TestDocumentation of examples/mylock: it is in the test there",
	"docs/embedded.md":    "TestGuide of ensemble/embedded: it is in the test there",
	"docs/faults.md":      "TestGuideShowsExamples of faults/plan: it is in the example there",
	"docs/programs.md":    "TestPage of catalog: it is in package mends",
	"docs/recipes/*.md":   "TestRecipePages: it is in the examples of package recipes",
	"docs/adapters.md":    "", "docs/commands.md": "", "docs/compare.md": "", "docs/simulation.md": "",
}

// leftOut has the code that a page leaves to its reader.
var leftOut = map[string]string{
	"docs/adapters.md":   "var newLock func(*subjects.Client, string) (subjects.Lock, error)\n",
	"docs/compare.md":    "var newLock func(*subjects.Client, string) (subjects.Lock, error)\n",
	"docs/simulation.md": "var newLock func(*subjects.Client, string) (subjects.Lock, error)\n",
	"docs/commands.md":   "var ids, carelessIDs, tickets object.Object[int]\n",
}

// inParts are listings that are not whole, and where the whole one is, by how they begin.
var inParts = map[string]string{
	"\tConnect: func(ctx": "subjects/adapter/example_test.go",
}

// imported are the packages whose names listings use.
var imported = []string{
	"context", "log", "os", "testing", "time", "github.com/zklab/zklab", "github.com/zklab/zklab/cli", "github.com/zklab/zklab/object",
	"github.com/zklab/zklab/subjects", "github.com/zklab/zklab/subjects/adapter", "github.com/zklab/zklab/workloads",
}

// All code in Go on the pages is compiled in some test, and go vet has nothing against it.
func TestListings(t *testing.T) {
	t.Parallel()
	files, found, parts := map[string]string{}, map[string]bool{}, 0
	for _, path := range pages(t, "..") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.TrimPrefix(filepath.ToSlash(path), "../")
		listings := blocks(string(text), "go")
		if filepath.Dir(page) == "docs/recipes" {
			page = "docs/recipes/*.md"
		}
		place, known := listed[page]
		switch {
		case len(listings) == 0:
			continue
		case !known:
			t.Errorf("%s has code in Go: add the page to listed, with the test that compiles it", path)
		}
		found[page] = true
		if place != "" {
			continue
		}
		for i, code := range listings {
			if isPart(code) {
				parts++
				continue
			}
			folder, name := fmt.Sprintf("%s%d", strings.TrimSuffix(filepath.Base(path), ".md"), i), "main.go"
			if strings.Contains(code, "testing.T") {
				name = "listing_test.go"
			}
			files[folder+"/"+name] = whole(leftOut[page] + code)
		}
	}
	for page := range listed {
		if !found[page] {
			t.Errorf("%s has no code in Go any more", page)
		}
	}
	if parts != len(inParts) {
		t.Errorf("%d listings in parts, want %d", parts, len(inParts))
	}
	m := newModule(t, "example.com/listings", files)
	m.must("go get github.com/zklab/zklab/cli github.com/zklab/zklab/subjects/adapter")
	m.must("go vet ./...")
}

func isPart(code string) bool {
	for start := range inParts {
		if strings.HasPrefix(code, start) {
			return true
		}
	}
	return false
}

// whole is a file with some code in it.
func whole(code string) string {
	imports := ""
	for _, path := range imported {
		if strings.Contains(code, filepath.Base(path)+".") {
			imports += fmt.Sprintf("import %q\n", path)
		}
	}
	name := "main"
	if strings.Contains(code, "testing.T") {
		name = "listing"
	}
	return "package " + name + "\n\n" + imports + "\n" + code
}
