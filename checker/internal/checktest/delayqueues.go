package checktest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// DelayQueue begins the record of a strict delay queue k, as zklab writes it. RelaxedDelayQueue begins
// the record of one that is not strict.
func DelayQueue() *Record { return RelaxedDelayQueue().offers(history.Offers{Strict: true}) }

func RelaxedDelayQueue() *Record { return Ours(models.DelayQueue.Name, history.Params{Clients: 3}) }

// PutDue adds an enqueue of an item that is due at a time.
func (r *Record) PutDue(due, client, inv, ret int, item string, o history.Type) *Record {
	return r.Op(Args{
		Client: client, F: models.FEnqueue, Key: "k", Inv: inv, Ret: ret, Outcome: o,
		In: models.Delayed{Item: item, Due: time.Duration(due) * Unit}, Session: history.ID(client + 1),
	})
}

// GenerateDelayQueue makes a history of one delay queue with unknown outcomes. Of the items that
// are due at the same time, the first one may come out. GenerateStrictDelayQueue makes one in which
// the item that is due first always comes out. All items are due before anything happens: clients
// that wait for an item to become due are not generated.
func GenerateDelayQueue(rng *rand.Rand, how Kind) *history.History {
	return delayed(GeneratePriorityQueue(rng, how))
}

func GenerateStrictDelayQueue(rng *rand.Rand, how Kind) *history.History {
	return delayed(GenerateStrictQueue(rng, how))
}

// delayed turns the priorities of a history into due times.
func delayed(h *history.History) *history.History {
	h.Header.Model = models.DelayQueue.Name
	for i := range h.Events {
		e := &h.Events[i]
		var v models.Ranked
		if e.F == models.FEnqueue && e.Type == history.Invoke && e.Decode(&v) == nil {
			e.Value = history.Value(models.Delayed{Item: v.Item, Due: time.Duration(v.Priority-100) * time.Hour})
		}
	}
	return h
}

var _ = goesWell(models.DelayQueue.Name, goodDelayQueue)

// goodDelayQueue has a client put in two items that are due, the earlier one later, and one that is
// not; two others wait for them.
func goodDelayQueue(r *Record, n int) int {
	t := 10
	r.offers(history.Offers{Strict: true})
	for i := range n {
		a, b, c := fmt.Sprint("a", i), fmt.Sprint("b", i), fmt.Sprint("c", i)
		r.PutDue(t-3, 0, t, t+1, a, history.OK).PutDue(t-4, 0, t+2, t+3, b, history.OK).PutDue(t+10, 0, t+4, t+5, c, history.OK)
		r.Take(1, t+6, t+8, b, history.OK).Take(2, t+7, t+12, a, history.OK).Take(1, t+9, t+14, c, history.OK)
		t += 18
	}
	r.Op(Args{Client: 1, F: models.FDequeue, Key: "k", Inv: t + 50, Ret: t + 52, Outcome: history.OK, Session: 2}) // found nothing
	r.KeyFact(t+100, history.FDrained, "k", models.Drained{Empty: true})
	return t + 101
}
