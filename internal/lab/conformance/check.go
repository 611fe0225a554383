package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Target is the servers to check, and how to reach them.
type Target struct {
	Servers  []string // servers of one ensemble, each as host:port
	Dial     ensemble.DialFunc
	Chroot   string             // the znode below which everything happens; "" is the whole tree
	Auth     []wire.AuthRequest // for creating and removing the znode of the check
	Patience time.Duration      // how long a server may take for one answer
	// Name is the name of the znode in which the scripts run.
	Name string
	// Serial runs the scripts one after the other, instead of several at once.
	Serial bool

	parents bool // also make the chroot
}

// Outcome is the result of a script.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"       // clients see the same as on the reference
	Differs Outcome = "differs"  // they see something else
	LeftOut Outcome = "left-out" // the script was not run
)

// Result is the outcome of one script.
type Result struct {
	Script  string  `json:"script"`
	Shows   string  `json:"shows"`  // what a correct server shows
	Source  string  `json:"source"` // the source of the rule
	Outcome Outcome `json:"outcome"`
	// Detail is the first difference, or why the script was left out.
	Detail string `json:"detail,omitempty"`
}

// Report is the result of the check.
type Report struct {
	Servers []Server `json:"servers"`
	// Notes lists the settings and versions of the servers that the check took into account.
	Notes   []string `json:"notes,omitempty"`
	Results []Result `json:"scripts"`
	// Left describes what could not be removed; "" if nothing is left.
	Left string `json:"left,omitempty"`
}

// Count returns how many scripts had an outcome.
func (r Report) Count(o Outcome) (n int) {
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// ErrUnusable means servers on which no script can run; the message says why.
var ErrUnusable = errors.New("these servers cannot be checked")

// atOnce is how many scripts run at once: a script mostly waits. By default, servers accept 60 connections from
// one address (maxClientCnxns), and a script has at most six.
const atOnce = 8

// Check runs the scripts on servers, and on embedded ones that it starts with the same settings, as far as it can
// find these out. It calls each, if that is not nil, with each result, in the order of the scripts. If the servers
// cannot be reached or do not let it work, it returns an error and what it has found until then. Everything happens
// below one znode, which it makes and removes.
func Check(ctx context.Context, t Target, each func(Result)) (report Report, err error) {
	met, err := meet(ctx, t)
	if err != nil {
		return report, err
	}
	report.Servers = met.servers
	base, err := makeBase(ctx, t)
	if err != nil {
		return report, err
	}
	defer func() { report.Left = base.remove(ctx) }()
	if err := met.learnTTL(ctx, base); err != nil {
		return report, err
	}
	report.Notes = met.notes()
	right, err := met.reference(ctx)
	if err != nil {
		return report, err
	}
	defer right.close()
	theirs, err := newPlace(ctx, place{dial: t.Dial, addrs: met.addrs(), base: base.path, patience: t.Patience, stretch: met.stretch(), identities: met.identities})
	if err != nil {
		return report, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	defer theirs.close()
	report.Results, err = both{right, theirs}.run(ctx, met, each)
	return report, err
}

// both holds the two places on which each script runs.
type both struct{ right, theirs *place }

func (b both) run(ctx context.Context, met acquaintance, each func(Result)) ([]Result, error) {
	results := make([]Result, len(byHand()))
	told := inOrder{results: results, each: each}
	var running errgroup.Group
	running.SetLimit(atOnce)
	if met.target.Serial {
		running.SetLimit(1)
	}
	for i, s := range byHand() {
		running.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			told.tell(i, b.compare(ctx, met, s))
			return context.Cause(ctx)
		})
	}
	err := running.Wait()
	return results[:told.next], err
}

func (b both) compare(ctx context.Context, met acquaintance, s Script) Result {
	r := Result{Script: s.Name, Shows: s.Shows, Source: s.Source, Outcome: OK}
	if r.Detail = met.lacks(s); r.Detail != "" {
		r.Outcome = LeftOut
		return r
	}
	s.steps = met.spoken(s.steps)
	var want, got Trace
	var playing sync.WaitGroup
	playing.Go(func() { want = s.play(ctx, b.right) })
	playing.Go(func() { got = s.play(ctx, b.theirs) })
	playing.Wait()
	met.adapt(want)
	if r.Detail = difference(want.sorted(), got.sorted()); r.Detail != "" {
		r.Outcome = Differs
	}
	return r
}

// inOrder reports results in the order of the scripts.
type inOrder struct {
	mu      sync.Mutex
	results []Result
	next    int // the number of the next result to report
	each    func(Result)
}

func (o *inOrder) tell(i int, r Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.results[i] = r
	for o.next < len(o.results) && o.results[o.next].Outcome != "" {
		if o.each != nil {
			o.each(o.results[o.next])
		}
		o.next++
	}
}

// ops lists the requests of some steps, those in multis included.
func (s steps) ops() (ops []wire.Op) {
	for _, st := range s {
		a, ok := st.(ask)
		if !ok {
			continue
		}
		for _, q := range a.reqs {
			ops = append(ops, q.op)
			parts, _ := q.rec.([]wire.MultiOp)
			for _, p := range parts {
				ops = append(ops, p.Op)
			}
		}
	}
	slices.Sort(ops)
	return slices.Compact(ops)
}
