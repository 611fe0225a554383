package serve

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"

	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/reports"
)

// mostCompared bounds the groups of a comparison.
const mostCompared = 8

// comparePage sends the page of zklab compare, with each chosen run or sweep as a group. The first
// one is the oldest.
func (s *Server) comparePage(w http.ResponseWriter, r *http.Request) {
	chosen, ok := s.chosen(w, r, r.URL.Query()["run"])
	if !ok {
		return
	}
	if len(chosen) < 2 || len(chosen) > mostCompared {
		s.fail(w, r, http.StatusBadRequest, fmt.Sprintf("A comparison needs 2 to %d runs or sweeps. Tick them in the list.", mostCompared))
		return
	}
	slices.SortStableFunc(chosen, func(a, b entry) int { return a.Started.Compare(b.Started) })
	var groups []*compare.Group
	for _, e := range chosen {
		g, err := s.group(e)
		if err != nil {
			s.fail(w, r, http.StatusUnprocessableEntity, fmt.Sprintf("%s cannot be compared: %s.", e.Path, oneLine(err)))
			return
		}
		groups = append(groups, g)
	}
	page, err := reports.ComparisonPage(compare.Compare(groups, nil))
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, oneLine(err))
		return
	}
	w.Header().Set("Content-Security-Policy", stored)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page) // no one else could be told of an error
}

// group reads one run or sweep.
func (s *Server) group(e entry) (*compare.Group, error) {
	switch e.Kind {
	case catalog.Exploration:
		return nil, errors.New("it is an exploration, which has no times; compare runs and sweeps")
	case catalog.Matrix:
		return nil, errors.New("it is a matrix, whose page compares its sweeps; compare runs and sweeps")
	}
	if err := s.index.plain(e.Path); err != nil {
		return nil, err
	}
	g, err := compare.Locate(s.dir, filepath.Join(s.dir, local(e.Path)), s.Declares)
	if err != nil {
		return nil, err
	}
	g.Name = e.Path
	if e.Label != "" {
		g.Name += " (" + e.Label + ")"
	}
	return g, g.Read(nil)
}

// chosen returns the entries that a form names. If one is not in the store, it answers, and ok is false.
func (s *Server) chosen(w http.ResponseWriter, r *http.Request, names []string) (chosen []entry, ok bool) {
	all, err := s.index.list(r.Context())
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, "The store cannot be read: "+oneLine(err))
		return nil, false
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		i := slices.IndexFunc(all, func(e entry) bool { return e.Path == name })
		if i < 0 {
			s.absent(w, r, name)
			return nil, false
		}
		chosen = append(chosen, all[i])
	}
	return chosen, true
}
