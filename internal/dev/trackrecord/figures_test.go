package trackrecord

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/testkit/must"
)

const root = "../../../"

// The page has the table that the bugs and the figures make.
func TestPage(t *testing.T) {
	all := must.Get(readFigures(root + figuresFile))(t)
	b := must.Get(os.ReadFile(root + page))(t)
	begins, ends := command.Marks("track-record")
	if !strings.Contains(string(b), begins+all.table()+ends) {
		t.Error("the page differs from the bugs and figures: go run ./internal/dev track-record --write writes it")
	}
}

// Each bug says everything about its past, and has a name of its own. Each figure is of a bug, and of a run that can be made.
func TestBugs(t *testing.T) {
	all := must.Get(readFigures(root + figuresFile))(t)
	for _, b := range bugs {
		if slices.Contains([]string{b.name, b.subject, b.what, b.property, b.introduced, b.reported, b.discovered, b.mended}, "") {
			t.Errorf("%q does not say everything", b.name)
		}
		f, measured := all[b.name]
		if f.Quiet != nil && b.quiet.on == "" {
			t.Errorf("%s: measured as quiet on nothing", b.name)
		}
		if measured && f.Found == nil && f.Quiet == nil {
			t.Errorf("%s: no figure", b.name)
		}
		delete(all, b.name)
	}
	for name := range all {
		t.Errorf("%s: figures of no bug, or of two", name)
	}
}

// A figure says how many runs were not decided, if there are any, and its note.
func TestTally(t *testing.T) {
	for want, got := range map[string]tally{
		"3 of 9":                                 {Runs: 3, Of: 9},
		"0 of 9, 2 undecided, on a busy machine": {Of: 9, Undecided: 2, Note: "on a busy machine"},
	} {
		if got.String() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

// The same command without its subject runs zklab's own recipe.
func TestOwnRecipe(t *testing.T) {
	for command, want := range map[string]string{
		"run lock --subject go-zookeeper --faults expire": "zklab run lock --faults expire",
		"run queue --subject-command $CURATOR":            "zklab run queue",
	} {
		if got := strings.Join(ownRecipe(zklab(command)), " "); got != want {
			t.Errorf("%s: %s", command, got)
		}
	}
}

// A command on the page can be copied into a shell.
func TestShell(t *testing.T) {
	got := shell(zklab("run queue --subject-command", []string{"python3 adapter.py"}, "--faults lose-reply --subject-command", curator[1:]))
	want := "`zklab run queue --subject-command 'python3 adapter.py' --faults lose-reply --subject-command \"$CURATOR\"`"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
