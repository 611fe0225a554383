package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The map in CONTRIBUTING.md has a line for each folder with Go files, and for each folder of internal, and names no
// folder that does not exist.
func TestMap(t *testing.T) {
	mapped := foldersOnMap(t)
	for _, folder := range mapped {
		if info, err := os.Stat(filepath.Join("..", folder)); err != nil || !info.IsDir() {
			t.Errorf("CONTRIBUTING.md maps %s, which is no folder", folder)
		}
	}
	for _, folder := range foldersToMap(t) {
		if !slices.Contains(mapped, folder) {
			t.Errorf("CONTRIBUTING.md does not map %s", folder)
		}
	}
}

var line = regexp.MustCompile(`(?m)^    ([a-z0-9/]+)/ +\S`)

func foldersOnMap(t *testing.T) (folders []string) {
	t.Helper()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range line.FindAllStringSubmatch(string(text), -1) {
		folders = append(folders, found[1])
	}
	return folders
}

// foldersToMap lists the folders with Go files, and those of internal.
func foldersToMap(t *testing.T) (folders []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel("..", path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 2 && strings.ContainsAny(d.Name()[:1], "._")):
			return fs.SkipDir
		case !d.IsDir() && filepath.Ext(path) == ".go" && filepath.Dir(name) != ".":
			if folder := onMap(filepath.ToSlash(filepath.Dir(name))); !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
		return nil
	})
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	return folders
}

// onMap is the folder under which the map has a folder.
func onMap(folder string) string {
	parts := strings.Split(folder, "/")
	if parts[0] == "internal" {
		return strings.Join(parts[:2], "/") // internal/lab
	}
	return parts[0]
}
