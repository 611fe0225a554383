package store

import (
	"path/filepath"
	"strconv"
	"sync"

	"github.com/zklab/zklab/history"
)

// historyFile makes a folder a run.
const historyFile = "history.jsonl"

// Run is a run on disk.
type Run struct {
	// Dir is its folder; empty for a history file that was opened by itself.
	// Such a run has no other files, and their paths are empty, too.
	Dir string

	history string

	mu     sync.Mutex
	record *history.History // once it was read
}

// ReadHistory reads the record. Whoever asks again is given the same one, which nobody
// may change. Its errors are those of [history.Open].
func (r *Run) ReadHistory() (*history.History, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.record != nil {
		return r.record, nil
	}
	h, err := history.Open(r.History())
	if err == nil {
		r.record = h
	}
	return h, err
}

// Bare says that the run is nothing but a history file.
func (r *Run) Bare() bool { return r.Dir == "" }

// History is the record's file; see [Run.ReadHistory].
func (r *Run) History() string {
	if r.Bare() {
		return r.history
	}
	return r.path(historyFile)
}

// Path is what a person calls the run: its folder, or the bare history file.
func (r *Run) Path() string {
	if r.Bare() {
		return r.history
	}
	return r.Dir
}

// Experiment is everything needed to run it again.
func (r *Run) Experiment() string { return r.path("experiment.yaml") }

// RanBy is the version of zklab that ran it, as experiment.yaml has it; "" if that is
// not known.
func (r *Run) RanBy() string {
	if r.Bare() {
		return ""
	}
	x, err := ReadExperiment(r.Experiment())
	if err != nil {
		return ""
	}
	return x.Zklab
}

// Transactions is the evidence from the servers' transaction logs.
func (r *Run) Transactions() string { return r.path("transactions.jsonl") }

// Points lists the messages of the load at which a fault could be injected, where that
// was asked for.
func (r *Run) Points() string { return r.path("points.txt") }

// Result is what was decided and counted; see [Run.ReadResult].
func (r *Run) Result() string { return r.path("result.json") }

// Report is the page for people.
func (r *Run) Report() string { return r.path("report.html") }

// Timeline is the page that shows who held what when.
func (r *Run) Timeline() string { return r.path("timeline.html") }

// JUnit is the verdicts for CI systems.
func (r *Run) JUnit() string { return r.path("junit.xml") }

// Plots is the folder of the plots.
func (r *Run) Plots() string { return r.path("plots") }

// GoTest is a test in Go that runs it, of a run that was shrunk. It is where the go command
// looks only if it is told to: a test that fails is to be run by those who ask for it.
func (r *Run) GoTest() string { return r.path("testdata", "shrunk_test.go") }

// Servers is the folder with a folder for each server.
func (r *Run) Servers() string { return r.path("servers") }

// ServerDir is the folder of one server's logs and configuration.
func (r *Run) ServerDir(id int) string { return r.path("servers", strconv.Itoa(id)) }

// Clients is the folder of what clients that are processes of their own wrote to
// standard error: N.log.
func (r *Run) Clients() string { return r.path("clients") }

// path is empty for a bare history, and not a name in the present folder, which
// somebody might write to.
func (r *Run) path(name ...string) string {
	if r.Bare() {
		return ""
	}
	return filepath.Join(r.Dir, filepath.Join(name...))
}
