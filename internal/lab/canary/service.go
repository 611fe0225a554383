package canary

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

// Some write should succeed each second. A gap that is a little longer is kept, an even longer one is an event when it
// ends, and one that is longer than lasting is an event while it lasts. The writes of one object are fewer. But they
// create znodes and change the length of data, for which there may be no room, while a probe only overwrites its own.
const (
	keptGap     = 1200 * time.Millisecond / probeRate
	toldGap     = 1500 * time.Millisecond / probeRate
	lasting     = 5 * time.Second
	lastingOfIt = 20 * time.Second
)

// service is when clients were served: by any operation, by writes, or by the writes of one object. Reads alone are too
// few to tell a gap from chance.
type service struct {
	lasting time.Duration // a longer gap is told while it lasts
	what    string        // that succeeds, or does not: "write"
	latest  time.Time     // when the latest one succeeded, or the load began
	longest time.Duration // the longest time between two successes
	told    bool          // that the present gap lasts
	failure string        // how the last one failed, in this gap
}

// gap is a time without a success.
type gap struct{ from, to time.Time }

// succeeded records a success, and returns the gap before it.
func (s *service) succeeded(now time.Time) gap {
	g := gap{s.latest, now}
	s.latest, s.told, s.failure = now, false, ""
	s.longest = max(s.longest, g.took())
	return g
}

func (g gap) took() time.Duration { return g.to.Sub(g.from) }

// waitedWithin returns the longest gap in writes that was there at some moment of a time.
func (c *clients) waitedWithin(from, to time.Time) (longest time.Duration) {
	for _, g := range c.gaps {
		if g.from.Before(to) && g.to.After(from) {
			longest = max(longest, g.took())
		}
	}
	return longest
}

// overdue notes a gap that lasts. A gap in all operations is one in writes, too, and told once.
func (k *Check) overdue(now time.Time) {
	c := &k.clients
	if !c.loaded() {
		return
	}
	for i, s := range c.services() {
		took := now.Sub(s.latest)
		if took < s.lasting || s.told {
			continue
		}
		text := fmt.Sprintf("no %s has succeeded since %s, for %s", s.what, clock(s.latest), prose.Elapsed(took))
		if s.failure != "" {
			text += ": the last one failed with " + s.failure
		}
		k.note(Event{At: now, Kind: Waiting, Took: took, Text: text})
		for _, narrower := range c.services()[i:] {
			narrower.told = narrower.told || i < 2 || narrower == s
		}
	}
}

// loaded reports whether the load is under way.
func (c *clients) loaded() bool { return !c.any.latest.IsZero() && !c.ended }

// services returns all operations, all writes, and the writes of each object.
func (c *clients) services() []*service {
	all := []*service{&c.any, &c.writes}
	for _, of := range objects {
		all = append(all, c.of[of.recipe])
	}
	return all
}

// When writes are told as slow: the median of the latest ones is above slowest, and many times that of all before.
const (
	latestWrites = 15
	slowest      = 20 * time.Millisecond
	timesSlower  = 10
)

// pace is how fast writes are.
type pace struct {
	usual  *histogram      // of writes at their usual pace
	latest []time.Duration // of the latest ones
	slow   bool
}

// wrote records how long a write took, and notes when writes become slow, and when they are no longer.
func (k *Check) wrote(now time.Time, took time.Duration) {
	p := &k.clients.pace
	k.clients.written.add(took)
	if p.latest = append(p.latest, took); len(p.latest) > latestWrites {
		if oldest := p.latest[0]; !p.slow {
			p.usual.add(oldest)
		}
		p.latest = p.latest[1:]
	}
	if len(p.latest) < latestWrites || p.usual.fine.TotalCount() < latestWrites {
		return
	}
	usual := p.usual.latency().P50
	median := slices.Sorted(slices.Values(p.latest))[latestWrites/2]
	switch slow := median > max(slowest, timesSlower*usual); {
	case slow && !p.slow:
		k.note(Event{At: now, Kind: Slow, Took: median, Text: fmt.Sprintf("writes are slow: the median of the latest %d is %s, usually %s", latestWrites, prose.Length(median), prose.Length(usual))})
	case !slow && p.slow && median < max(slowest, timesSlower*usual)/2:
		k.note(Event{At: now, Kind: Fast, Took: median, Text: fmt.Sprintf("writes are as fast as usual again: the median of the latest %d is %s", latestWrites, prose.Length(median))})
	default:
		return
	}
	p.slow = !p.slow
}
