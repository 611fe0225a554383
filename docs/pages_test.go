// Package docs has no code: these tests hold the pages together.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The index links each page of this folder once.
func TestIndex(t *testing.T) {
	linked := map[string]int{}
	for _, link := range read(t, "README.md").links {
		linked[filepath.Clean(strings.SplitN(link, "#", 2)[0])]++
	}
	for _, path := range pages(t, ".") {
		if path != "README.md" && linked[path] != 1 {
			t.Errorf("README.md links %s %d times, want once", path, linked[path])
		}
	}
}

// A relative link names a file that exists, and a heading in it.
func TestLinks(t *testing.T) {
	checked := 0
	for _, path := range pages(t, "..") {
		for _, link := range read(t, path).links {
			if strings.Contains(link, ":") {
				continue // somebody else's page
			}
			checked++
			file, heading, _ := strings.Cut(link, "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s: no such file", path, link)
			} else if heading != "" && !slices.Contains(read(t, target).headings, heading) {
				t.Errorf("%s: %s: no such heading", path, link)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d links", checked)
	}
}

// The README is short, and names the command that runs the tests on a line of its own.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n >= 150 {
		t.Errorf("%d lines, want fewer than 150", n)
	}
	if !strings.Contains(string(text), "\n    make test\n") {
		t.Error("no line with make test alone")
	}
}

// The listing of the README is the test of the tutorial, which runs.
func TestReadmeListing(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tutorial, err := os.ReadFile("tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, listing := range blocks(string(readme), "go") {
		if !strings.Contains(string(tutorial), listing) {
			t.Errorf("tutorial.md does not have\n%s", listing)
		}
	}
}

// pages lists the Markdown files below a folder.
func pages(t *testing.T, root string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return paths
}

type page struct{ links, headings []string }

var (
	fenced = regexp.MustCompile("(?ms)^```.*?^```")
	link   = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	head   = regexp.MustCompile(`(?m)^#+ +(.*)`)
	mark   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// read reads a page without its fenced code. A heading is given as links name it: in lower case,
// without punctuation, with hyphens for spaces ("Section links" in GitHub's documentation).
func read(t *testing.T, path string) (p page) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	prose := fenced.ReplaceAllString(string(text), "")
	for _, found := range link.FindAllStringSubmatch(prose, -1) {
		p.links = append(p.links, found[1])
	}
	for _, found := range head.FindAllStringSubmatch(prose, -1) {
		p.headings = append(p.headings, strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return p
}
