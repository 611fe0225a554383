package faults

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/testkit/must"
)

// guide is docs/faults.md.
func guide(t *testing.T) string {
	t.Helper()
	b := must.Get(os.ReadFile("../docs/faults.md"))(t)
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
	for _, k := range Kinds() {
		row := rows[k.Name]
		if (k.words.check == nil) != (len(k.words.examples) == 0) {
			t.Errorf("%s has the examples %q of words", k.Name, k.words.examples)
		}
		harsh := strings.Contains(row, "harsh")
		delete(rows, k.Name)
		if row == "" {
			t.Errorf("%s is not in the guide", k.Name)
			continue
		}
		if strings.HasPrefix(k.Name, "lose-") {
			row += messages
		}
		for _, w := range k.words.list {
			common := slices.Contains(nodeWords.list, w) && strings.Contains(row, "*servers*") ||
				slices.Contains(whoWords.list, w) && strings.Contains(row, "*clients*")
			if !common && !strings.Contains(row, "`"+w+"`") {
				t.Errorf("the guide does not say %s:%s", k.Name, w)
			}
		}
		for _, o := range k.Options {
			if !strings.Contains(row, "`"+o.Key+"=") {
				t.Errorf("the guide does not say %s:%s=%s", k.Name, o.Key, o.Example)
			}
		}
		if harsh != k.Harsh {
			t.Errorf("the guide is wrong on whether %s is harsh", k.Name)
		}
	}
	for name := range rows {
		t.Errorf("the guide has a fault %s", name)
	}
	for _, words := range [][]string{nodeWords.list, whoWords.list} {
		for _, w := range words {
			if !strings.Contains(page, "`"+w+"`") {
				t.Errorf("the guide does not explain %s", w)
			}
		}
	}
}

var update = flag.Bool("update", false, "write the tables of docs/faults.md anew")

// The guide's tables are made from what each fault says of itself.
func TestGuideTables(t *testing.T) {
	const header = "| fault | what happens | verified by | healed by |\n|---|---|---|---|\n"
	rows := map[kinds.Target]string{}
	var targets []kinds.Target
	for _, k := range Kinds() {
		if !slices.Contains(targets, k.hits) {
			targets = append(targets, k.hits)
		}
		for _, r := range k.guide {
			rows[k.hits] += r.of(k)
		}
	}
	page := guide(t)
	parts := strings.Split(page, header)
	if len(parts) != len(targets)+1 {
		t.Fatalf("the guide has %d tables, for %d targets", len(parts)-1, len(targets))
	}
	made := parts[0]
	for i, target := range targets {
		_, rest, _ := strings.Cut(parts[i+1], "\n\n")
		made += header + rows[target]
		if rest != "" {
			made += "\n" + rest
		}
	}
	if *update {
		must.Do(t, os.WriteFile("../docs/faults.md", []byte(made), 0o644))
	} else if diff := gocmp.Diff(made, page); diff != "" {
		t.Errorf("the tables are not those of the faults (-update writes them): %s", diff)
	}
}

// The guide says at which messages each kind can be injected, and what follows from that.
func TestGuideToMessages(t *testing.T) {
	const header = "| at a message | which | takes from it, where nothing else is said |\n|---|---|---|\n"
	var order []string
	names := map[string][]string{}
	for _, k := range AtMessages() {
		rest := " | " + k.Messages().String() + " | " + k.at.takes + " |\n"
		if !slices.Contains(order, rest) {
			order = append(order, rest)
		}
		names[rest] = append(names[rest], "`"+k.Name+"`")
	}
	table := header
	for _, rest := range order {
		table += "| " + strings.Join(names[rest], ", ") + rest
	}
	if page := guide(t); !strings.Contains(page, table+"\n") {
		t.Errorf("the guide does not have this table:\n%s", table)
	}
}

// of is the row as the guide has it.
func (r row) of(k Kind) string {
	name := "`" + k.Name + "`"
	if args := cmp.Or(r.arguments, k.guideArguments()); args != "" {
		name += " " + args
	}
	if k.Harsh {
		name += " (harsh)"
	}
	return strings.ReplaceAll("| "+strings.Join([]string{name, r.happens, r.verified, r.healed}, " | ")+" |\n", "|  |", "| |")
}

// guideArguments are words and options as the guide writes them.
func (k Kind) guideArguments() string {
	var args []string
	own := k.words.list
	for name, common := range map[string]words{"*servers*": nodeWords, "*clients*": whoWords} {
		if k.words.check != nil && len(own) >= len(common.list) && slices.Contains(own, common.list[0]) {
			args = append(args, name)
			own = slices.DeleteFunc(slices.Clone(own), func(w string) bool { return slices.Contains(common.list, w) })
		}
	}
	for _, w := range own {
		args = append(args, "`"+w+"`")
	}
	for _, o := range k.Options {
		if o.Key == whoOption.Key {
			args = append(args, "`who=`*clients*")
		} else {
			args = append(args, "`"+o.Key+"="+o.Example+"`")
		}
	}
	return strings.Join(args, ", ")
}

// The package's story says what is in which file, of every one.
func TestStoryKnowsAllFiles(t *testing.T) {
	story := must.Get(os.ReadFile("doc.go"))(t)
	_, table, _ := strings.Cut(string(story), "What is in which file:")
	words := regexp.MustCompile(`[a-z_]+`).FindAllString(table, -1)
	rooms := regexp.MustCompile(`(?m)^//\t([a-z]+_) `).FindAllStringSubmatch(table, -1)
	inRoom := func(name string) bool {
		return slices.ContainsFunc(rooms, func(room []string) bool { return strings.HasPrefix(name, room[1]) })
	}
	files := must.Get(filepath.Glob("*.go"))(t)
	for _, f := range files {
		name := strings.TrimSuffix(f, ".go")
		if name != "doc" && !strings.HasSuffix(name, "_test") && !slices.Contains(words, name) && !inRoom(name) {
			t.Errorf("%s is not in the table of doc.go", f)
		}
	}
}

// Whoever looks for a fault finds its file by what it hits: there its kind is declared.
func TestFilesOfFaults(t *testing.T) {
	for _, k := range Kinds() {
		files := must.Get(filepath.Glob(string(k.hits) + "_*.go"))(t)
		name := "// Kind returns \"" + k.Name + "\"."
		if !slices.ContainsFunc(files, func(f string) bool {
			text, err := os.ReadFile(f)
			return err == nil && !strings.HasSuffix(f, "_test.go") && strings.Contains(string(text), name)
		}) {
			t.Errorf("no file %s_*.go has %s", k.hits, k.Name)
		}
	}
}
