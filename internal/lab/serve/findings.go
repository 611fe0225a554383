package serve

import (
	"cmp"
	"context"
	"net/http"
	"path"
	"slices"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// findingsOf finds the causes of the violations of runs, and caches them while the runs do not
// change.
type findingsOf struct {
	*files
	lock *semaphore.Weighted // held while files are read
	kept map[string]keptCauses
}

type keptCauses struct {
	stamp  stamp // of result.json
	causes []toldCause
	err    error
}

// toldCause is a cause in words. Text is a sentence about a run that has the cause, and Shape what all such
// runs have in common. If there is no sentence, Text says what they have in common, and Shape is empty.
type toldCause struct {
	sweep.Cause
	Text, Shape string
}

// told describes a cause by the sentence about a run that has it, which may be empty.
func told(c sweep.Cause, sentence string) toldCause {
	if sentence == "" {
		return toldCause{Cause: c, Text: causeWords(c)}
	}
	return toldCause{c, sentence, causeWords(c)}
}

func newFindings(f *files) *findingsOf {
	return &findingsOf{files: f, lock: semaphore.NewWeighted(1), kept: map[string]keptCauses{}}
}

// causes returns the causes of those violations of a run that decide its verdict.
func (f *findingsOf) causes(ctx context.Context, x *index, name string) ([]toldCause, error) {
	if err := f.lock.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer f.lock.Release(1)
	at := x.stampIn(name, "result.json")
	if kept, ok := f.kept[name]; ok && kept.stamp == at {
		return kept.causes, kept.err
	}
	causes, err := f.read(x, name)
	f.kept[name] = keptCauses{at, causes, err}
	return causes, err
}

func (f *findingsOf) read(x *index, name string) (causes []toldCause, err error) {
	result, err := x.result(name)
	if err != nil {
		return nil, err
	}
	file, _, err := f.open(path.Join(name, historyFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h, err := history.Read(file)
	if err != nil {
		return nil, err
	}
	f.declare(&h.Header)
	for _, c := range sweep.CausesOf(result, h) {
		causes = append(causes, told(c, c.Told))
	}
	return causes, nil
}

// findingsContent is the content of the page of findings.
type findingsContent struct {
	Groups []*findingGroup
	Errors []string // of runs whose findings could not be read
}

// findingGroup holds what was found in the runs and sweeps of one recipe with one subject.
type findingGroup struct {
	Recipe, Subject string
	Newest          entry
	Units           int // decided runs and sweeps
	Findings        []*foundCause

	units []entry // oldest first
	by    map[string]*foundCause
}

// foundCause is a cause, and where it was found.
type foundCause struct {
	toldCause
	State       string // new, known or gone
	First, Last entry
	In          int // units
	Since       int // units after the last one that has it
}

// The states of findings, in the order of the page. They compare the newest unit with the older ones.
var findingStates = []string{"new", "known", "gone"}

// findingsPage sends the page of findings across runs.
func (s *Server) findingsPage(w http.ResponseWriter, r *http.Request) {
	all, err := s.index.list(r.Context())
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, "The store cannot be read: "+oneLine(err))
		return
	}
	s.show(w, r, http.StatusOK, "findings", "Findings", s.findings(r.Context(), all))
}

func (s *Server) findings(ctx context.Context, all []entry) (c findingsContent) {
	by := map[[2]string]*findingGroup{}
	for _, e := range slices.Backward(all) { // oldest first
		if !e.decided() {
			continue
		}
		key := [2]string{e.Recipe, e.Subject}
		g := by[key]
		if g == nil {
			g = &findingGroup{Recipe: e.Recipe, Subject: e.Subject, by: map[string]*foundCause{}}
			by[key] = g
			c.Groups = append(c.Groups, g)
		}
		causes, err := s.causesOf(ctx, e)
		if err != nil {
			c.Errors = append(c.Errors, e.Path+": "+oneLine(err))
			continue
		}
		g.add(e, causes)
	}
	for _, g := range c.Groups {
		g.finish()
	}
	c.Groups = slices.DeleteFunc(c.Groups, func(g *findingGroup) bool { return len(g.Findings) == 0 })
	slices.SortStableFunc(c.Groups, func(a, b *findingGroup) int { return b.Newest.Started.Compare(a.Newest.Started) })
	return c
}

// decided reports whether a run has a verdict, or a sweep some runs. The findings of a matrix are those of its sweeps.
func (e entry) decided() bool {
	if e.Kind == catalog.Matrix {
		return false
	}
	return e.Kind == catalog.Sweep && e.Done > 0 && e.State != catalog.Unreadable || e.State == catalog.Valid || e.State == catalog.Violation || e.State == catalog.Undecided
}

func (s *Server) causesOf(ctx context.Context, e entry) (causes []toldCause, err error) {
	switch {
	case e.Kind == catalog.Sweep:
		for _, f := range s.index.sweepFindings(ctx, e.Path) {
			causes = append(causes, told(f.Cause, f.Smallest.Told))
		}
		return causes, nil
	case e.Kind == catalog.Exploration:
		r, err := s.index.explored(e.Path)
		for _, c := range r.Found {
			causes = append(causes, told(c.Cause, ""))
		}
		return causes, err
	case e.State == catalog.Violation:
		return s.found.causes(ctx, s.index, e.Path)
	}
	return nil, nil
}

func (g *findingGroup) add(e entry, causes []toldCause) {
	g.units = append(g.units, e)
	seen := map[string]bool{}
	for _, c := range causes {
		if seen[c.Key()] {
			continue
		}
		seen[c.Key()] = true
		f := g.by[c.Key()]
		if f == nil {
			f = &foundCause{toldCause: c, First: e}
			g.by[c.Key()], g.Findings = f, append(g.Findings, f)
		}
		f.In++
		f.Last, f.Since = e, len(g.units)
	}
}

// finish compares the newest unit with the others.
func (g *findingGroup) finish() {
	if g.Units = len(g.units); g.Units == 0 {
		return
	}
	g.Newest = g.units[g.Units-1]
	for _, f := range g.Findings {
		f.Since = g.Units - f.Since
		switch {
		case f.Since > 0:
			f.State = "gone"
		case f.In == 1:
			f.State = "new"
		default:
			f.State = "known"
		}
	}
	slices.SortStableFunc(g.Findings, func(a, b *foundCause) int {
		return cmp.Or(slices.Index(findingStates, a.State)-slices.Index(findingStates, b.State), b.In-a.In)
	})
}
