package checktest

import (
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// PriorityQueue begins the record of a strict priority queue k, as zklab writes it. RelaxedQueue begins
// the record of one that is not strict.
func PriorityQueue() *Record { return RelaxedQueue().offers(history.Offers{Strict: true}) }

func RelaxedQueue() *Record {
	return Ours(models.PriorityQueue.Name, history.Params{Clients: 3})
}

// PutAt adds an enqueue with a priority.
func (r *Record) PutAt(priority int32, client, inv, ret int, item string, o history.Type) *Record {
	return r.Op(Args{
		Client: client, F: models.FEnqueue, Key: "k", Inv: inv, Ret: ret, Outcome: o,
		In: models.Ranked{Item: item, Priority: priority}, Session: history.ID(client + 1),
	})
}

var _ = goesWell(models.PriorityQueue.Name, goodPriorityQueue)

// goodPriorityQueue has one client put in an item of each of two priorities, and two clients
// take them.
func goodPriorityQueue(r *Record, n int) int {
	t := 10
	r.offers(history.Offers{Strict: true})
	for i := range n {
		best, worst := fmt.Sprintf("b%d", i), fmt.Sprintf("w%d", i)
		r.PutAt(1, 0, t, t+1, best, history.OK).PutAt(9, 0, t+2, t+3, worst, history.OK)
		r.Take(1, t+4, t+10, best, history.OK).Take(2, t+5, t+11, worst, history.OK)
		t += 14
	}
	r.Op(Args{Client: 1, F: models.FDequeue, Key: "k", Inv: t + 50, Ret: t + 52, Outcome: history.OK, Session: 2}) // found nothing
	r.KeyFact(t+100, history.FDrained, "k", models.Drained{Empty: true})
	return t + 101
}

// GeneratePriorityQueue makes a history of one priority queue with unknown outcomes. The first item of
// any priority may come out.
func GeneratePriorityQueue(rng *rand.Rand, how Kind) *history.History {
	return generateItems(rng, how, Foreign(models.PriorityQueue.Name), func(there []queued) int {
		priority := there[rng.IntN(len(there))].priority
		return firstOf(there, func(p int32) bool { return p == priority })
	})
}

// GenerateStrictQueue makes a history of a priority queue in which the best item always
// comes out.
func GenerateStrictQueue(rng *rand.Rand, how Kind) *history.History {
	r := Foreign(models.PriorityQueue.Name).offers(history.Offers{Strict: true})
	return generateItems(rng, how, r, func(there []queued) int {
		best := there[0].priority
		for _, x := range there {
			best = min(best, x.priority)
		}
		return firstOf(there, func(p int32) bool { return p == best })
	})
}

func firstOf(there []queued, priority func(int32) bool) int {
	for i, x := range there {
		if priority(x.priority) {
			return i
		}
	}
	panic("none")
}
