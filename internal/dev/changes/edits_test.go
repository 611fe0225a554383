package changes

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

const code = `package p

import "fmt"

func f(n int) bool {
	if n < 2 && n != 0 {
		fmt.Println("small")
		return true
	}
	for n > 9 {
		n -= 1
		n = n + 10
		break
	}
	return false
}
`

// Each kind of change is found, at its line, and nothing in imports.
func TestSites(t *testing.T) {
	all := must.Get(sitesOf("p.go", []byte(code)))(t)
	var got []string
	for _, e := range all {
		got = append(got, e.String())
	}
	for _, want := range []string{
		`p.go:6: "<" -> "<="`, `p.go:6: "&&" -> "||"`, `p.go:6: "!=" -> "=="`, `p.go:6: "2" -> "3"`, `p.go:6: "0" -> "1"`,
		`p.go:6: "n < 2 && n != 0" -> "!(n < 2 && n != 0)"`, `p.go:7: "fmt.Println(\"small\")" -> "{}"`, `p.go:8: "true" -> "false"`,
		`p.go:10: ">" -> ">="`, `p.go:10: "9" -> "10"`, `p.go:11: "1" -> "2"`, `p.go:12: "n = n + 10" -> "{}"`, `p.go:12: "+" -> "-"`, `p.go:12: "10" -> "11"`,
		`p.go:13: "break" -> "{}"`, `p.go:15: "false" -> "true"`,
	} {
		i := slices.Index(got, want)
		if i < 0 {
			t.Errorf("no change %s", want)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) > 0 {
		t.Errorf("surplus: %s", strings.Join(got, "; "))
	}
}

// The changed file differs from the original in the change alone.
func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "p.go")
	must.Do(t, os.WriteFile(file, []byte(code), 0o644))
	all := must.Get(sitesOf(file, []byte(code)))(t)
	into := t.TempDir()
	overlay := must.Get(all[slices.IndexFunc(all, func(e edit) bool { return e.From == "n = n + 10" })].overlay(into))(t)
	if text, err := os.ReadFile(overlay); err != nil || !strings.Contains(string(text), file) {
		t.Errorf("%s %v", text, err)
	}
	changed, err := os.ReadFile(filepath.Join(into, "p.go"))
	if want := strings.Replace(code, "n = n + 10", "{}", 1); err != nil || string(changed) != want {
		t.Errorf("%s %v", changed, err)
	}
}

// The tests of the changed package come first, then those of packages that import it directly.
func TestReached(t *testing.T) {
	here := must.Get(os.Getwd())(t)
	all := []goPackage{
		{ImportPath: "m/far", Dir: filepath.Join(here, "far"), testDeps: []string{"m/near", "m/low"}, TestImports: []string{"m/near"}, TestGoFiles: []string{"a_test.go"}},
		{ImportPath: "m/near", Dir: filepath.Join(here, "near"), testDeps: []string{"m/low"}, XTestImports: []string{"m/low"}, XTestGoFiles: []string{"a_test.go"}},
		{ImportPath: "m/low", Dir: filepath.Join(here, "low"), TestGoFiles: []string{"a_test.go"}},
		{ImportPath: "m/other", Dir: filepath.Join(here, "other"), TestGoFiles: []string{"a_test.go"}},
		{ImportPath: "m/untested", Dir: filepath.Join(here, "untested"), testDeps: []string{"m/low"}},
	}
	if got := reached(all, "low/a.go"); !slices.Equal(got, []string{"low", "near", "far"}) {
		t.Error(got)
	}
	if got := reached(all, "nowhere/a.go"); got != nil {
		t.Error(got)
	}
}
