package docs

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
)

// examples lists the examples of package recipes that the page of each recipe shows, without Example.
var examples = map[string]string{
	"barrier": "Barrier", "cache": "Cache", "config": "Config_SetIf", "counter": "Counter", "double-barrier": "DoubleBarrier",
	"job-queue": "JobQueue", "lock": "Lock_Do", "membership": "Group", "multi-lock": "MultiLock_Do", "partitioner": "SetPartitioner_DoEach",
	"queue": "Queue", "rwlock": "RWLock_Downgrade", "semaphore": "Semaphore_Do", "two-phase-commit": "TwoPhaseCommit",
}

// The page of a recipe says first what the recipe promises, with the words of package checker, and then shows an example
// of package recipes.
func TestRecipePages(t *testing.T) {
	paths, err := filepath.Glob("recipes/*.md")
	if err != nil || len(paths) != len(examples) {
		t.Fatalf("%d pages, %d examples, %v", len(paths), len(examples), err)
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			name := strings.TrimSuffix(filepath.Base(path), ".md")
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			title, _, _ := strings.Cut(strings.TrimPrefix(string(page), "# "), "\n")
			made := generated(t, string(page), "promises", promises(t, strings.Split(title, ", ")))
			made = generated(t, made, "example", "```go\n"+example(t, "Example"+examples[name])+"```\n")
			if *update {
				if err := os.WriteFile(path, []byte(made), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if made != string(page) {
				t.Error("what is generated differs: make guide writes it")
			}
			first := []string{"\n## What it promises\n", "\n## Example\n", "\n## Properties\n", "\n## In a history\n", "\n## In an adapter\n"}
			at := func(heading string) int { return strings.Index(made, heading) }
			if !slices.IsSortedFunc(first, func(a, b string) int { return at(a) - at(b) }) || at(first[0]) < 0 {
				t.Errorf("the page lacks one of %q, or has them in another order", first)
			}
		})
	}
}

// generated replaces the part of a page between the marks of a name.
func generated(t *testing.T, page, name, by string) string {
	t.Helper()
	begin, end := "<!-- "+name+": make guide -->\n", "<!-- end of "+name+" -->\n"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("no part between %sand %s", begin, end)
	}
	return before + begin + by + end + after
}

// promises is a table of what valid verdicts about models mean. It leaves out what all recipes promise.
func promises(t *testing.T, models []string) string {
	t.Helper()
	type promise struct{ property, meaning string }
	var all []promise
	of := map[promise][]string{}
	for _, model := range models {
		checks, err := checker.For(model, checker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range checks {
			p := promise{check.Name(), checker.Meaning(model, check.Name())}
			if checker.Common(model, p.property) {
				continue
			}
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
			of[p] = append(of[p], model)
		}
	}
	var b strings.Builder
	b.WriteString("| promise | property |\n|---|---|\n")
	for _, p := range all {
		only := ""
		if len(of[p]) < len(models) {
			only = " of " + strings.Join(of[p], ", ")
		}
		if checker.Measured(of[p][0], p.property) != nil {
			only += ", measured only"
		}
		fmt.Fprintf(&b, "| %s | [%s](#%s)%s |\n", p.meaning, p.property, p.property, only)
	}
	return b.String()
}

// example is the body of an example of package recipes.
func example(t *testing.T, name string) string {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "../recipes/example_test.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../recipes/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Name.Name == name {
			body := source[files.Position(d.Body.Lbrace).Offset+1 : files.Position(d.Body.Rbrace).Offset]
			text, err := format.Source(bytes.TrimSpace(body))
			if err != nil {
				t.Fatal(err)
			}
			return string(text) + "\n"
		}
	}
	t.Fatalf("package recipes has no %s", name)
	return ""
}
