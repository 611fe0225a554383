package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/advice"
)

// Summary describes one run in a list.
type Summary struct {
	Run     *Run
	Recipe  string
	Started time.Time // UTC
	// Result is nil if the run did not finish or cannot be read. Err says what cannot be read.
	Result *Result
	Err    error
}

// Exists returns an error that says what to do if the folder root does not exist.
func Exists(root string) error {
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no store %s: %s", root, advice.MakeStore.Text())
	}
	return nil
}

// List returns the runs under root with their results, newest first. A recipe's folder, a run or a
// result that cannot be read is in the list with its error. If root does not exist, List returns no
// runs and no error.
func List(root string) ([]Summary, error) {
	dirs, err := recipeFolders(root)
	if err != nil {
		return nil, err
	}
	var all []Summary
	for _, dir := range dirs {
		all = append(all, listRecipe(dir)...)
	}
	sortNewestFirst(all)
	return all, nil
}

// Find returns the runs under root, newest first by the names of their folders. It does not read
// their files. It leaves out what it cannot read.
func Find(root string) ([]*Run, error) {
	dirs, err := recipeFolders(root)
	if err != nil {
		return nil, err
	}
	return findIn(dirs...), nil
}

// findIn is like Find, for the folders of some recipes.
func findIn(dirs ...string) (runs []*Run) {
	var all []Summary
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if r := (&Run{Dir: filepath.Join(dir, e.Name())}); e.IsDir() && r.recorded() == nil {
				all = append(all, Summary{Run: r, Started: started(r, nil)})
			}
		}
	}
	sortNewestFirst(all)
	for _, s := range all {
		runs = append(runs, s.Run)
	}
	return runs
}

// recipeFolders returns the folders in root. Each has the runs of one recipe; latest is a link, so it is left out.
func recipeFolders(root string) ([]string, error) {
	dirs, err := FoldersIn(root)
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	return dirs, nil
}

// listRecipe lists the runs of one recipe.
func listRecipe(dir string) (all []Summary) {
	recipe := filepath.Base(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return []Summary{{Run: &Run{Dir: dir}, Recipe: recipe, Err: fmt.Errorf("list the runs: %w", err)}}
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		r := &Run{Dir: filepath.Join(dir, e.Name())}
		_, isNamed := timeIn(e.Name())
		switch err := r.recorded(); {
		case err == nil:
			all = append(all, summarize(r, recipe))
		case isNamed || !errors.Is(err, os.ErrNotExist): // other folders are the user's, or a sweep's
			all = append(all, Summary{Run: r, Recipe: recipe, Started: started(r, nil), Err: err})
		}
	}
	return all
}

// recorded returns nil if the folder has a record, and so belongs to a run.
func (r *Run) recorded() error {
	info, err := os.Stat(r.History())
	if errors.Is(err, os.ErrNotExist) || err == nil && info.IsDir() {
		return fmt.Errorf("%s has no %s: %w", r.Dir, historyFile, os.ErrNotExist)
	}
	return err
}

func summarize(r *Run, recipe string) Summary {
	s := Summary{Run: r, Recipe: recipe}
	s.Result, s.Err = r.ReadResult()
	if errors.Is(s.Err, ErrNoResult) {
		s.Err = nil
	}
	s.Started = started(r, s.Result)
	return s
}

// started returns when the run began: by the name of its folder or, if the folder was renamed, by
// its content.
func started(r *Run, result *Result) time.Time {
	if t, ok := r.Started(); ok {
		return t
	}
	if result != nil && !result.Started.IsZero() {
		return result.Started.UTC()
	}
	if info, err := os.Stat(r.History()); err == nil {
		return info.ModTime().UTC()
	}
	return time.Time{}
}

// Started returns when the run began, by the folder name that Create chose. ok is false if the
// folder has another name. The record of a simulated run has a virtual start time, which differs.
func (r *Run) Started() (t time.Time, ok bool) { return timeIn(filepath.Base(r.Dir)) }

// Named reports whether the run's folder still has a name that Create chose, so that it was not
// renamed.
func (r *Run) Named() bool { return chosenName.MatchString(filepath.Base(r.Dir)) }

// chosenName matches the names that makeUnique makes.
var chosenName = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(-\d{2,})?$`)

// timeIn parses the time in a folder name made by Create.
func timeIn(name string) (time.Time, bool) {
	t, err := time.Parse(timeName, name[:min(len(name), len(timeName))])
	return t, err == nil
}

func sortNewestFirst(runs []Summary) {
	slices.SortStableFunc(runs, func(a, b Summary) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(filepath.Base(b.Run.Dir), filepath.Base(a.Run.Dir))
	})
}

// RemoveFolder removes a folder with everything in it. It also removes up to a number of the folders around it, as far as they
// are empty then.
func RemoveFolder(path string, around int) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	for range around {
		if path = filepath.Dir(path); os.Remove(path) != nil {
			break
		}
	}
	return nil
}

// FoldersIn returns the paths of the folders in a folder, in the order of their names; none if it does not exist. Links
// are not followed.
func FoldersIn(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.IsDir() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}
