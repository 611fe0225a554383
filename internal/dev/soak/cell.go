package soak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// place is where a run happens.
type place struct {
	name    string
	flags   []string
	mutants bool // mutants also run there
}

var places = []place{
	{"virtual", []string{"--simulate"}, true},
	{"embedded", nil, true},
	{"container", []string{"--ensemble", "container"}, false},
}

func wheres() (names []string) {
	for _, p := range places {
		names = append(names, p.name)
	}
	return names
}

// cell is one row: a subject at a place.
type cell struct {
	specimens.Specimen
	place place
	flags []string
}

func (c cell) String() string { return c.Recipe + " " + c.Name + " " + c.place.name }

// cells returns zklab's own subjects and the mutants, at each of the places.
func (m *matrix) cells(where string) (all []cell, err error) {
	chosen := strings.Split(where, ",")
	for _, name := range chosen {
		if !slices.Contains(wheres(), name) {
			return nil, fmt.Errorf("--where %s: places are %s", name, strings.Join(wheres(), ", "))
		}
	}
	for _, p := range places {
		for _, s := range specimens.All() {
			c := cell{s, p, m.flags(s)}
			if slices.Contains(chosen, p.name) && c.flags != nil && (p.mutants || s.Property == "") && m.only.MatchString(c.String()) {
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no row matches --only: a row is RECIPE SUBJECT PLACE")
	}
	return all, nil
}

// flags returns the flags of a subject's run; nil for a subject of another library.
func (m *matrix) flags(s specimens.Specimen) []string {
	switch {
	case s.Faults != "":
		return []string{"--faults", s.Faults}
	case s.Property != "":
		return []string{"--time-limit", "10s"}
	case strings.HasPrefix(s.Name, workloads.Own):
		// The usual interval, so that some faults outlast sessions, whatever the limit.
		return []string{"--faults", "all", "--fault-interval", "10s", "--time-limit", m.limit.String()}
	default:
		return nil
	}
}

// outcome is the outcome of a cell.
type outcome struct {
	right bool
	came  string
	runs  int
	took  time.Duration
	err   error
}

// try runs a cell. Whether one run finds a mutant is chance, so mutants are tried with several seeds.
func (m *matrix) try(ctx context.Context, c cell, dir string) (o outcome) {
	began := time.Now()
	tries := 1
	if c.Property != "" {
		tries = m.tries
	}
	for o.runs < tries && !o.right && o.err == nil {
		o.runs++
		var r store.Result
		if r, o.err = m.one(ctx, c, int64(o.runs), dir); o.err == nil {
			o.came = verdict(r)
			o.right = c.Property == "" && r.Verdict == checker.Valid || c.Property != "" && slices.Contains(r.Violated(), c.Property)
		}
	}
	o.took = time.Since(began)
	return o
}

// one runs a cell once, with one seed.
func (m *matrix) one(ctx context.Context, c cell, seed int64, dir string) (r store.Result, err error) {
	args := slices.Concat([]string{"run", c.Recipe, "--subject", c.Name, "--seed", fmt.Sprint(seed), "--out", dir, "--quiet", "--json"}, c.flags, c.place.flags)
	if err := m.zklab.JSON(ctx, &r, args...); err != nil {
		return r, fmt.Errorf("%s: %w", c, err)
	}
	return r, nil
}

// verdict returns the verdict with the properties that it is about.
func verdict(r store.Result) string {
	if names := r.Violated(); len(names) > 0 {
		return "violated: " + strings.Join(names, ", ")
	}
	if r.Verdict != checker.Unknown {
		return string(r.Verdict)
	}
	for _, a := range checker.Unmet(r.Assumptions) {
		return "undecided: assumption " + a.Name
	}
	for _, v := range r.Verdicts {
		if v.Result == checker.Unknown {
			return "undecided: " + v.Property + ": " + v.Reason
		}
	}
	return "undecided"
}

func (c cell) row(o outcome) string {
	wanted := string(checker.Valid)
	if c.Property != "" {
		wanted = "violated: " + c.Property
	}
	came := o.came
	if !o.right {
		came = "**" + came + "**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %d | %.1f s |", c.Recipe, strings.TrimPrefix(c.Name, "broken:"), c.place.name, wanted, came, o.runs, o.took.Seconds())
}
