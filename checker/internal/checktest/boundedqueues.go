package checktest

import (
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Bounded begins the record of a queue k that holds at most the given number of items.
func Bounded(capacity int) *Record {
	return Queue().offers(history.Offers{Capacity: capacity})
}

// GenerateBounded makes a history of one queue with a capacity. The queue is often full, or,
// in a history that goes wrong, holds some more items than there is room for.
func GenerateBounded(rng *rand.Rand, how Kind) *history.History {
	h := generateItems(rng, how, Foreign(models.Queue.Name), nil)
	most, there := 0, 0
	for _, e := range h.Events { // each put as early as possible, each take as late as possible
		switch {
		case e.F == models.FEnqueue && e.Type == history.Invoke:
			there++
		case e.F == models.FDequeue && e.Type == history.OK && e.Value != nil:
			there--
		}
		most = max(most, there)
	}
	r := Foreign(models.Queue.Name)
	capacity := max(1, most-1-rng.IntN(3))
	if how == Constructed {
		capacity = max(1, most+rng.IntN(2))
	}
	r.offers(history.Offers{Capacity: capacity})
	r.Events = append(r.Events, h.Events...)
	return r.Build()
}
