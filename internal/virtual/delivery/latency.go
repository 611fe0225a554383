package delivery

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Latency says how long messages take. Since messages arrive one at a time, their latencies decide the
// order in which everything happens.
type Latency struct {
	Mean   time.Duration // of a usual message, which takes between half the mean and one and a half times the mean
	Spread Spread        // "" is Even
}

// Spread says how much the latencies of messages vary beyond that.
type Spread string

// The kinds of spread. Even latencies hide effects that depend on order. With Tails, a reply that is
// sent now overtakes an earlier one on another connection that takes very long. Spells come from
// probabilistic concurrency testing (Burckhardt and others, "A randomized scheduler with probabilistic
// guarantees of finding bugs", 2010), whose few changes of priority are here a few changes of speed.
const (
	Even   Spread = "even"   // not at all
	Tails  Spread = "tails"  // one in ten is fifty times slower, on average
	Spells Spread = "spells" // each way of each connection has spells, up to 200 times slower
)

// Spreads lists all kinds.
var Spreads = []Spread{Even, Tails, Spells}

// ParseSpread returns the one of [Spreads] that a text names.
func ParseSpread(text string) (Spread, error) {
	if slices.Contains(Spreads, Spread(text)) {
		return Spread(text), nil
	}
	var names []string
	for _, s := range Spreads {
		names = append(names, string(s))
	}
	return "", fmt.Errorf("there is no %q: choose %s", text, strings.Join(names, ", "))
}

const (
	tailOneIn   = 10
	tailFactor  = 50
	spellFactor = 200
	spellLength = 30 // messages, at most
)

// latencies draws the latencies of one stream.
type latencies struct {
	Latency
	random *rand.Rand
	left   int // messages that remain of the present spell
	slower time.Duration
}

func (l *latencies) draw() time.Duration {
	usual := l.Mean/2 + time.Duration(l.random.Int64N(int64(l.Mean)+1))
	switch l.Spread {
	case Tails:
		if l.random.IntN(tailOneIn) == 0 {
			usual += time.Duration(l.random.ExpFloat64() * tailFactor * float64(l.Mean))
		}
	case Spells:
		usual += l.spell()
	}
	return usual
}

// spell returns how much longer a message takes in the present spell. Half of all spells are not slow; the
// others are slower by a factor whose logarithm is uniformly distributed.
func (l *latencies) spell() time.Duration {
	if l.left == 0 {
		l.left = 1 + l.random.IntN(spellLength)
		l.slower = time.Duration(float64(l.Mean) * math.Pow(spellFactor, max(0, 2*l.random.Float64()-1)))
	}
	l.left--
	return l.slower
}
