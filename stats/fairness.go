package stats

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Fairness says how an object that clients hold was shared among them. It covers the acquires of the
// load.
type Fairness struct {
	Grants int `json:"grants"` // acquires with outcome ok
	// Overtook counts the grants to a client while another one still waited for the same key that had
	// asked before it. A grant counts once, however many clients it overtook. Requests that are close
	// together may reach the servers in another order, and a client whose session has ended waits again
	// at the end of the line, so even a fair lock has some.
	Overtook int `json:"overtook"`
	// MostOvertaken is the largest number of grants that overtook one acquire.
	MostOvertaken int `json:"most_overtaken"`
	// Jain is the index of Jain, Chiu and Hawe ("A quantitative measure of fairness", 1984) of the
	// grants of all clients that asked: 1 if all have equally many, 1/n if one of n has all.
	Jain    float64        `json:"jain"`
	Clients []ClientGrants `json:"clients"` // that asked, in order
}

// ClientGrants are the acquires of one client.
type ClientGrants struct {
	Client int `json:"client"`
	Asked  int `json:"asked"`
	Grants int `json:"grants"`
	// Median and Longest describe the times from the invocation to the grant. An acquire
	// without a grant gives a lower bound; see [measured.Times.Quantile].
	Median  measured.Bound `json:"median"`
	Longest measured.Bound `json:"longest"`
}

// fairnessOf returns nil if there was no grant, or if clients do not hold the object.
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

// overtakings returns how many grants overtook a waiting client, and how many overtook the one that was
// overtaken most.
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

// samples returns nil for nil.
func (f *Fairness) samples() *samples.Fairness {
	if f == nil {
		return nil
	}
	return &samples.Fairness{Grants: f.Grants, Overtook: f.Overtook, MostOvertaken: f.MostOvertaken, LeastJain: f.Jain}
}
