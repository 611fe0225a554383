package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DescriptionIn returns what is being swept in a folder or an archive.
func DescriptionIn(path string) (*Description, error) {
	sources, err := sourcesIn([]string{path})
	if err != nil {
		return nil, err
	}
	d, _, err := beginningOf(sources[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sources[0], err)
	}
	return d, nil
}

// sourcesIn finds the journals and archives.
func sourcesIn(paths []string) (sources []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not exist; name folders and archives (%s) of a sweep", path, ArchiveEnd)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			sources = append(sources, path)
			continue
		}
		found, err := sourcesBelow(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, withoutCopies(found)...)
	}
	slices.SortStableFunc(sources, func(a, b string) int { return isArchive(a) - isArchive(b) })
	return slices.Compact(sources), nil
}

// belowFolder has patterns for the sources in a folder. The folder can be that of a shard or a sweep,
// or hold archives; it can be that of a recipe, or have a folder for each archive; or it can be that of
// all sweeps. The first patterns that match anything are used. If that finds several sweeps, [Merge]
// reports it.
var belowFolder = [][]string{
	{JournalFile, "*/" + JournalFile, "*" + ArchiveEnd},
	{"*/*/" + JournalFile, "*/*" + ArchiveEnd},
	{"sweeps/*/*/*/" + JournalFile, "sweeps/*/*/*" + ArchiveEnd},
}

func sourcesBelow(folder string) (found []string, err error) {
	for _, patterns := range belowFolder {
		for _, pattern := range patterns {
			some, err := filepath.Glob(filepath.Join(escaped(folder), pattern))
			if err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, fmt.Errorf("there is no sweep in %s: neither %s nor an archive (%s)", folder, JournalFile, ArchiveEnd)
}

// withoutCopies leaves out archives beside their folders, which contain everything in the archives.
func withoutCopies(found []string) (sources []string) {
	journals := map[string]bool{}
	for _, file := range found {
		journals[file] = true
	}
	for _, file := range found {
		if stem, zip := strings.CutSuffix(file, ArchiveEnd); !zip || !journals[filepath.Join(stem, JournalFile)] {
			sources = append(sources, file)
		}
	}
	return sources
}

// escaped returns a pattern that matches only the given path.
func escaped(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}

func isArchive(path string) int {
	if strings.HasSuffix(path, ".gz") {
		return 1
	}
	return 0
}

// errFound ends the reading of a journal.
var errFound = errors.New("found")

// beginningOf returns the description of a sweep, and when a process first began to work on it; the zero time
// if no process has.
func beginningOf(source string) (d *Description, began time.Time, err error) {
	r, err := openEntries(source)
	if err != nil {
		return nil, began, err
	}
	defer r.Close()
	_, err = readJournal(r, func(e entry) error {
		switch {
		case e.Sweep != nil && d == nil:
			d = e.Sweep
		case e.Session != nil:
			began = e.Session.Began.UTC()
			return errFound
		case e.Line != nil:
			return errFound
		}
		return nil
	})
	if err == nil || errors.Is(err, errFound) {
		err = nil
		if d == nil {
			err = errNoDescription
		}
	}
	return d, began, err
}
