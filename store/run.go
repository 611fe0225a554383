package store

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/object"
)

// historyFile is the file that makes a folder a run.
const historyFile = "history.jsonl"

// Run is a run on disk.
type Run struct {
	// Dir is the run's folder. It is empty for a bare history, opened by the name of its file. A
	// bare history has no other files, and their paths are empty.
	Dir string
	// Declares returns a program's declaration of objects that zklab does not know, by their model, or nil if the
	// program does not declare them. If Declares is nil, it declares none. Checks of the record use the
	// declaration. Set Declares before ReadHistory.
	Declares func(model string) models.Declared

	history string

	mu     sync.Mutex
	record *history.History // set by the first ReadHistory
	packed *history.History // set by the first ReadPacked, if the record is packed
}

// ReadHistory reads the record. Later calls return the same History, which must not be changed. The
// errors come from [history.Open]. ReadHistory is safe for concurrent use.
func (r *Run) ReadHistory() (*history.History, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.record != nil:
		return r.record, nil
	case r.packed != nil:
		r.record = r.packed.Unpacked()
		return r.record, nil
	}
	h, err := history.Open(r.History())
	if err == nil {
		h.Header.Declared = object.Declaration(h.Header, r.Declares)
		r.record = h
	}
	return h, err
}

// Large is the size in bytes above which checks and reports read a record packed: some 200,000 operations. A smaller
// record is faster to read as a list.
const Large = 100 << 20

// ReadPacked is like ReadHistory, for checks and reports: it packs the record if its file has more than above
// bytes, and if they can use a packed record.
func (r *Run) ReadPacked(above int64) (*history.History, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.record != nil:
		return r.record, nil
	case r.packed != nil:
		return r.packed, nil
	}
	h, err := history.OpenPacked(r.History(), func(of history.Header) bool {
		of.Declared = object.Declaration(of, r.Declares)
		file, err := os.Stat(r.History())
		return err == nil && file.Size() > above && models.OfHeader(of).Packs
	})
	if err != nil {
		return h, err
	}
	h.Header.Declared = object.Declaration(h.Header, r.Declares)
	if h.Packed() {
		r.packed = h
	} else {
		r.record = h
	}
	return h, nil
}

// Bare reports whether the run is a history file without a run's folder.
func (r *Run) Bare() bool { return r.Dir == "" }

// History returns the path of the record; see [Run.ReadHistory].
func (r *Run) History() string {
	if r.Bare() {
		return r.history
	}
	return r.path(historyFile)
}

// Path returns the run's folder, or the path of the bare history.
func (r *Run) Path() string {
	if r.Bare() {
		return r.history
	}
	return r.Dir
}

// Experiment returns the path of the file with everything needed to repeat the run; see
// [ReadExperiment].
func (r *Run) Experiment() string { return r.path("experiment.yaml") }

// RanBy returns the version of zklab that ran the experiment, from experiment.yaml, or "" if it is
// not known.
func (r *Run) RanBy() string { return r.experiment().Zklab }

// Label returns the name that the user gave to the run, from experiment.yaml, or "".
func (r *Run) Label() string { return r.experiment().Label }

// experiment returns the content of experiment.yaml. It is empty if the file cannot be read.
func (r *Run) experiment() Experiment {
	if r.Bare() {
		return Experiment{}
	}
	x, err := ReadExperiment(r.Experiment())
	if err != nil {
		return Experiment{}
	}
	return x
}

// Transactions returns the path of the transactions that the servers committed.
func (r *Run) Transactions() string { return r.path("transactions.jsonl") }

// Points returns the path of the list of the load's messages at which a fault can be injected. A
// run has it only on request.
func (r *Run) Points() string { return r.path("points.txt") }

// Result returns the path of the verdicts and figures; see [Run.ReadResult].
func (r *Run) Result() string { return r.path("result.json") }

// Report returns the path of the report for people.
func (r *Run) Report() string { return r.path("report.html") }

// Timeline returns the path of the page that shows which client held what and when.
func (r *Run) Timeline() string { return r.path("timeline.html") }

// Check returns the path of what zklab ensemble check saw happen by itself during the run.
func (r *Run) Check() string { return r.path("check.json") }

// JUnit returns the path of the verdicts for CI systems.
func (r *Run) JUnit() string { return r.path("junit.xml") }

// Plots returns the folder of the plots. A run whose report was written without plots has none.
func (r *Run) Plots() string { return r.path("plots") }

// GoTest returns the path of the Go test that repeats a shrunk run. It is in a testdata folder,
// which "go test ./..." skips, since the test fails.
func (r *Run) GoTest() string { return r.path("testdata", "shrunk_test.go") }

// Servers returns the folder that has one folder for each server.
func (r *Run) Servers() string { return r.path("servers") }

// ServerDir returns the folder of one server's logs and configuration.
func (r *Run) ServerDir(id int) string { return r.path("servers", strconv.Itoa(id)) }

// Clients returns the folder of the files N.log: what each client process wrote to standard error.
func (r *Run) Clients() string { return r.path("clients") }

// path returns the path of a file in the run's folder; "" for a bare history, since a name in the
// current folder would not belong to the run.
func (r *Run) path(name ...string) string {
	if r.Bare() {
		return ""
	}
	return filepath.Join(r.Dir, filepath.Join(name...))
}
