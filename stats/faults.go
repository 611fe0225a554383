package stats

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// Faults returns the faults in the record, in order of number, without the figures that Compute
// adds.
func Faults(h *history.History) []Fault { return faultsOf(faults.Of(h)) }

func faultsOf(list *faults.List) []Fault {
	all := make([]Fault, 0, len(list.All))
	for _, f := range list.All {
		all = append(all, Fault{
			Number: f.Number, Kind: f.Kind, Spec: f.Spec, Traits: f.Traits, Outcome: f.Outcome,
			Servers: f.Servers, Clients: f.Clients, Sessions: f.Sessions, Holding: f.Holding, Elected: f.Elected, ElectedAt: f.ElectedAt,
			Injected: f.Injected, Verified: f.Verified, HealBegan: f.HealBegan, Healed: f.Healed, Turns: f.Turns,
			Detail: f.Detail, Warnings: f.Warnings, TooLate: f.TooLate, Failover: -1, FailoverAffected: -1,
		})
	}
	slices.SortFunc(all, func(a, b Fault) int { return a.Number - b.Number })
	return all
}

// elections counts the changes of leader. It counts the steps that name a new leader (seen), but no
// more than the epoch rose between the two checks of the ensemble's health, since two faults can
// report the same election.
func elections(h *history.History, seen int) int {
	var first, last *history.Health
	for _, e := range h.Facts() {
		if !isFact(e, history.FHealth) {
			continue
		}
		var health history.Health
		if e.Decode(&health) == nil && health.Epoch != 0 {
			if first == nil {
				first = &health
			}
			last = &health
		}
	}
	if first == last {
		return seen
	}
	rose := int(last.Epoch - first.Epoch)
	if rose > 0 && seen == 0 {
		return 1
	}
	return min(seen, max(rose, 0))
}

// faultKinds counts faults by kind, in order of name.
func faultKinds(faults []Fault) []FaultKind {
	groups := map[string][]Fault{}
	for _, f := range faults {
		groups[f.Kind] = append(groups[f.Kind], f)
	}
	kinds := make([]FaultKind, 0, len(groups))
	for kind, group := range groups {
		k := FaultKind{Kind: kind}
		for i := range group {
			k.count(&group[i])
		}
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b FaultKind) int { return cmp.Compare(a.Kind, b.Kind) })
	return kinds
}

func (k *FaultKind) count(f *Fault) {
	k.Scheduled++
	switch f.Outcome {
	case history.StepVerified:
		k.Verified++
	case history.StepFailed:
		k.Failed++
	case history.StepSkipped:
		k.Skipped++
		if f.TooLate {
			k.TooLate++
		}
	}
	if f.Outcome != history.StepSkipped {
		k.Injected++
	}
	if f.Elected != 0 {
		k.Elected++
	}
	if f.Outcome != history.StepVerified {
		return
	}
	if f.Felt {
		k.Felt++
	}
	if len(f.Outlasted) > 0 {
		k.Outlasted++
	}
	if slices.ContainsFunc(f.Outlasted, func(o Outlasted) bool { return o.Ended }) {
		k.EndedSession++
	}
	for _, did := range f.Holding {
		switch did {
		case "holding":
			k.Holding++
		case "waiting":
			k.Waiting++
		case "idle":
			k.Idle++
		}
	}
}
