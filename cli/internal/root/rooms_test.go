package root

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The packages of cli/internal with commands for any ensemble import none of the laboratory's packages, and vice
// versa. The packages terminal and usage, on which all others build, import no commands.
func TestRoomsAreApart(t *testing.T) {
	laboratory, tools := []string{"verdicts", "experiments", "manyruns", "storedruns"}, []string{"ensembles", "clients"}
	never := map[string][]string{"terminal": {"usage"}, "root": nil}
	for _, room := range laboratory {
		never[room] = tools
	}
	for _, room := range tools {
		never[room] = laboratory
	}
	for _, room := range []string{"terminal", "usage", "process", "connect", "backend"} {
		never[room] = slices.Concat(never[room], laboratory, tools)
	}
	rooms := must.Get(os.ReadDir(".."))(t)
	for _, room := range rooms {
		refused, known := never[room.Name()]
		if !known {
			t.Errorf("cli/internal/%s is in no list of this test", room.Name())
		}
		for _, imported := range roomsImportedBy(t, room.Name()) {
			if slices.Contains(refused, imported) {
				t.Errorf("cli/internal/%s imports %s", room.Name(), imported)
			}
		}
	}
}

// roomsImportedBy returns the packages of cli/internal that the files of one of them import, except those of tests.
func roomsImportedBy(t *testing.T, room string) (imported []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", room, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(room, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f := must.Get(parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly))(t)
		for _, i := range f.Imports {
			path := must.Get(strconv.Unquote(i.Path.Value))(t)
			if name, ok := strings.CutPrefix(path, "github.com/zklab/zklab/cli/internal/"); ok {
				imported = append(imported, name)
			}
		}
	}
	return imported
}
