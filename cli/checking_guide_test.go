package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/store"
)

// update is the flag with which make guide runs the test of the guide to checking.
var update = flag.Bool("update", false, "write what the commands of the guide to checking print into it")

// guideToChecking returns the pages of the guide to checking: one about what all properties have in
// common, others about the properties of every recipe, the store and histories of other tools, and one for each recipe.
func guideToChecking(t *testing.T) []string {
	recipes, err := filepath.Glob("docs/recipes/*.md")
	if err != nil || len(recipes) == 0 {
		t.Fatal(recipes, err)
	}
	return append([]string{
		"docs/checking.md", "docs/checking-common.md", "docs/checking-register.md", "docs/checking-session.md", "docs/foreign-histories.md",
	}, recipes...)
}

// The guide to checking has a complete section for every property of every model, which names the
// procedure as verdicts do. The worked histories of a section violate its property and no other, and
// its commands print what it shows.
func TestGuideToChecking(t *testing.T) {
	t.Chdir("..")
	var all string
	var chapters []*chapter
	for _, path := range guideToChecking(t) {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			page = []byte(renewed(t, string(page)))
			if path == "docs/foreign-histories.md" {
				table := modelTable(t, string(page))
				page = []byte(strings.Replace(string(page), table, described(table), 1))
			}
			if err := os.WriteFile(path, page, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		all += string(page)
		chapters = append(chapters, readChapters(string(page))...)
	}
	t.Run("properties", func(t *testing.T) { everyProperty(t, chapters) })
	t.Run("histories", func(t *testing.T) { everyHistory(t, all) })
	t.Run("other tools", func(t *testing.T) { everyModel(t, all) })
	for _, c := range chapters {
		for _, s := range c.sections {
			t.Run(c.title+"/"+s.title, func(t *testing.T) { s.test(t) })
		}
	}
}

// chapter is the text below a heading of level two, or the page of a recipe. It is about the models
// that its heading names, and each section in it is about one property.
type chapter struct {
	title    string
	models   []string
	sections []section
}

type section struct {
	title    string
	of       *chapter
	text     string
	examples []example
}

// example is a block of the page: a command and the part of its output that the page shows.
type example struct {
	shows   string // the word after console: nothing, picture, story, everything
	command string
	output  string
	title   string // of the section around it
}

func readChapters(page string) []*chapter {
	title, text, _ := strings.Cut(strings.TrimPrefix(page, "# "), "\n")
	if c := readChapter(title, text); len(c.models) > 0 {
		return []*chapter{c}
	}
	var all []*chapter
	for _, part := range strings.Split("\n"+text, "\n## ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		all = append(all, readChapter(title, text))
	}
	return all
}

func readChapter(title, text string) *chapter {
	c := &chapter{title: title, models: modelsOf(title, text)}
	for _, part := range strings.Split("\n"+text, "\n### ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		c.sections = append(c.sections, section{title, c, text, readExamples(text, title)})
	}
	return c
}

// modelsOf lists the models that a chapter is about: named in its title, or all if its first
// paragraph begins with "Of every recipe".
func modelsOf(title, text string) (models []string) {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	if strings.HasPrefix(first, "Of every recipe") {
		return checker.Models()
	}
	for word := range strings.FieldsFuncSeq(title, func(c rune) bool { return strings.ContainsRune(" ,().\n", c) }) {
		if slices.Contains(checker.Models(), word) {
			models = append(models, word)
		}
	}
	return models
}

const fence = "```console"

func readExamples(text, title string) []example {
	var all []example
	for _, part := range strings.Split("\n"+text, "\n"+fence)[1:] {
		shows, block, _ := strings.Cut(part, "\n")
		block, _, _ = strings.Cut(block, "\n```")
		command, output, _ := strings.Cut(block, "\n")
		all = append(all, example{strings.TrimSpace(shows), strings.TrimPrefix(command, "$ "), output, title})
	}
	return all
}

// everyProperty fails unless each property has a section, and each section a property.
func everyProperty(t *testing.T, chapters []*chapter) {
	known := map[string]bool{} // by chapter and section
	for _, model := range checker.Models() {
		checks, err := checker.For(model, checker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range checks {
			found := false
			for _, c := range chapters {
				for _, s := range c.sections {
					if slices.Contains(c.models, model) && s.title == check.Name() {
						found, known[c.title+"/"+s.title] = true, true
					}
				}
			}
			if !found {
				t.Errorf("no chapter about model %s has a section %q: write one, with a history that violates the property", model, check.Name())
			}
		}
	}
	for _, c := range chapters {
		for _, s := range c.sections {
			if len(c.models) > 0 && !known[c.title+"/"+s.title] {
				t.Errorf("section %q of %q is about no property", s.title, c.title)
			}
		}
	}
}

// everyModel fails unless each model for histories from elsewhere is in the table, in the words of zklab check
// --help.
func everyModel(t *testing.T, pages string) {
	table := modelTable(t, pages)
	if described(table) != table {
		t.Error("the table of models is not in the words of package linear (make guide writes them)")
	}
	for _, m := range linear.Models() {
		if !strings.Contains(table, "\n| `"+m.Name+"` |") {
			t.Errorf("model %s is not in the table", m.Name)
		}
	}
}

// modelTable returns the table of the models for histories from elsewhere.
func modelTable(t *testing.T, page string) string {
	t.Helper()
	_, rest, _ := strings.Cut(page, "<!-- models: make guide -->")
	table, _, found := strings.Cut(rest, "<!-- end of models -->")
	if !found {
		t.Fatal("no table of models")
	}
	return table
}

// described returns a table of models with their descriptions by package linear in the second column. Bars separate
// the columns, and no text contains one.
func described(table string) string {
	rows := strings.Split(table, "\n")
	for i, row := range rows {
		for _, m := range linear.Models() {
			if cells := strings.Split(row, " | "); cells[0] == "| `"+m.Name+"`" && len(cells) == 4 {
				cells[1] = m.About
				rows[i] = strings.Join(cells, " | ")
			}
		}
	}
	return strings.Join(rows, "\n")
}

// everyHistory fails unless each worked history is in the guide.
func everyHistory(t *testing.T, pages string) {
	paths, err := filepath.Glob("docs/checking/*")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if !strings.Contains(pages, path) {
			t.Errorf("the guide does not mention %s", path)
		}
	}
}

// test fails unless a section has all its parts, and runs its examples.
func (s *section) test(t *testing.T) {
	if len(s.of.models) > 0 {
		for _, part := range []string{"*It says*", "*It does not say*", "*How it is decided*", "*Exercised*"} {
			if !strings.Contains(s.text, "\n- "+part) {
				t.Errorf("nothing begins with %s", part)
			}
		}
		if len(s.examples) == 0 {
			t.Error("no example")
		}
	}
	for _, x := range s.examples {
		if diff := cmp.Diff(x.want(t), x.output); diff != "" {
			t.Errorf("%s prints something else (make guide writes it down): -printed +shown\n%s", x.command, diff)
		}
		if len(s.of.models) > 0 {
			s.testVerdicts(t, x)
		}
	}
}

// testVerdicts fails unless a history violates the section's property and no other.
func (s *section) testVerdicts(t *testing.T, x example) {
	var r store.Result
	if err := json.Unmarshal([]byte(x.run(t, "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict != checker.Violation {
		t.Errorf("%s: %s", x.command, r.Verdict)
	}
	own := false
	for _, v := range r.Verdicts {
		if v.Property == s.title {
			own = own || v.Result == checker.Violation
			decider, _, _ := strings.Cut(v.Decider, ";")
			if !strings.Contains(s.text, "`"+decider+"`") {
				t.Errorf("the section does not name the procedure `%s`", decider)
			}
		} else if v.Result == checker.Violation && !v.Measured && v.Property != "own-znodes" { // a violation of own-znodes causes others
			t.Errorf("%s violates %s, too", x.command, v.Property)
		}
	}
	if !own {
		t.Errorf("%s does not violate %s", x.command, s.title)
	}
	if !slices.Contains(s.of.models, r.Recipe) {
		t.Errorf("%s is of model %s", x.command, r.Recipe)
	}
}

// run returns what the example's command prints.
func (x *example) run(t *testing.T, flags ...string) string {
	t.Helper()
	args := strings.Fields(x.command)
	if len(args) < 3 || args[0] != "zklab" || args[1] != "check" {
		t.Fatalf("%q is no command of zklab check", x.command)
	}
	var out, problems bytes.Buffer
	code := runZklab(append(args[1:], flags...), &out, &problems)
	if code != usage.ExitViolation || problems.Len() > 0 {
		t.Fatalf("%s: exit code %d, %s", x.command, code, problems.String())
	}
	return out.String()
}

// want returns the part of the output that the page shows: why the section's property is violated and,
// if the block asks for them, also a picture or a story.
func (x *example) want(t *testing.T) string {
	t.Helper()
	out := strings.Trim(x.run(t), "\n")
	if x.shows == "everything" {
		return out
	}
	var shown []string
	for _, p := range strings.Split(out, "\n\n") {
		first, _, _ := strings.Cut(p, "\n")
		isStory := strings.HasPrefix(first, "    - ") || strings.HasPrefix(first, "    what was committed:")
		if isReason(first, x.title) || isStory && x.shows == "story" || isPicture(p) && x.shows != "" {
			shown = append(shown, p)
		}
	}
	return strings.Join(shown, "\n\n")
}

// isReason reports whether a paragraph with this first line tells of a violation of a property.
func isReason(first, name string) bool {
	return first == "  "+name || strings.HasPrefix(first, "  "+name+" of ")
}

// isPicture reports whether a paragraph is a timeline, which has an axis with ticks above its times.
func isPicture(paragraph string) bool {
	return strings.Contains(paragraph, "\n    seconds ") && strings.Contains(paragraph, "┬")
}

// renewed returns the page with the present output of its commands.
func renewed(t *testing.T, page string) string {
	for _, part := range strings.Split("\n"+page, "\n## ")[1:] {
		for _, part := range strings.Split("\n"+part, "\n### ") {
			title, text, _ := strings.Cut(part, "\n")
			for _, x := range readExamples(text, title) {
				before := fmt.Sprintf("$ %s\n%s\n```", x.command, x.output)
				if x.output == "" {
					before = fmt.Sprintf("$ %s\n```", x.command)
				}
				page = strings.Replace(page, before, fmt.Sprintf("$ %s\n%s\n```", x.command, x.want(t)), 1)
			}
		}
	}
	return page
}
