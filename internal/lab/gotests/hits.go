package gotests

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/stats"
)

// struck counts, by kind of fault, the states of clients at the time when a fault hit them.
type struck struct {
	kinds map[string]map[string]int // kind, state, times
	ever  map[string]bool           // states of any client
	wrote bool                      // the object has no holds: its last writer counts as holder
}

// doings has, for each state of a client, the words for clients that a fault hit in that state.
var doings = []struct{ state, words string }{
	{faults.Holding, "held"},
	{faults.Waiting, "waited"},
	{faults.Idle, "did neither"},
}

func (s *struck) add(o *experiment.Outcome) {
	if s.kinds == nil {
		s.kinds, s.ever = map[string]map[string]int{}, map[string]bool{}
	}
	hits := stats.Faults(o.History)
	slices.SortStableFunc(hits, func(a, b stats.Fault) int { return cmp.Compare(a.Injected, b.Injected) })
	model := models.Of(o.History)
	s.wrote = !slices.ContainsFunc(model.Operations, func(op models.Operation) bool { return op.Begins })
	doing := faults.NewActivity(model)
	for i := range o.History.Events {
		e := &o.History.Events[i]
		for len(hits) > 0 && hits[0].Injected <= e.Time {
			s.hit(hits[0], doing)
			hits = hits[1:]
		}
		doing.Observe(*e)
	}
	for _, d := range doings {
		s.ever[d.state] = s.ever[d.state] || doing.Ever(d.state)
	}
}

func (s *struck) hit(f stats.Fault, doing *faults.Activity) {
	switch kinds.Named(f.Kind).Hits {
	case kinds.Links, kinds.Messages, kinds.Sessions, kinds.Processes:
	default:
		return // the fault does not target clients
	}
	for _, client := range f.Clients {
		if s.kinds[f.Kind] == nil {
			s.kinds[f.Kind] = map[string]int{}
		}
		s.kinds[f.Kind][doing.Doing(client)]++
	}
}

// text returns one line for people, or "" if no fault hit a client.
func (s *struck) text() string {
	var counts, nevers []string
	for _, d := range doings {
		if s.wrote && d.state == faults.Holding {
			d.words = "had written last"
		}
		n := 0
		var never []string
		for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
			n += s.kinds[kind][d.state]
			if s.kinds[kind][d.state] == 0 && d.state != faults.Idle {
				never = append(never, kind)
			}
		}
		if !s.ever[d.state] {
			continue
		}
		counts = append(counts, fmt.Sprintf("that %s %s", d.words, prose.Count(n, "time")))
		if len(never) > 0 {
			nevers = append(nevers, fmt.Sprintf("%s never hit one that %s", prose.List(never, "and"), d.words))
		}
	}
	if len(s.kinds) == 0 {
		return ""
	}
	return "faults hit clients " + strings.Join(append([]string{prose.List(counts, "and")}, nevers...), "; ")
}
