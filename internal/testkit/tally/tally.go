// Package tally counts what runs of specimens came to.
package tally

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker"
)

// Tally counts runs.
type Tally struct {
	Runs, Violated, Undecided int
	Properties                map[string]int `json:",omitempty"` // the violated properties, with the number of runs that violated them
}

// String tells how many runs were violated.
func (c Tally) String() string {
	if c.Runs == 0 {
		return "not measured yet"
	}
	return fmt.Sprintf("%d of %d", c.Violated, c.Runs)
}

// Count adds a run with its verdict and the properties that it violated.
func (c *Tally) Count(verdict checker.Result, violated []string) {
	c.Runs++
	switch verdict {
	case checker.Violation:
		c.Violated++
	case checker.Unknown:
		c.Undecided++
	}
	slices.Sort(violated)
	for _, name := range slices.Compact(violated) {
		c.note(name, 1)
	}
}

// Add adds the runs of another tally.
func (c *Tally) Add(more Tally) {
	c.Runs, c.Violated, c.Undecided = c.Runs+more.Runs, c.Violated+more.Violated, c.Undecided+more.Undecided
	for name, n := range more.Properties {
		c.note(name, n)
	}
}

// note adds to the runs that violated a property.
func (c *Tally) note(property string, runs int) {
	if c.Properties == nil {
		c.Properties = map[string]int{}
	}
	c.Properties[property] += runs
}
