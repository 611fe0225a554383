package explore

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// State is how far an exploration, or a shard of it, has come. It can be stored: the exploration goes
// on from there, and [Merge] adds up the states of shards.
type State struct {
	// Listed identifies what there is to try: two explorations with the same value tried the same single
	// faults, with the same outcomes.
	Listed string `json:"listed"`
	// Pairs is the number of pairs in all shards; 0 until all single faults were tried.
	Pairs  int            `json:"pairs"`
	Shard  sweep.Shard    `json:"shard"`
	Strict bool           `json:"strict,omitempty"`
	Header history.Header `json:"header"` // of the histories
	// Report lacks its properties and the unchecked ones, which follow from the pools of the runs with at most one fault
	// and of those with two.
	Report Report    `json:"report"`
	Single PoolState `json:"single"`
	Paired PoolState `json:"paired"`
}

// PoolState holds what is known of some runs.
type PoolState struct {
	checker.PoolState
	Unchecked []sweep.Unchecked `json:"unchecked,omitempty"`
}

// keepEvery is how many runs with two faults there are between two calls of Keep.
const keepEvery = 500

// keepNowAndThen keeps the state, if enough was tried since.
func (e *explorer) keepNowAndThen() error {
	if e.unkept++; e.unkept < keepEvery {
		return nil
	}
	return e.keep()
}

// keep calls Keep with the state, unless the exploration has not yet come as far as it did before.
func (e *explorer) keep() error {
	e.unkept = 0
	if e.Keep == nil || e.pool == nil || e.behind() {
		return nil
	}
	return e.Keep(e.state())
}

// behind reports whether the exploration has not yet come as far as before.
func (e *explorer) behind() bool { return e.From != nil && e.From.Pairs > 0 && e.inAll == 0 }

func (e *explorer) state() State {
	s := State{
		Listed: fmt.Sprintf("%016x", e.listed.Sum64()), Pairs: e.inAll, Shard: e.Shard, Strict: e.Strict, Header: e.header,
		Report: e.report, Single: e.pool.state(), Paired: e.paired.state(),
	}
	s.Header.Declared, s.Report.Properties, s.Report.Unchecked = nil, nil, nil
	return s
}

// list notes the outcome of a single fault.
func (e *explorer) list(s single, o Outcome) {
	fmt.Fprintln(e.listed, s.point, s.fault.Spec(), o.Broken, o.Missed, o.Points)
	if o.Exact {
		writeNumber(e.listed, didOf(o.Messages, delivered(o.Messages), o.Done))
	}
}

// goOn adopts the pairs that were tried before, if the exploration still has the same pairs.
func (e *explorer) goOn() error {
	from := e.From
	if from == nil || from.Shard != e.Shard || from.Pairs != e.inAll || from.Listed != e.state().Listed {
		return nil
	}
	e.report.Pairs = from.Report.Pairs
	for _, f := range from.Report.Findings {
		if f.Pair > 0 {
			e.report.Findings = append(e.report.Findings, f)
		}
	}
	e.report.Runs += from.Paired.Runs
	return e.paired.add(from.Paired)
}

// mine reports whether a pair belongs to the shard. Consecutive pairs are of different families, which may
// repeat in step with the shards, so the numbers are mixed.
func (e *explorer) mine(pair int) bool {
	const mix = 0x9e3779b97f4a7c15
	return e.Shard.Whole() || uint64(pair)*mix>>32%uint64(e.Shard.Of) == uint64(e.Shard.Index-1)
}

// mineOf counts how many of n pairs belong to the shard.
func (e *explorer) mineOf(pairs int) (n int) {
	if e.Shard.Whole() {
		return pairs
	}
	for pair := 1; pair <= pairs; pair++ {
		if e.mine(pair) {
			n++
		}
	}
	return n
}

// decided returns the report with the verdicts of all runs together.
func (e *explorer) decided() Report {
	if e.pool == nil {
		return e.report
	}
	s := e.state()
	if e.behind() {
		s = *e.From
	}
	r, err := reportOf(s, e.header)
	if err != nil {
		panic(err) // the states come from pools
	}
	return r
}

// reportOf returns the report of a state; of is the header of its histories.
func reportOf(s State, of history.Header) (Report, error) {
	var kinds []string
	for _, k := range s.Report.Kinds {
		kinds = append(kinds, k.Kind)
	}
	pool := newPool(of, kinds, s.Strict)
	err := errors.Join(pool.add(s.Single), pool.add(s.Paired))
	r := s.Report
	r.Runs, r.Properties, r.Unchecked = pool.Runs(), pool.Verdicts(), pool.unchecked.List()
	return r, err
}

// Done reports whether an exploration with this Config would have nothing left to try.
func (s *State) Done(c Config) bool {
	switch {
	case len(s.Report.Always) > 0, c.First && len(s.Report.Findings) > 0:
		return true
	case !s.Report.Singles.done() || s.Report.Singles.All == 0:
		return false
	}
	return c.Singles || s.Pairs > 0 && s.Report.Pairs.done()
}

// ErrNotAlike means that two states are not of the same exploration.
var ErrNotAlike = errors.New("they explored different runs")

// Merge returns the report of an exploration from the states of its shards, and the shards that are missing.
// Of several states of one shard, it uses the one that has come furthest.
func Merge(states []State) (r Report, missing []sweep.Shard, err error) {
	if len(states) == 0 {
		return r, nil, errors.New("there is no exploration to merge")
	}
	of := map[sweep.Shard]State{}
	for _, s := range states {
		if old, there := of[s.Shard]; !there || s.Report.Runs > old.Report.Runs {
			of[s.Shard] = s
		}
	}
	all := slices.SortedFunc(maps.Values(of), func(a, b State) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) })
	sum := slices.MaxFunc(all, func(a, b State) int { return cmp.Compare(a.Report.Singles.Tried, b.Report.Singles.Tried) })
	paired := newPool(sum.Header, nil, sum.Strict)
	sum.Report.Pairs, sum.Report.Shard = Count{All: sum.Pairs}, ""
	sum.Report.Findings = slices.DeleteFunc(slices.Clone(sum.Report.Findings), func(f Finding) bool { return f.Pair > 0 })
	singles := len(sum.Report.Findings)
	for _, s := range all {
		switch {
		case s.Shard.Of != sum.Shard.Of:
			return r, nil, fmt.Errorf("shard %s is of another number of shards than %s", s.Shard, sum.Shard)
		case s.Pairs == 0: // it has not come as far as pairs
			continue
		case s.Pairs != sum.Pairs || s.Listed != sum.Listed:
			return r, nil, fmt.Errorf("shards %s and %s: %w: runs of one of them did not repeat; run it again", s.Shard, sum.Shard, ErrNotAlike)
		}
		sum.Report.Pairs.merge(s.Report.Pairs)
		for _, f := range s.Report.Findings {
			if f.Pair > 0 {
				sum.Report.Findings = append(sum.Report.Findings, f)
			}
		}
		if err := paired.add(s.Paired); err != nil {
			return r, nil, fmt.Errorf("shard %s: %w", s.Shard, err)
		}
	}
	slices.SortFunc(sum.Report.Findings[singles:], func(a, b Finding) int { return cmp.Compare(a.Pair, b.Pair) })
	sum.Paired = paired.state()
	for i := 1; i <= sum.Shard.Of; i++ {
		if s := (sweep.Shard{Index: i, Of: sum.Shard.Of}); of[s].Report.Runs == 0 {
			missing = append(missing, s)
		}
	}
	r, err = reportOf(sum, sum.Header)
	return r, missing, err
}

// merge adds the counts of another shard.
func (c *Count) merge(more Count) {
	c.Tried += more.Tried
	c.Broke += more.Broke
	c.Missed += more.Missed
	c.imply(more.ImpliedBy)
}
