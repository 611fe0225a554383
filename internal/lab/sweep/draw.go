package sweep

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Choices are what seeds draw from, so that runs of a sweep differ in kind and not in their
// moments alone (Groce et al., "Swarm Testing", 2012: what leaves things out finds what a mix
// of everything hides). Of each list one is drawn; a list of one fixes it, of an empty one
// nothing is drawn.
type Choices struct {
	// Faults are items of a fault expression. Of these each seed draws a subset: one in eight
	// none, else about half of them.
	Faults          []string
	FaultIntervals  []time.Duration
	Clients         []int
	Rates           []float64 // operations a second, all clients together
	Keys            []int
	SessionTimeouts []time.Duration
	OpTimeouts      []time.Duration
	Servers         []int
	Latencies       []delivery.Spread
}

// UsualChoices are those of a sweep that says nothing else, but for faults. They are around
// the defaults of a run, and have few clients, which make small runs, and many; one key, for
// which all contend, and several; time-outs shorter than faults, and longer.
func UsualChoices() Choices {
	return Choices{
		FaultIntervals:  []time.Duration{time.Second, 2 * time.Second, 5 * time.Second},
		Clients:         []int{3, 5, 8},
		Rates:           []float64{50, 100, 200},
		Keys:            []int{1, 2, 3},
		SessionTimeouts: []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second},
		OpTimeouts:      []time.Duration{time.Second, 5 * time.Second},
		Servers:         []int{3, 3, 5},
		Latencies:       delivery.Spreads,
	}
}

// Drawn is what a seed drew; what it had no choice of is zero.
type Drawn struct {
	Faults         []string
	FaultInterval  time.Duration
	Clients        int
	Rate           float64
	Keys           int
	SessionTimeout time.Duration
	OpTimeout      time.Duration
	Servers        int
	Latency        delivery.Spread
}

// Draw gives what a seed draws: the same each time. Each thing is drawn from a source of its
// own, so that to fix one moves no other.
func Draw(seed int64, c Choices) Drawn {
	source := func(of uint64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), of)) }
	return Drawn{
		Faults:         subset(source(1), c.Faults),
		FaultInterval:  pick(source(2), c.FaultIntervals),
		Clients:        pick(source(3), c.Clients),
		Rate:           pick(source(4), c.Rates),
		Keys:           pick(source(5), c.Keys),
		SessionTimeout: pick(source(6), c.SessionTimeouts),
		OpTimeout:      pick(source(7), c.OpTimeouts),
		Servers:        pick(source(8), c.Servers),
		Latency:        pick(source(9), c.Latencies),
	}
}

func pick[T any](r *rand.Rand, from []T) (one T) {
	if len(from) > 0 {
		one = from[r.IntN(len(from))]
	}
	return one
}

func subset(r *rand.Rand, of []string) (some []string) {
	if len(of) == 0 || r.IntN(8) == 0 {
		return nil
	}
	for _, item := range of {
		if r.IntN(2) == 0 {
			some = append(some, item)
		}
	}
	if some == nil {
		some = []string{pick(r, of)}
	}
	return some
}

// String says it for people.
func (d Drawn) String() string {
	var parts []string
	add := func(is bool, format string, value any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add(d.Clients != 0, "%s", prose.Count(d.Clients, "client"))
	add(d.Keys != 0, "%s", prose.Count(d.Keys, "key"))
	add(d.Rate != 0, "%g a second", d.Rate)
	add(d.Servers != 0, "%s", prose.Count(d.Servers, "server"))
	add(d.SessionTimeout != 0, "sessions %s", d.SessionTimeout)
	add(d.OpTimeout != 0, "operations %s", d.OpTimeout)
	add(d.Latency != "", "latencies %s", d.Latency)
	add(len(d.Faults) > 0, "faults %s", strings.Join(d.Faults, ","))
	add(len(d.Faults) > 0 && d.FaultInterval != 0, "each %s", d.FaultInterval)
	return strings.Join(parts, ", ")
}
