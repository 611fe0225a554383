package shrink

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// with returns a changed copy of the smallest experiment so far.
func (s *shrinker) with(change func(x *store.Experiment)) store.Experiment {
	x := s.best
	change(&x)
	return x
}

// single is the number of parts for lists that are finally shortened item by item.
const single = math.MaxInt

// later leaves out what came after the violation: the end of the load, and later faults. That is most of a long run,
// and makes all further runs shorter.
func (s *shrinker) later() {
	if s.shown == 0 {
		return
	}
	var steps []store.Scheduled
	for i, step := range s.best.Schedule {
		if came, ok := s.came[i+1]; ok && came <= s.shown {
			steps = append(steps, step)
		}
	}
	until := min(s.best.TimeLimit, (s.shown + finest).Truncate(finest))
	if !s.try(s.with(func(x *store.Experiment) { x.Schedule, x.TimeLimit = steps, until })) {
		s.try(s.with(func(x *store.Experiment) { x.TimeLimit = until })) // a fault under way at the end may matter
		s.try(s.with(func(x *store.Experiment) { x.Schedule = steps }))
	}
}

func (s *shrinker) faults() {
	fewer(s.best.Schedule, single, func(steps []store.Scheduled) bool {
		return s.try(s.with(func(x *store.Experiment) { x.Schedule = steps }))
	})
}

// clients leaves out clients, with their operations and the steps that name them. The others get
// lower numbers, but keep their own draws.
func (s *shrinker) clients() {
	ids := make([]int, s.best.Clients)
	for i := range ids {
		ids[i] = i
	}
	from := s.with(func(x *store.Experiment) { x.Arrivals = texts(s.begun) })
	fewer(ids, single, func(stay []int) bool { return len(stay) > 0 && s.try(only(from, stay)) })
}

// only returns an experiment with only the given clients.
func only(x store.Experiment, stay []int) store.Experiment {
	place := map[int]int{workloads.Together: workloads.Together}
	var sources []int
	for now, was := range stay {
		place[was] = now
		source := was
		if was < len(x.Sources) {
			source = x.Sources[was]
		}
		sources = append(sources, source)
	}
	x.Rate *= float64(len(stay)) / float64(x.Clients) // each has as much to do as before
	x.Clients, x.Sources = len(stay), sources
	var begun []workloads.Arrival
	for _, text := range x.Arrivals {
		if a, err := workloads.ParseArrival(text); err == nil {
			if now, stays := place[a.Client]; stays {
				begun = append(begun, workloads.Arrival{Client: now, Number: a.Number})
			}
		}
	}
	x.Arrivals = texts(begun)
	var steps []store.Scheduled
	for _, step := range x.Schedule {
		if moved, stays := renamed(step, place); stays {
			steps = append(steps, moved)
		}
	}
	x.Schedule = steps
	return x
}

// oneClient matches a client in the form in which faults name it.
var oneClient = regexp.MustCompile(`\b` + string(faults.TheClient(0))[:len(faults.TheClient(0))-1] + `(\d+)\b`)

// renamed returns a step in which clients have their new numbers. stays is false if it names a client
// that has no new number.
func renamed(step store.Scheduled, place map[int]int) (out store.Scheduled, stays bool) {
	stays = true
	step.Fault = oneClient.ReplaceAllStringFunc(step.Fault, func(name string) string {
		id, _ := strconv.Atoi(oneClient.FindStringSubmatch(name)[1])
		now, ok := place[id]
		stays = stays && ok
		return string(faults.TheClient(now))
	})
	if p, err := link.ParsePoint(step.Point); err == nil {
		now, ok := place[p.Client]
		p.Client, stays = now, stays && ok
		step.Point = p.String()
	}
	return step, stays
}

// arrivals leaves out what clients do. A point counts the operations of its kind: if earlier ones
// are left out, its number may have to be lower.
func (s *shrinker) arrivals() {
	parts := single
	if s.round == 1 { // other passes remove more at first
		parts = 32
	}
	fewer(inOrder(s.begun), parts, func(stay []workloads.Arrival) bool {
		x := s.with(func(x *store.Experiment) { x.Arrivals = texts(stay) })
		if s.try(x) {
			return true
		}
		moved, moves := earlier(x.Schedule, inOrder(s.begun), stay)
		if x.Schedule = moved; !moves {
			return false
		}
		return s.try(x)
	})
}

// texts returns arrivals as experiment.yaml stores them. There may be none.
func texts(all []workloads.Arrival) []string { return engine.StoredArrivals(inOrder(all)) }

// inOrder returns arrivals in about the order in which they come. It never returns nil, which would
// mean all arrivals.
func inOrder(all []workloads.Arrival) []workloads.Arrival {
	all = append([]workloads.Arrival{}, all...)
	slices.SortFunc(all, func(a, b workloads.Arrival) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Client, b.Client))
	})
	return all
}

// earlier renumbers the operations in the points of steps if only some arrivals stay. It assumes that
// each arrival is one operation with the arrival's name. moves reports whether any number changes.
func earlier(steps []store.Scheduled, begun, stay []workloads.Arrival) (moved []store.Scheduled, moves bool) {
	for _, step := range steps {
		if p, err := link.ParsePoint(step.Point); err == nil {
			if gone := goneBefore(p, begun, stay); gone > 0 {
				p.Nth -= gone
				moves = true
			}
			step.Point = p.String()
		}
		moved = append(moved, step)
	}
	return moved, moves
}

// goneBefore returns how many of the arrivals before a point's own arrival are left out.
func goneBefore(p link.Point, begun, stay []workloads.Arrival) (gone int) {
	n := 0
	for _, a := range begun {
		if a.Client != p.Client && a.Client != workloads.Together {
			continue
		}
		if n++; n == p.Nth {
			break
		}
		if !slices.Contains(stay, a) {
			gone++
		}
	}
	return gone
}

func (s *shrinker) keys() {
	for n := 1; n < s.best.Keys; n++ {
		if s.try(s.with(func(x *store.Experiment) { x.Keys = n })) {
			return
		}
	}
}

// servers tries odd numbers of servers: people seldom run an even number. The number of servers of
// an external ensemble is fixed.
func (s *shrinker) servers() {
	if len(s.best.Servers) > 0 {
		return
	}
	for n := 1; n < s.best.Nodes; n += 2 {
		if s.try(s.with(func(x *store.Experiment) { x.Nodes = n })) {
			return
		}
	}
}

// shortest is the smallest time limit that is tried; time limits are multiples of finest.
const (
	shortest = 100 * time.Millisecond
	finest   = 10 * time.Millisecond
)

// time makes everything happen sooner, and then ends the load as early as possible.
func (s *shrinker) time() {
	for _, factor := range []time.Duration{10, 3, 2} {
		for s.best.TimeLimit >= factor*shortest && s.try(s.with(sooner(factor))) {
		}
	}
	for fails, passes := s.best.TimeLimit, shortest; fails-passes > max(finest, fails/20) && !s.over(); {
		mid := ((fails + passes) / 2).Round(finest)
		if s.try(s.with(func(x *store.Experiment) { x.TimeLimit = mid })) {
			fails = mid
		} else {
			passes = mid
		}
	}
}

// sooner divides the times at which clients begin and faults come by a factor.
func sooner(factor time.Duration) func(x *store.Experiment) {
	return func(x *store.Experiment) {
		x.Rate *= float64(factor)
		x.TimeLimit /= factor
		x.Schedule = slices.Clone(x.Schedule)
		for i := range x.Schedule {
			x.Schedule[i].At /= factor
		}
	}
}

// latencies gives all messages about the same latency.
func (s *shrinker) latencies() {
	if s.best.Latencies != "" {
		s.try(s.with(func(x *store.Experiment) { x.Latencies = "" }))
	}
}
