package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// timeName is the time format of a run's folder name. Such names sort by time and have no colons,
// which some file systems do not allow.
const timeName = "2006-01-02T15-04-05.000Z"

// Create makes the folder of a run that starts now, and makes it the latest run.
func Create(root, recipe string, start time.Time) (*Run, error) {
	if err := checkName(recipe); err != nil {
		return nil, err
	}
	parent := filepath.Join(root, recipe)
	name, err := makeUnique(parent, start.UTC().Format(timeName))
	if err != nil {
		return nil, fmt.Errorf("create a run: %w", err)
	}
	r := &Run{Dir: filepath.Join(parent, name)}
	if err := setLatest(root, filepath.Join(recipe, name)); err != nil {
		os.Remove(r.Dir)
		return nil, err
	}
	return r, nil
}

// checkName returns an error if the recipe's name cannot be a single folder name in the root.
func checkName(recipe string) error {
	if recipe == "" || recipe == Latest || strings.HasPrefix(recipe, ".") || strings.ContainsAny(recipe, `/\:`) {
		return fmt.Errorf("create a run: %q cannot be the name of a folder: give the recipe another name", recipe)
	}
	return nil
}

// makeUnique makes a folder called name, or name-02 and so on if other runs started in the same
// millisecond.
func makeUnique(parent, name string) (string, error) {
	unique := name
	for n := 2; ; {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return "", err
		}
		err := os.Mkdir(filepath.Join(parent, unique), 0o755)
		switch {
		case errors.Is(err, os.ErrExist):
			unique = fmt.Sprintf("%s-%02d", name, n)
			n++
		case errors.Is(err, os.ErrNotExist): // Remove has just removed the parent
		default:
			return unique, err
		}
	}
}

// Remove removes a run's folder with everything in it, and makes the newest remaining run the
// latest. It is for a run that never began, for example because its ensemble did not start.
func (r *Run) Remove() error {
	if r.Bare() {
		return fmt.Errorf("remove %s: it is not a run's folder", r.history)
	}
	if err := os.RemoveAll(r.Dir); err != nil {
		return fmt.Errorf("remove the run: %w", err)
	}
	parent := filepath.Dir(r.Dir)
	os.Remove(parent) // succeeds only if it was the recipe's only run
	return repairLatest(filepath.Dir(parent))
}
