package stats

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// fairnessOf returns how the object was shared among the clients; nil if there was no grant, or if
// clients do not hold the object.
func fairnessOf(m *models.Model, h *history.History, load operations) *Fairness {
	if !m.Held() {
		return nil
	}
	var acquires []*history.Operation
	for op := range load {
		if of := m.Operation(op.F); of.Begins && of.Waits {
			acquires = append(acquires, op)
		}
	}
	f := &Fairness{}
	waits := map[int][]measured.Bound{}
	grants := map[int]int{}
	end := End(h)
	for _, op := range acquires {
		b := measured.Bound{Time: end - op.Began(), AtLeast: op.Outcome() != history.OK}
		if op.Return != nil {
			b.Time = op.Return.Time - op.Began()
		}
		waits[op.Client] = append(waits[op.Client], b)
		if !b.AtLeast {
			grants[op.Client]++
			f.Grants++
		}
	}
	if f.Grants == 0 {
		return nil
	}
	squares := 0.0
	for client, bounds := range waits {
		n := grants[client]
		squares += float64(n) * float64(n)
		f.Clients = append(f.Clients, ClientGrants{
			Client: client, Asked: len(bounds), Grants: n,
			Median: measured.TimesOf(bounds).Quantile(0.5), Longest: slices.MaxFunc(bounds, measured.Compare),
		})
	}
	slices.SortFunc(f.Clients, func(a, b ClientGrants) int { return cmp.Compare(a.Client, b.Client) })
	f.Jain = float64(f.Grants) * float64(f.Grants) / (float64(len(waits)) * squares)
	f.Overtook, f.MostOvertaken = overtakings(acquires)
	return f
}

// overtakings returns how many grants overtook a waiting client, and how many of them overtook the
// acquire that was overtaken most.
func overtakings(acquires []*history.Operation) (grants, most int) {
	events := make([]*history.Event, 0, 2*len(acquires))
	of := make(map[*history.Event]*history.Operation, 2*len(acquires))
	for _, op := range acquires {
		for _, e := range []*history.Event{op.Invoke, op.Return} {
			if e != nil {
				events, of[e] = append(events, e), op
			}
		}
	}
	slices.SortFunc(events, func(a, b *history.Event) int { return cmp.Compare(a.Index, b.Index) })
	waiting := map[string][]*history.Operation{} // by key, in the order of asking
	overtaken := map[*history.Operation]int{}
	for _, e := range events {
		op := of[e]
		line := waiting[op.Key]
		if e == op.Invoke {
			waiting[op.Key] = append(line, op)
			continue
		}
		place := slices.Index(line, op)
		if e.Type == history.OK && place > 0 {
			grants++
			for _, w := range line[:place] {
				overtaken[w]++
				most = max(most, overtaken[w])
			}
		}
		waiting[op.Key] = slices.Delete(line, place, place+1)
	}
	return grants, most
}

// samples returns the figures in a form that can be added up over runs; nil for nil.
func (f *Fairness) samples() *samples.Fairness {
	if f == nil {
		return nil
	}
	return &samples.Fairness{Grants: f.Grants, Overtook: f.Overtook, MostOvertaken: f.MostOvertaken, LeastJain: f.Jain}
}
