package trackrecord

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// The files that the campaign writes, below the root of the repository.
const (
	figuresFile = "internal/dev/trackrecord/figures.json"
	page        = "docs/track-record.md"
)

// figures is what was measured of a bug.
type figures struct {
	Found *tally `json:"found,omitempty"` // runs that met it
	Quiet *tally `json:"quiet,omitempty"` // runs on a mended version, or on zklab's own recipe, that violated the same property
}

// tally counts runs.
type tally struct {
	Runs      int    `json:"runs"`
	Of        int    `json:"of"`
	Undecided int    `json:"undecided,omitempty"` // of the others, those that were not decided
	On        string `json:"on"`                  // when they were run: 2026-11-20
	Note      string `json:"note,omitempty"`
}

func (t tally) String() string {
	s := fmt.Sprintf("%d of %d", t.Runs, t.Of)
	if t.Undecided > 0 {
		s += fmt.Sprintf(", %d undecided", t.Undecided)
	}
	if t.Note != "" {
		s += ", " + t.Note
	}
	return s
}

// allFigures are the figures by the names of the bugs.
type allFigures map[string]figures

func readFigures(file string) (all allFigures, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(b, &all)
}

func (all allFigures) write(file string) error {
	b, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// notMeasured stands for a figure that there is not.
const notMeasured = "not measured"

// table returns the table of all bugs.
func (all allFigures) table() string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row("bug", "introduced in", "reported", "discovered by", "property", "command", "found in", "mended in", "quiet after that")
	b.WriteString(strings.Repeat("|---", 9) + "|\n")
	before := ""
	for _, bug := range bugs {
		f := all[bug.name]
		found, quiet := notMeasured, notMeasured
		if f.Found != nil {
			found = f.Found.String()
		}
		if f.Quiet != nil {
			quiet = f.Quiet.String() + " (" + bug.quiet.on + ")"
		}
		command := shell(bug.command)
		if command == before {
			command = "the same"
		} else {
			before = command
		}
		row(bug.subject+": "+bug.what, bug.introduced, bug.reported, bug.discovered, bug.property, command, found, bug.mended, quiet)
	}
	return b.String()
}

// shell returns a command as Markdown, quoted for a shell.
func shell(command []string) string {
	words := make([]string, len(command))
	for i, w := range command {
		switch {
		case strings.HasPrefix(w, "$"):
			w = `"` + w + `"`
		case strings.Contains(w, " "):
			w = "'" + w + "'"
		}
		words[i] = w
	}
	return "`" + strings.Join(words, " ") + "`"
}
