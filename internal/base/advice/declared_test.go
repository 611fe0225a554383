package advice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/advice"
)

// advises matches words that tell what to do next. Errors about histories of other tools name the flag with which they can
// be read; they are elsewhere.
var advises = regexp.MustCompile(`\btake (--|a longer|more )|\buse a longer|\(see zklab list (runs|faults)\), |: see zklab (check %|ensemble)|\bmakes? more$|hint:`)

// No advice is written where it is given.
func TestAdviceIsDeclaredHere(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "advice" || name == "testkit" || name == "dev" || name == "testdata" || strings.HasPrefix(name, ".") && len(name) > 2):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, _ := strconv.Unquote(l.Value); advises.MatchString(text) {
					t.Errorf("%s: %q: declare it in package advice", files.Position(l.Pos()), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An advice is found in a text that is broken into lines, with what it names.
func TestPattern(t *testing.T) {
	for text, want := range map[string]string{
		"so take\n     --time-limit 20s\nand more": "20s",
		"take --time-limit":                        "",
	} {
		got := ""
		if m := advice.ThisLimit.Pattern().FindStringSubmatch(text); m != nil {
			got = m[1]
		}
		if got != want || advice.ThisLimit.In(text) != (want != "") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	names := map[string]bool{}
	for _, a := range advice.All() {
		if names[a.Name] || a.Name == "" || a.Situation == "" || a.Text() == "" {
			t.Errorf("%+v", a)
		}
		names[a.Name] = true
	}
}
