package faults

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guide is docs/faults.md.
func guide(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The guide has every fault with every argument, and no other.
func TestGuideKnowsAllFaults(t *testing.T) {
	page := guide(t)
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)`.*$").FindAllStringSubmatch(page, -1) {
		rows[row[1]] += row[0] + "\n"
	}
	_, messages, _ := strings.Cut(page, "### Single messages")
	messages, _, _ = strings.Cut(messages, "### Sessions")
	for _, k := range kinds {
		row := rows[k.name]
		delete(rows, k.name)
		if row == "" {
			t.Errorf("%s is not in the guide", k.name)
			continue
		}
		if strings.HasPrefix(k.name, "lose-") {
			row += messages
		}
		for _, w := range k.words {
			common := slices.Contains(nodeWords, w) && strings.Contains(row, "*servers*") ||
				slices.Contains(whoWords, w) && strings.Contains(row, "*clients*")
			if !common && !strings.Contains(row, "`"+w+"`") {
				t.Errorf("the guide does not say %s:%s", k.name, w)
			}
		}
		for _, o := range k.options {
			if !strings.Contains(row, "`"+o.key+"=") {
				t.Errorf("the guide does not say %s:%s=%s", k.name, o.key, o.example)
			}
		}
		if strings.Contains(row, "harsh") != k.harsh {
			t.Errorf("the guide is wrong on whether %s is harsh", k.name)
		}
	}
	for name := range rows {
		t.Errorf("the guide has a fault %s", name)
	}
	for _, words := range [][]string{nodeWords, whoWords} {
		for _, w := range words {
			if !strings.Contains(page, "`"+w+"`") {
				t.Errorf("the guide does not explain %s", w)
			}
		}
	}
}

// What the guide shows in Go is in the examples, and its file is one.
func TestGuideShowsExamples(t *testing.T) {
	code, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(guide(t), "```go\n")
	block, _, _ = strings.Cut(block, "```")
	block = strings.ReplaceAll("\t"+strings.TrimSpace(block), "\n", "\n\t")
	if block == "\t" || !strings.Contains(string(code), strings.TrimSpace(block)) {
		t.Errorf("example_test.go lacks\n%s", block)
	}
}

// The package's story says what is in which file, of every one.
func TestStoryKnowsAllFiles(t *testing.T) {
	story, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(story), "What is in which file:")
	words := regexp.MustCompile(`[a-z_]+`).FindAllString(table, -1)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f, ".go")
		if name != "doc" && !strings.HasSuffix(name, "_test") && !slices.Contains(words, name) {
			t.Errorf("%s is not in the table of doc.go", f)
		}
	}
}
