package shrink

import (
	"slices"
	"time"

	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// small lists the loads of new runs to try, the smallest first.
var small = []struct{ clients, keys int }{{1, 1}, {2, 1}, {3, 1}, {3, 2}}

// The length of such a load, which is tried before the length of the smallest run, and the number
// of seeds of each.
const (
	smallLength = 2 * time.Second
	smallSeeds  = 8
)

// anew tries the remaining faults with small loads of other seeds. Reducing a large load step by
// step often loses a violation that needs two things to happen at once, and small loads are so
// cheap that many can be tried. It runs only in simulations, and once for each number of remaining
// faults.
func (s *shrinker) anew() {
	from := s.best
	n := len(from.Schedule) + 1 // 0 means that it has not been done yet
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

// smallLoad returns the smallest experiment so far with another load: its faults stay, its length is at
// most the given one, and each client has as much to do as in the original run.
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
