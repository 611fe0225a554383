package linear

import (
	"cmp"
	"slices"
)

// decideBounds requires that each read, taken alone, shows a possible sum: no less than what had
// been added when it began, and no more than what had begun to be added when it ended. It does not
// compare reads with one another.
func decideBounds(k *object) finding {
	c := counting{k: k}
	if f := c.bounds(); f.result != "" {
		return f
	}
	if k.overtakes() {
		if f := k.tiedBounds(); f.result != "" {
			return f
		}
	}
	return valid(byBounds)
}

// step is an event of a counter: it changes the least or the greatest possible sum, or a read
// begins or ends there.
type step struct {
	tick, process int32
	index         int32 // in the file
	least, most   int64
	read          int32 // the read's place in object.ops; none
	begins        bool
}

// reach is the ticks through which a read lasted, and how its bounds in the first and the last of
// them differ from those of reads by other processes: its own process had done exactly what came
// before the read.
type reach struct {
	from, to          int32
	lowFirst, lowLast int64
	topFirst, topLast int64
}

// tiedBounds decides bounds if several processes have events at one time, called a tick. Within a
// tick, each process may have got any distance independently of the others, in the order of its
// events.
func (k *object) tiedBounds() finding {
	steps, ticks := k.steps()
	low, top := make([]int64, ticks), make([]int64, ticks) // of each tick: the least and the greatest sum in it
	reads := map[int32]*reach{}
	least, most := int64(k.initial), int64(k.initial) // before the tick
	for from := 0; from < len(steps); {
		tick := steps[from].tick
		low[tick], top[tick] = least, most
		for from < len(steps) && steps[from].tick == tick {
			to := from
			for to < len(steps) && steps[to].tick == tick && steps[to].process == steps[from].process {
				to++
			}
			l, m, lowest, highest := along(steps[from:to], reads)
			low[tick], top[tick] = low[tick]+lowest, top[tick]+highest
			least, most = least+l, most+m
			from = to
		}
	}
	lows, tops := newExtremes(low, smaller), newExtremes(top, greater)
	for i := range k.ops {
		if k.ops[i].code != read {
			continue
		}
		if k.over(i) {
			return undecided(k.ctx.Err())
		}
		r := reads[int32(i)]
		lo, hi := low[r.from]+r.lowFirst, top[r.from]+r.topFirst
		if r.to > r.from {
			lo, hi = min(lo, low[r.to]+r.lowLast), max(hi, top[r.to]+r.topLast)
		}
		if r.to > r.from+1 {
			lo, hi = min(lo, lows.of(r.from+1, r.to-1)), max(hi, tops.of(r.from+1, r.to-1))
		}
		if n := int64(k.ops[i].a); n < lo || n > hi {
			return k.outOfBounds(int32(i), lo, hi)
		}
	}
	return finding{}
}

// along goes through what one process did in one tick. It returns the changes of the
// two bounds, and the least and the greatest values on the way.
func along(steps []step, reads map[int32]*reach) (least, most, lowest, highest int64) {
	for _, s := range steps {
		least, most = least+s.least, most+s.most
		lowest, highest = min(lowest, least), max(highest, most)
	}
	l, m := int64(0), int64(0)
	for _, s := range steps {
		l, m = l+s.least, m+s.most
		switch {
		case s.read == none:
		case s.begins:
			reads[s.read] = &reach{from: s.tick, lowFirst: l - lowest, topFirst: m - highest}
		default:
			r := reads[s.read]
			r.to, r.lowLast, r.topLast = s.tick, -lowest, -highest
		}
	}
	return least, most, lowest, highest
}

// steps returns the events by tick, process and place in the file, and how many ticks there are.
func (k *object) steps() ([]step, int) {
	tick := make([]int32, len(k.ranks))
	for rank := 1; rank < len(tick); rank++ {
		tick[rank] = tick[rank-1]
		before, now := k.h.times[k.ranks[rank-1]], k.h.times[k.ranks[rank]]
		if now < 0 || now != before {
			tick[rank]++
		}
	}
	var steps []step
	for i := range k.ops {
		o := &k.ops[i]
		put := func(rank int32, least, most int64) {
			s := step{tick[rank], o.process, k.h.indices[k.ranks[rank]], least, most, none, rank == o.inv}
			if o.code == read {
				s.read, s.least, s.most = int32(i), 0, 0
			}
			steps = append(steps, s)
		}
		n := int64(o.a)
		put(o.inv, min(n, 0), max(n, 0))
		if !o.unknown() {
			put(o.ret, max(n, 0), min(n, 0))
		}
	}
	slices.SortStableFunc(steps, func(x, y step) int { // an operation that begins and ends in one record begins first
		return cmp.Or(cmp.Compare(x.tick, y.tick), cmp.Compare(x.process, y.process), cmp.Compare(x.index, y.index))
	})
	return steps, len(tick)
}

func smaller(x, y int64) int64 { return min(x, y) }
func greater(x, y int64) int64 { return max(x, y) }
