package treewatch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Stretch is all transactions with a zxid above From, up to To.
type Stretch struct{ From, To int64 }

// Put puts sights together. Within the stretches, in order and apart, events has every create and delete, in order. An error says why
// nothing can be used: sights contradict each other, or an event is missing.
//
// Between two stretches no server was watched, and something changed, or what was read does not prove that nothing did.
func Put(sights []Sight) (stretches []Stretch, events []Event, err error) {
	m := &model{znodes: map[string]wire.Stat{}}
	for _, g := range together(sights) {
		all, err := g.events()
		if err != nil {
			return nil, nil, err
		}
		to, proved := g.provedUp()
		if !proved {
			continue
		}
		next := m.carried()
		joins := len(stretches) > 0 && g.replay(next, all) == nil && len(next.unproved) == 0
		if !joins {
			next = &model{znodes: map[string]wire.Stat{}}
			if err := g.replay(next, all); err != nil {
				return nil, nil, err
			}
			stretches = append(stretches, Stretch{From: g.from})
		}
		m = next
		stretches[len(stretches)-1].To = to
		events = append(events, all...)
	}
	return stretches, within(stretches, events), nil
}

// within returns the events that lie in a stretch.
func within(stretches []Stretch, events []Event) []Event {
	return slices.DeleteFunc(events, func(e Event) bool {
		return !slices.ContainsFunc(stretches, func(s Stretch) bool { return s.From < e.Zxid && e.Zxid <= s.To })
	})
}

// group is sights that follow each other without a gap.
type group struct {
	from, to int64
	sights   []Sight
}

// together makes groups of sights, in order.
func together(sights []Sight) (groups []*group) {
	sights = slices.Clone(sights)
	slices.SortStableFunc(sights, func(a, b Sight) int { return cmp.Compare(a.From, b.From) })
	for _, s := range sights {
		if n := len(groups); n > 0 && s.From <= groups[n-1].to {
			g := groups[n-1]
			g.to, g.sights = max(g.to, s.To), append(g.sights, s)
			continue
		}
		groups = append(groups, &group{s.From, s.To, []Sight{s}})
	}
	return groups
}

// events returns the events of a group in order, each once.
func (g *group) events() (all []Event, err error) {
	of := map[int64][]Event{} // by zxid
	each := make([]map[int64][]Event, len(g.sights))
	var zxids []int64
	for i, s := range g.sights {
		each[i] = map[int64][]Event{}
		for _, e := range s.Events {
			if s.From < e.Zxid && e.Zxid <= s.To {
				each[i][e.Zxid] = append(each[i][e.Zxid], e)
			}
		}
		for z, events := range each[i] {
			if of[z] == nil {
				zxids = append(zxids, z)
				of[z] = events
			}
		}
	}
	slices.Sort(zxids)
	for _, z := range zxids {
		for i, s := range g.sights {
			if s.From < z && z <= s.To && !slices.Equal(each[i][z], of[z]) {
				return nil, fmt.Errorf("server %s told other watch events of zxid 0x%x than another server", s.Server, z)
			}
		}
		all = append(all, of[z]...)
	}
	return all, nil
}

// provedUp returns the zxid up to which the group's last reading proves the events complete; false if it has no whole
// reading.
func (g *group) provedUp() (to int64, ok bool) {
	for _, s := range g.sights {
		for _, r := range s.Readings {
			if r.Last > r.First {
				to, ok = max(to, s.Seen[r.First].Zxid), true
			}
		}
	}
	return to, ok
}

// replay applies the events of a group to a model, and compares it with what was read.
func (g *group) replay(m *model, events []Event) error {
	var seen []Seen
	for _, s := range g.sights {
		seen = append(seen, s.Seen...)
	}
	slices.SortStableFunc(seen, func(a, b Seen) int { return cmp.Compare(a.Zxid, b.Zxid) })
	for len(events) > 0 || len(seen) > 0 {
		if len(seen) == 0 || len(events) > 0 && events[0].Zxid <= seen[0].Zxid {
			if err := m.change(events[0]); err != nil {
				return err
			}
			events = events[1:]
			continue
		}
		if err := m.compare(seen[0]); err != nil {
			return err
		}
		seen = seen[1:]
	}
	return nil
}

// owners returns the sessions that own ephemeral znodes, as far as they were read.
func owners(sights []Sight) map[Born]int64 {
	of := map[Born]int64{}
	for _, s := range sights {
		maps.Copy(of, s.Owners)
	}
	return of
}

// Told returns what sights and acknowledgements tell, in the form of the record. No sight is a Why of its own.
//
// Servers withhold events of znodes that the watch may not read (CVE-2024-23944), and a znode that is deleted before it is read again
// hides that. So nothing is told if an ACL may have closed a znode. A setData of such a znode would be hidden as well, so none are told.
func Told(sights []Sight, authors *Authors) history.TreeWatch {
	if authors.closed() || slices.ContainsFunc(sights, Sight.closed) {
		return history.TreeWatch{Why: "an ACL may have kept the tree watch from reading a znode"}
	}
	stretches, events, err := Put(sights)
	switch {
	case err != nil:
		return history.TreeWatch{Why: err.Error()}
	case len(stretches) == 0:
		return history.TreeWatch{Why: "no server could be watched"}
	}
	var w history.TreeWatch
	for _, s := range stretches {
		w.Stretches = append(w.Stretches, history.ZxidStretch{From: history.ID(s.From), To: history.ID(s.To)})
	}
	events = slices.DeleteFunc(events, func(e Event) bool { return e.Type == "setData" })
	w.Changes = authors.name(events, owners(sights))
	return w
}
