package sweep

import (
	"cmp"
	"path/filepath"
	"slices"
)

// Finding describes the violations with one cause.
type Finding struct {
	Cause
	Count int `json:"count"` // runs
	// Of counts the runs with a verdict. Low and High bound the share of runs that have the finding
	// (Wilson's interval of 95 %).
	Of   int     `json:"of"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Smallest is the run with the fewest events.
	Smallest Example `json:"smallest"`
	// Seeds lists the first seeds whose runs have the finding.
	Seeds []int64 `json:"seeds"`
}

// Example is a run with a finding. Kept is its folder; empty if there is none.
type Example struct {
	Seed   int64  `json:"seed"`
	Events int    `json:"events"`
	Kept   string `json:"kept,omitempty"`
	Drawn  string `json:"drawn,omitempty"`
	// Told says in a sentence what happened in the run.
	Told string `json:"told,omitempty"`
}

const mostSeeds = 10

// add counts a run. The result does not depend on the order of runs.
func (f *Finding) add(l *Line, p *Property, in string) {
	f.Count++
	if at, _ := slices.BinarySearch(f.Seeds, l.Seed); at < mostSeeds {
		f.Seeds = slices.Insert(f.Seeds, at, l.Seed)
		f.Seeds = f.Seeds[:min(len(f.Seeds), mostSeeds)]
	}
	s := &f.Smallest
	if s.Seed == 0 || cmp.Or(cmp.Compare(l.Events, s.Events), cmp.Compare(l.Seed, s.Seed)) < 0 {
		*s = Example{Seed: l.Seed, Events: l.Events, Kept: l.Kept, Drawn: l.Drawn, Told: p.Example}
		if l.Kept != "" {
			s.Kept = filepath.Join(in, filepath.FromSlash(l.Kept))
		}
	}
}
