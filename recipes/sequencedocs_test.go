package recipes_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Each recipe whose contenders or items stand in the order of their sequence numbers says where
// that ends. The names of members also have numbers, but nothing depends on their order.
func TestDocsSayWhereSequenceNumbersEnd(t *testing.T) {
	ordered := regexp.MustCompile(`-(lock|read|write|candidate|lease|item|bounded|due|job)-(<[^>]*>-)*<sequence>`)
	found := 0
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, is := d.(*ast.GenDecl)
			if !is || g.Tok != token.TYPE || !ast.IsExported(g.Specs[0].(*ast.TypeSpec).Name.Name) {
				continue
			}
			doc := strings.Join(strings.Fields(g.Doc.Text()), " ")
			if !ordered.MatchString(doc) {
				continue
			}
			if found++; !strings.Contains(doc, "ends at 2147483647, and with it the order") {
				t.Errorf("%s does not say where its sequence numbers end", g.Specs[0].(*ast.TypeSpec).Name.Name)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d recipes have sequence numbers", found)
	}
}
