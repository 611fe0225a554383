package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
)

// docCommand is a command that a page or the help of a command shows.
type docCommand struct {
	page  string // docs/compare.md, or zklab help compare
	place string // the page with the line
	line  string // as a shell reads it, from zklab on
}

// shown finds commands in code: after a prompt, or after a command that builds zklab.
var shown = regexp.MustCompile(`^(?:    |\t)?\s*(?:- )?(?:run: )?(?:\$ )?(?:make [a-z ]+ && )?(?:bin/|go run \./cmd/)?(zklab [a-z]+( [^─]*)?)$`)

// afterwards finds where a command ends for a shell: at a comment, a pipe, a redirection or another command.
var afterwards = regexp.MustCompile(` +[#<>|&]| *;`)

// docCommands returns the commands of all pages, in their order there, and those in the help of all commands. Callers must
// not change them.
func docCommands(t *testing.T) []docCommand {
	t.Helper()
	all, err := readCommands()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var readCommands = sync.OnceValues(func() (all []docCommand, err error) {
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch name := strings.TrimPrefix(filepath.ToSlash(path), "../"); {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return fs.SkipDir
		case filepath.Ext(path) == ".md" && name != "CHANGELOG.md":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all = append(all, commandsIn(name, codeOf(string(text)))...)
		}
		return nil
	})
	return append(all, helped(zklabRoot())...), err
})

func helped(cmd *cobra.Command) (all []docCommand) {
	if cmd.Example != "" {
		all = commandsIn(strings.Replace(cmd.CommandPath(), "zklab", "zklab help", 1), cmd.Example)
	}
	for _, sub := range cmd.Commands() {
		all = append(all, helped(sub)...)
	}
	return all
}

// codeOf returns a page in which all lines that are not code are empty.
func codeOf(page string) string {
	var code []string
	fenced := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			fenced, line = !fenced, ""
		case !fenced && !strings.HasPrefix(line, "    "):
			line = ""
		}
		code = append(code, line)
	}
	return strings.Join(code, "\n")
}

func commandsIn(page, code string) (all []docCommand) {
	lines, values := strings.Split(code, "\n"), valuesIn(code)
	for i := range lines {
		found := shown.FindStringSubmatch(lines[i])
		if found == nil {
			continue
		}
		line := found[1]
		for next := i + 1; strings.HasSuffix(line, `\`) && next < len(lines); next++ {
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[next])
		}
		line = given(values, afterwards.Split(line, 2)[0])
		all = append(all, docCommand{page, fmt.Sprintf("%s:%d", page, i+1), strings.TrimSpace(line)})
	}
	return all
}

// assigned finds what a script gives its variables: a text, or the first value of a loop.
var assigned = regexp.MustCompile(`(?m)^ *(\w+)="([^"$]*(?:\$[^"]*)?)"$|^ *(\w+)=([^\s"(]+)$|\bfor (\w+) in ([^ ;]+)`)

// valuesIn returns the values of the variables of a script.
func valuesIn(code string) map[string]string {
	values := map[string]string{}
	for _, found := range assigned.FindAllStringSubmatch(code, -1) {
		value := strings.ReplaceAll(found[2]+found[4]+found[6], "\\\n", "")
		values[found[1]+found[3]+found[5]] = strings.Join(strings.Fields(value), " ")
	}
	return values
}

// given returns a line of a script with the values of the variables in it.
func given(values map[string]string, line string) string {
	for range 3 { // a value may name another variable
		line = os.Expand(line, func(name string) string {
			if value, ok := values[name]; ok {
				return value
			}
			return "$" + name
		})
	}
	return line
}

// Each command has examples in its help. The description of completion has its examples, in pairs.
func TestExamples(t *testing.T) {
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		if cmd.Example == "" && cmd.Runnable() && !cmd.HasSubCommands() && !cmd.Hidden && cmd.Name() != "completion" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look(zklabRoot())
}

// Each documented command exists and takes its flags and arguments, and a script of this package runs a
// command of that name.
func TestDocumentedCommands(t *testing.T) {
	scripts := allScripts(t)
	n := 0
	for _, d := range docCommands(t) {
		if strings.ContainsAny(d.line, "$…") || strings.Contains(d.line, ":NAME") { // the reader replaces these parts
			continue
		}
		n++
		root := zklabRoot()
		root.InitDefaultHelpCmd()
		cmd, rest, err := root.Find(shellWords(t, d.line)[1:])
		if err == nil {
			cmd.InitDefaultHelpFlag()
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		switch {
		case err != nil:
			t.Errorf("%s: %s: %v", d.place, d.line, err)
		case cmd.Name() != "help" && !strings.Contains(scripts, cmd.CommandPath()+" "):
			t.Errorf("%s: %s: no script runs %s", d.place, d.line, cmd.CommandPath())
		}
	}
	if n < 300 {
		t.Errorf("only %d commands", n)
	}
}

func allScripts(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
