package overlay

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"go/version"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// known lists the versions of Go for whose runtime the changes were made. Their patch releases are also
// supported as long as they contain all texts.
var known = []string{"go1.26"}

// File is a file of an overlay.
type File struct {
	Path string // absolute
	Text []byte
}

// Flag returns the flag for go build and go test that uses the files of [Make] in dir, an absolute
// path.
func Flag(dir string) string { return "-overlay=" + list(dir) }

// list returns the file that tells the go command which files replace which.
func list(dir string) string { return filepath.Join(dir, "overlay.json") }

// Make returns the files of an overlay for a toolchain, to be written to dir, an absolute path, which
// may be anywhere: their names are not those of Go files. The error explains in one line why there is
// no overlay for this toolchain, and what to do.
func Make(t Toolchain, dir string) ([]File, error) {
	if _, err := os.Stat(t.source("runtime")); err != nil {
		return nil, fmt.Errorf("no overlay for %s: %s lacks the source of the standard library: install it, or run without the overlay",
			t.Version, t.source(""))
	}
	texts, err := t.changed(changes)
	if err != nil {
		return nil, err
	}
	if err := addTo(texts); err != nil {
		return nil, err
	}
	var files []File
	replace := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".txt")
		files = append(files, File{path, texts[name]})
		replace[t.source(name)] = path
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(files, File{list(dir), append(text, '\n')}), nil
}

// changed reads the files that are to be changed, and makes the changes. It returns the texts by their
// paths in the standard library.
func (t Toolchain) changed(changes []change) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, c := range changes {
		before, ok := texts[c.file]
		if !ok {
			var err error
			if before, err = os.ReadFile(t.source(c.file)); err != nil {
				return nil, t.refuse(fmt.Sprintf("%s cannot be read: %v", c.file, errors.Unwrap(err)))
			}
		}
		after, err := c.apply(string(before))
		if err != nil {
			return nil, t.refuse(err.Error())
		}
		texts[c.file] = []byte(after)
	}
	for name, text := range texts {
		if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
			return nil, t.refuse(fmt.Sprintf("what would come out does not parse: %v", err))
		}
	}
	if !slices.Contains(known, version.Lang(t.Version)) {
		return nil, t.refuse("this version is unknown")
	}
	return texts, nil
}

// apply makes a change in the text of its file.
func (c change) apply(text string) (string, error) {
	if n := strings.Count(text, c.at); n != 1 {
		line, _, _ := strings.Cut(strings.TrimSpace(c.at), "\n")
		return "", fmt.Errorf("%s has %q %d times, not once", c.file, line, n)
	}
	return strings.Replace(text, c.at, c.with, 1), nil
}

// refuse returns the error for a toolchain without an overlay.
func (t Toolchain) refuse(why string) error {
	releases := strings.TrimPrefix(strings.Join(known, ".x, "), "go") + ".x"
	return fmt.Errorf("no overlay for %s: %s: use a Go release that zklab supports (%s), or run without the overlay: most seeds repeat anyway",
		t.Version, why, releases)
}

// addTo adds the files that the standard library does not have.
func addTo(texts map[string][]byte) error {
	std, err := fs.Sub(added, "_std")
	if err != nil {
		return err
	}
	return fs.WalkDir(std, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		texts[path], err = fs.ReadFile(std, path)
		return err
	})
}
