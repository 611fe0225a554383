package promises

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// The promises. Each is the name of a finding.
const (
	Fifo              = "fifo"              // a session's writes are applied, and answered, in the order of sending
	SingleImage       = "single-image"      // a session never sees an older view than before
	OwnWrites         = "own-writes"        // a session sees what it wrote
	Atomic            = "atomic"            // a multi has all of its effects or none
	Views             = "views"             // every reply shows the tree as it was at some moment
	Fenced            = "fenced"            // a read after a write of the same session is fresh
	Sync              = "sync"              // a read after a sync is fresh
	Durable           = "durable"           // what was acknowledged stays
	WatchBeforeData   = "watch-before-data" // no client sees a change before the event of its watch
	OneEvent          = "one-event"         // a watch triggers once
	EventOrder        = "event-order"       // events come in the order of the changes
	Ephemeral         = "ephemeral"         // an ephemeral znode exists exactly as long as its session
	Names             = "names"             // sequential names rise
	Expiry            = "expiry"            // a session ends neither before its timeout nor long after
	Rights            = "rights"            // clients may do what access control lists let them do, and nothing else
	PersistentWatches = "persistent-watch"  // watches that stay report each change until they are removed
	Lifetimes         = "lifetimes"         // containers and TTL znodes are deleted when they are due, not earlier
	Timeliness        = "timeliness"        // what a session is shown is not older than a bound
)

// Run holds all that is judged.
type Run struct {
	Events []history.Event
	// Transactions holds all committed transactions in order; nil if they are not known.
	Transactions []history.Txn
	// Decode reads an event's value. It may be called by several goroutines.
	Decode func(*history.Event, any)

	// Disturbed are the times in which a fault hit the servers. Wait is how long
	// afterwards, or after a change of leaders, a deposed leader may still answer.
	Disturbed []history.Span
	Wait      time.Duration
	// Lag returns for how long a read after a sync, at a server and a time, may miss changes that
	// other clients were told of: a leader answers a sync at once, and can be behind the servers
	// that follow it. nil means no time.
	Lag func(server string, at time.Duration) time.Duration
	// Copied reports whether a copy of a client could use the client's session at a time; nil:
	// there is no copy.
	Copied func(client int, at time.Duration) bool
	// Final is the time from which clients only read.
	Final time.Duration
	// Denied means that permissions were removed, so that servers keep events from
	// clients that may not read. Removed means that the harness deleted znodes that
	// clients had created.
	Denied, Removed bool
	// Faults holds the times of all other faults, Stalled the times in which the recording process itself was
	// held up.
	Faults, Stalled []history.Span
	// Clocks holds the times in which servers' wall clocks were wrong. They are not among Disturbed and Faults.
	Clocks []history.Span
	// Tick is the servers' unit of time. Timed means that the servers share the
	// record's clock, so that their times can be compared with the record's.
	Tick  time.Duration
	Timed bool
	// Sweep is how often servers look for containers and znodes with a TTL to delete; 0: not known.
	Sweep time.Duration
	// Age is how old the state may be that a client is shown; 0: not known. Halted returns the times in
	// which a server could do nothing, by its address; nil: there were none.
	Age    time.Duration
	Halted func(server string) []history.Span
}

// Finding is the result for one promise.
type Finding struct {
	// Text describes how the promise was broken for the first time; "": it was kept. Counterexample
	// lists the events that show it.
	Text           string
	Counterexample []int
	Notes          []string
	Figures        map[string]float64
}

// Report maps each promise to its finding. It has all promises.
type Report map[string]*Finding

// count adds to a figure.
func (f *Finding) count(name string, n float64) { f.Figures[name] += n }

// broken notes that a promise was broken. It keeps the earliest counterexample, by its
// last event, since its consequences come later.
func (r Report) broken(promise string, counterexample []int, format string, args ...any) {
	f := r[promise]
	f.count("violations", 1)
	counterexample = slices.DeleteFunc(counterexample, func(i int) bool { return i < 0 })
	slices.Sort(counterexample)
	counterexample = slices.Compact(counterexample)
	if f.Text == "" || last(counterexample) < last(f.Counterexample) {
		f.Text, f.Counterexample = fmt.Sprintf(format, args...), counterexample
	}
}

func last(counterexample []int) int {
	if len(counterexample) == 0 {
		return -1
	}
	return counterexample[len(counterexample)-1]
}

// note adds a remark, once.
func (r Report) note(promise, text string) {
	if f := r[promise]; !slices.Contains(f.Notes, text) {
		f.Notes = append(f.Notes, text)
	}
}

// Check judges a run. It takes about linear time, and ends soon after ctx does, with what it has found
// by then.
func Check(ctx context.Context, run Run) Report {
	r := Report{}
	for _, p := range []string{
		Fifo, SingleImage, OwnWrites, Atomic, Views, Fenced, Sync, Durable,
		WatchBeforeData, OneEvent, EventOrder, Ephemeral, Names, Expiry, Timeliness, Rights, Lifetimes, PersistentWatches,
	} {
		r[p] = &Finding{Figures: map[string]float64{}}
	}
	run.Disturbed, run.Faults, run.Stalled = apart(run.Disturbed), apart(run.Faults), apart(run.Stalled)
	j := &judge{Run: run, Report: r, record: read(ctx, run)}
	j.epochs = newLeaders(j.conns)
	j.learn()
	if j.log == nil {
		r.tellUnlooked()
	}
	for _, step := range []func(){j.findRefused, j.inOrder, j.acknowledged, j.names, j.endings} {
		if ctx.Err() == nil {
			step()
		}
	}
	for _, c := range j.conns {
		if ctx.Err() != nil {
			break
		}
		j.replay(c)
	}
	if j.log == nil && ctx.Err() == nil {
		j.versions()
		j.turns()
	}
	return r
}

// judge holds the state of judging one run.
type judge struct {
	Run
	Report
	*record
	pasts map[string]*past
	log   *log // nil: the transactions are not known
	// complete has, if there is no log, the transactions whose whole effect the answers to
	// clients show.
	complete map[history.ID]bool
	// shownWrites has, if there is no log, by path and mzxid, the writes that replies showed.
	shownWrites map[string]map[history.ID]*shownWrite
	// refused maps each value that only refused requests tried to write to one of these requests.
	refused map[writing]*request
	// conflicts has, if there is no log, by path, the requests that were refused because of their
	// version.
	conflicts map[string][]*request
	counts    map[childrenOf]shownCount

	still    map[string][]history.Span // when each server stood still
	epochs   []time.Duration           // when there was a new leader
	compared int                       // number of lists that were compared name by name
}
