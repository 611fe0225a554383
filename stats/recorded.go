package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/entry"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// operationSamples returns the samples of the operations of the load on the subject.
func operationSamples(m *models.Model, ops operations) map[string]*samples.Operation {
	var all map[string]*samples.Operation
	for op := range ops {
		if m.Operation(op.F).Local {
			continue
		}
		var took time.Duration
		if op.Outcome() == history.OK {
			took = latency(op)
		}
		entry.Of(&all, op.F).Add(op.Outcome(), took)
	}
	return all
}

// probeSamples returns the samples of the probe that uses all servers; nil if there is none.
func probeSamples(probes []Writes) *samples.Operation {
	at := slices.IndexFunc(probes, func(w Writes) bool { return w.Server == 0 })
	if at < 0 {
		return nil
	}
	all := &samples.Operation{}
	for _, p := range probes[at].Points {
		outcome := history.Info // a write that failed may have been made
		if p.OK {
			outcome = history.OK
		}
		all.Add(outcome, p.Latency)
	}
	return all
}

// faultSamples returns the consequences of faults by kind and target.
func faultSamples(groups map[string]*consequences) map[string]*samples.Fault {
	var all map[string]*samples.Fault
	for name, c := range groups {
		s := entry.Of(&all, name)
		*s = samples.Fault{
			Verified: c.verified, Felt: c.felt, NoMajority: c.noMajority,
			Failovers: measured.TimesOf(c.all), Affected: measured.TimesOf(c.affected), HandOvers: measured.TimesOf(c.handOvers),
			Outages: measured.TimesOf(c.outage), OutagesBest: measured.TimesOf(c.best), OutagesWorst: measured.TimesOf(c.worst),
		}
		if c.phases.Clients > 0 {
			s.Phases = &c.phases
		}
	}
	return all
}
