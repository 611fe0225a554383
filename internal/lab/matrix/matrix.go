// Package matrix compares the same experiments on several kinds of servers. Each cell is a sweep: the runs of one
// experiment on the servers of one column. The package reads these sweeps, sums up each, and describes how the
// columns differ. It must not know how a run is made; verdicts come from package sweep, comparisons from package
// compare, and package reports shows a [Matrix].
package matrix

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// The folder of matrices in a store, in which each matrix has a folder, and the page in that
// folder.
const (
	StoreFolder = "matrices"
	PageFile    = "matrix.html"
)

// Matrix holds experiments by the servers on which they ran.
type Matrix struct {
	// Command runs the matrix again, or continues it.
	Command string `json:"command"`
	// Verdict is violation if any cell has a violation, valid if all cells are valid, and otherwise
	// unknown.
	Verdict checker.Result `json:"verdict"`
	// Servers lists the columns.
	Servers     []string      `json:"servers"`
	Experiments []*Experiment `json:"experiments"`
}

// Experiment is a row.
type Experiment struct {
	Name  string  `json:"experiment"`
	Cells []*Cell `json:"cells"` // one for each of Matrix.Servers
	// Differences lists the properties that some run violated.
	Differences []Difference `json:"differences"`
	// Compared compares the cells that have runs with a verdict; nil if there are fewer than two of
	// these.
	Compared *compare.Comparison `json:"comparison,omitempty"`
}

// Cell is one experiment on the servers of one column.
type Cell struct {
	On     string `json:"on"`
	Folder string `json:"folder"` // of the sweep
	// ZooKeeper lists the versions of the servers, as far as the runs know them.
	ZooKeeper []string `json:"zookeeper,omitempty"`
	// Verdict is the verdict of the sweep, but never valid before all runs have ended. Why is the reason for
	// an unknown verdict.
	Verdict checker.Result `json:"verdict"`
	Why     string         `json:"why,omitempty"`
	// Error says why runs could not be performed.
	Error string `json:"error,omitempty"`
	// Of is how many runs were asked for, and Runs how many have ended; the other fields count the
	// ended runs by verdict.
	Of        int `json:"of"`
	Runs      int `json:"runs"`
	Valid     int `json:"valid"`
	Violation int `json:"violation"`
	Unknown   int `json:"unknown"`
	// Latency sums up all operations of the load with outcome ok, of all kinds together. Outage sums up the times
	// without service during all faults, which only runs with a probe measure.
	Latency Latency `json:"latency"`
	Outage  Outage  `json:"outage"`
	// Gates holds the results of the given gates, judged by the runs of the cell.
	Gates []gates.Result `json:"gates,omitempty"`
	// Summary is the summary of the sweep; nil if no run has ended.
	Summary *sweep.Summary `json:"-"`
}

// Latency sums up latencies; zero without any.
type Latency struct {
	N      int            `json:"n"`
	Median measured.Bound `json:"median"`
	P99    measured.Bound `json:"p99"`
}

// Outage sums up the times without service; zero without any.
type Outage struct {
	N      int            `json:"n"`
	Median measured.Bound `json:"median"`
	Worst  measured.Bound `json:"worst"`
}

// Read reads what the sweep in the cell's folder has so far. An empty or missing folder is not an
// error.
func (c *Cell) Read() error {
	c.Verdict, c.Why = checker.Unknown, c.tooFew()
	if _, err := os.Stat(filepath.Join(c.Folder, sweep.Shard{}.Name(), sweep.JournalFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s, err := sweep.Merge([]string{c.Folder})
	if err != nil {
		return err
	}
	s.RequireWhole()
	c.Summary = s
	c.Runs, c.Valid, c.Violation, c.Unknown = s.Runs, s.Valid, s.Violation, s.Unknown
	c.Verdict, c.Why = s.Verdict, s.Why
	if c.Runs < c.Of && c.Verdict != checker.Violation { // the sweep may have been started with fewer runs
		c.Verdict, c.Why = checker.Unknown, c.tooFew()
	}
	c.figures(&s.Samples)
	return nil
}

func (c *Cell) tooFew() string { return fmt.Sprintf("%d of %d runs have ended", c.Runs, c.Of) }

func (c *Cell) figures(s *samples.Samples) {
	var all measured.Times
	for _, o := range s.Operations {
		if o.Latency != nil {
			all.Merge(o.Latency)
		}
	}
	n, _ := all.Count()
	c.Latency = Latency{N: n, Median: all.Quantile(0.5), P99: all.Quantile(0.99)}
	outages := samples.MetricNamed("outage").Times(s, "")
	n, _ = outages.Count()
	c.Outage = Outage{N: n, Median: outages.Quantile(0.5), Worst: outages.Quantile(1)}
}

// Complete compares the cells of each experiment, all of which were read, and decides the matrix.
func (m *Matrix) Complete() error {
	m.Verdict = checker.Valid
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			switch {
			case c.Verdict == checker.Violation:
				m.Verdict = checker.Violation
			case c.Verdict != checker.Valid && m.Verdict == checker.Valid:
				m.Verdict = checker.Unknown
			}
		}
		if err := x.compare(); err != nil {
			return err
		}
	}
	return nil
}

// compare compares the cells of an experiment.
func (x *Experiment) compare() error {
	x.Differences = differences(x.Cells)
	var groups []*compare.Group
	for _, c := range x.Cells {
		if c.Valid+c.Violation+c.Unknown == 0 {
			continue
		}
		g, err := compare.Locate("", c.Folder, nil)
		if err == nil {
			err = g.Read(nil)
		}
		if err != nil {
			return err
		}
		g.Name, c.ZooKeeper = c.On, g.ZooKeeper
		groups = append(groups, g)
	}
	if len(groups) > 1 {
		x.Compared = compare.Compare(groups, nil)
	}
	return nil
}
