package shrink

import (
	"slices"
	"time"

	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// small are the loads that are tried from the beginning, the smallest first.
var small = []struct{ clients, keys int }{{1, 1}, {2, 1}, {3, 1}, {3, 2}}

// The length of such a load, unless the violation takes more, and how many seeds are tried of
// each.
const (
	smallLength = 2 * time.Second
	smallSeeds  = 8
)

// anew plays the faults that are left upon a small load of another seed: taking away from
// a large one step by step loses many a violation that waits for two things to happen at
// once, and small loads take so little that many can be tried. It does so once for so many
// faults, and only in simulations.
func (s *shrinker) anew() {
	from := s.best
	n := len(from.Schedule) + 1 // 0 is that it was not done yet
	if !from.Simulate || s.anewWith == n {
		return
	}
	s.anewWith = n
	for _, size := range small {
		if size.clients >= from.Clients || size.keys > from.Keys {
			continue
		}
		for _, length := range []time.Duration{smallLength, from.TimeLimit} {
			for seed := range int64(smallSeeds) {
				if s.try(s.smallLoad(size.clients, size.keys, seed+1, length)) {
					return
				}
			}
		}
	}
}

// smallLoad returns the smallest until now with its faults upon another load, of such a length at most,
// in which each client has as much to do as in the beginning.
func (s *shrinker) smallLoad(clients, keys int, seed int64, length time.Duration) store.Experiment {
	place := map[int]int{workloads.Together: workloads.Together}
	for client := range s.best.Clients {
		place[client] = client % clients
	}
	return s.with(func(x *store.Experiment) {
		x.Schedule = slices.Clone(x.Schedule)
		for i, step := range x.Schedule {
			x.Schedule[i], _ = renamed(step, place)
			if x.TimeLimit > length {
				x.Schedule[i].At = time.Duration(step.At.Seconds() / x.TimeLimit.Seconds() * float64(length))
			}
		}
		x.Rate = s.From.Rate * float64(clients) / float64(s.From.Clients)
		x.Clients, x.Keys, x.Seed, x.TimeLimit = clients, keys, &seed, min(s.From.TimeLimit, length)
		x.Arrivals, x.Sources = nil, nil
	})
}
