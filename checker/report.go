package checker

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/leftovers"
)

// Leftovers are the znodes that the clients of a run left behind.
type Leftovers = leftovers.Found

// LeftGroup are similar znodes among [Leftovers].
type LeftGroup = leftovers.Group

// Report is everything that was decided about a history.
type Report struct {
	// Verdict is violation if a property that counts is violated, otherwise unknown if one that
	// counts is unknown, otherwise valid.
	Verdict     Result       `json:"verdict"`
	Verdicts    []Verdict    `json:"verdicts"`
	Assumptions []Assumption `json:"assumptions"`
	// Account is the table of what the verdicts rest on; nil if none was decided.
	Account *Account `json:"account,omitempty"`
	// Unanswered lists the kinds of faults that took effect, if no operation of the load succeeded
	// after the first of them, although clients called some or waited in them. Nothing that could go
	// wrong after a fault was seen in this run. It is not an unmet assumption of a run whose faults
	// need not take effect, such as one of a sweep: other runs may show what this one does not.
	Unanswered []string `json:"unanswered,omitempty"`
	// Uncalled lists the kinds of faults that took effect, if clients neither called an operation
	// of the load after the first of them nor waited in one.
	Uncalled []string `json:"uncalled,omitempty"`
	// NotAvailable lists what was left out because the ensemble or the subject does not offer it.
	NotAvailable []NotAvailable `json:"not_available,omitempty"`
	// Leftovers lists what the clients left in the tree; nil if that is not known.
	Leftovers *Leftovers `json:"leftovers,omitempty"`
	// Cost is the cost of deciding.
	Cost Cost `json:"-"`
}

// NotAvailable is something that a run lacks, with the reason. It decides nothing.
type NotAvailable struct {
	Kind string `json:"kind"` // property, evidence, figure or fault
	Name string `json:"name"`
	Why  string `json:"why"` // for people
}

// unlogged lists what a run lacks because its ensemble does not show its transactions, or because they were not stored
// or are no longer there.
func unlogged(a *evidence.Record, properties []*frame.Property) []NotAvailable {
	why := evidence.NoLog
	switch {
	case a.AnyTransaction():
		return nil
	case !a.Params.Unlogged && a.Params.Root == "": // not a run of zklab
		return nil
	case !a.Params.Unlogged:
		why = evidence.LostLog
	}
	without := []NotAvailable{{"evidence", "committed transactions", why}}
	for _, p := range properties {
		if !p.Logged || p.Applies(a) {
			continue
		}
		n := NotAvailable{"property", p.Name, why}
		if p.Watched != "" {
			n.Why += a.WhyUnwatched()
		}
		without = append(without, n)
	}
	return without
}

// unoffered lists the properties that a run lacks because its subject offers less than it could, if
// the record says what it offers, or because the run showed nothing of them.
func unoffered(a *evidence.Record, properties []*frame.Property) (without []NotAvailable) {
	for _, p := range properties {
		if p.Applies == nil || p.Applies(a) {
			continue
		}
		why := ""
		if a.Offered && p.Wants != nil {
			why = p.Wants(a)
		}
		if why == "" && a.AnyTransaction() && p.Unseen != nil {
			why = p.Unseen(a)
		}
		if why != "" {
			without = append(without, NotAvailable{"property", p.Name, why})
		}
	}
	return without
}

// overall computes the verdict about the history.
func overall(r Report, opts Options) Report {
	r.Verdict = Valid
	for _, v := range r.Verdicts {
		if v.Measured && !opts.Strict {
			continue
		}
		if v.Result.Compare(r.Verdict) > 0 {
			r.Verdict = v.Result
		}
	}
	return r
}
