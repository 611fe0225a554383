package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Summary is one run in a list.
type Summary struct {
	Run     *Run
	Recipe  string
	Started time.Time // UTC
	// Result is nil if the run was not finished, and if Err says why it cannot be read.
	Result *Result
	Err    error
}

// List finds the runs under root, newest first. A root that does not exist has none.
func List(root string) ([]Summary, error) {
	recipes, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	var all []Summary
	for _, recipe := range recipes {
		if recipe.IsDir() { // not latest, which is a link
			all = append(all, listRecipe(filepath.Join(root, recipe.Name()))...)
		}
	}
	sortNewestFirst(all)
	return all, nil
}

// listRecipe finds the runs of one recipe; a folder that cannot be read has none.
func listRecipe(dir string) []Summary {
	entries, _ := os.ReadDir(dir)
	var all []Summary
	for _, e := range entries {
		run := filepath.Join(dir, e.Name())
		if e.IsDir() && isRun(run) {
			all = append(all, summarize(&Run{Dir: run}, filepath.Base(dir)))
		}
	}
	return all
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

// started is when the run began, by the name of its folder; a folder that
// somebody renamed tells by what is in it.
func started(r *Run, result *Result) time.Time {
	name := filepath.Base(r.Dir)
	if t, err := time.Parse(timeName, name[:min(len(name), len(timeName))]); err == nil {
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

func sortNewestFirst(runs []Summary) {
	slices.SortStableFunc(runs, func(a, b Summary) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(filepath.Base(b.Run.Dir), filepath.Base(a.Run.Dir))
	})
}
