package stats

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/samples"
)

// Clients 1 and 2 wait while client 0 holds k. Its release wakes both, as in a lock whose waiters all
// watch the holder; that of client 1 wakes only client 2.
func herdOfThree() *historytest.Builder {
	b := historytest.New(models.Lock.Name)
	grant, held := models.Grant{Token: 1}, models.Held{Held: true}
	b.Op(0, models.FAcquire, "k", 1, 3, history.OK, nil, grant).Traffic(3, 100)
	b.Op(1, models.FAcquire, "k", 4, 12, history.OK, nil, grant).Traffic(5, 200, 10.5)
	b.Op(2, models.FAcquire, "k", 5, 22, history.OK, nil, grant).Traffic(7, 300, 10.6, 20.5)
	b.Op(0, models.FConfirm, "k", 6, 7, history.OK, nil, held)
	b.Op(0, models.FRelease, "k", 10, 11, history.OK, held, nil).Traffic(1, 50)
	b.Op(1, models.FRelease, "k", 20, 21, history.OK, held, nil).Traffic(1, 50)
	b.Op(2, models.FRelease, "k", 30, 31, history.OK, held, nil).Traffic(1, 50)
	b.Op(0, models.FAcquire, "k2", 40, 50, history.Fail, nil, nil).Traffic(9, 10)
	return b
}

func TestCost(t *testing.T) {
	want := &samples.Cost{
		Operations: map[string]*samples.OperationCost{
			models.FAcquire: {OK: 3, Requests: 15, Sent: 600, Received: 600, Events: 3},
			models.FRelease: {OK: 3, Requests: 3, Sent: 150, Received: 150},
		},
		Herd: &samples.Herd{Of: "release", OK: 3, Events: 3, ByContenders: []samples.HerdPoint{{Contenders: 1, OK: 1, Events: 0}, {Contenders: 2, OK: 1, Events: 1}, {Contenders: 3, OK: 1, Events: 2}}},
	}
	s := Compute(herdOfThree().History())
	if diff := cmp.Diff(want, s.Cost); diff != "" {
		t.Error(diff)
	}
	text := must.Get(json.Marshal(s.Samples))(t)
	var read, twice samples.Samples
	must.Do(t, json.Unmarshal(text, &read))
	twice.Merge(&read)
	twice.Merge(&samples.Samples{Runs: 1}) // a run whose cost is unknown
	twice.Merge(&read)
	if h := twice.Cost.Herd; h.OK != 6 || h.Events != 6 || !slices.Equal(h.ByContenders, []samples.HerdPoint{{Contenders: 1, OK: 2, Events: 0}, {Contenders: 2, OK: 2, Events: 2}, {Contenders: 3, OK: 2, Events: 4}}) {
		t.Errorf("two runs have %+v", h)
	}
	if o := twice.Cost.Operations[models.FAcquire]; *o != (samples.OperationCost{OK: 6, Requests: 30, Sent: 1200, Received: 1200, Events: 6}) {
		t.Errorf("two runs have %+v", o)
	}
	if diff := cmp.Diff(want, read.Cost); diff != "" {
		t.Errorf("adding changed what was added: %s", diff)
	}
}

// A cost is unknown, rather than 0, if the record has no traffic, or if a client that succeeded
// sent nothing through its link.
func TestUnknownCost(t *testing.T) {
	h := herdOfThree().History()
	for i := range h.Events {
		h.Events[i].Traffic = nil
	}
	if c := Compute(h).Cost; c != nil {
		t.Errorf("without traffic: %+v", c)
	}
	b := herdOfThree()
	b.Op(3, models.FAcquire, "k3", 60, 61, history.OK, nil, models.Grant{Token: 1}).Traffic(0, 0)
	if c := Compute(b.History()).Cost; c != nil {
		t.Errorf("with a client beside its link: %+v", c)
	}
	b.Op(3, models.FRelease, "k3", 62, 63, history.OK, models.Held{Held: true}, nil).Traffic(1, 20)
	if c := Compute(b.History()).Cost; c == nil {
		t.Error("an operation without a request made the cost unknown")
	}
}

// Messages after an operation belong to it until the next one of its client begins. An event
// that the releasing client gets then wakes no waiter.
func TestCostBetweenOperations(t *testing.T) {
	b := herdOfThree()
	next := b.Op(2, models.FAcquire, "k4", 70, 71, history.Fail, nil, nil).Traffic(1, 1)
	next.Invoke.Traffic = &history.Traffic{Requests: 2, Sent: 20, Received: 30}
	next.Invoke.Traffic.AddEvent(historytest.At(35))
	c := Compute(b.History()).Cost
	if got := *c.Operations[models.FRelease]; got != (samples.OperationCost{OK: 3, Requests: 5, Sent: 170, Received: 180, Events: 1}) {
		t.Errorf("%+v", got)
	}
	if want := []samples.HerdPoint{{Contenders: 1, OK: 1, Events: 0}, {Contenders: 2, OK: 1, Events: 1}, {Contenders: 3, OK: 1, Events: 2}}; !slices.Equal(c.Herd.ByContenders, want) {
		t.Errorf("%+v", c.Herd.ByContenders)
	}
}

// The herd of an object without holds is counted by its writes.
func TestHerdOfWrites(t *testing.T) {
	b := historytest.New(models.Queue.Name)
	b.Op(0, models.FDequeue, "q", 1, 9, history.OK, nil, models.Item{Item: "i"}).Traffic(4, 40, 3)
	b.Op(1, models.FEnqueue, "q", 2, 4, history.OK, models.Item{Item: "i"}, nil).Traffic(1, 10)
	if diff := cmp.Diff(&samples.Herd{Of: "write", OK: 2, Events: 1}, Compute(b.History()).Cost.Herd); diff != "" {
		t.Error(diff)
	}
}

// drawLine draws clients that hold a key one after the other, all but the first waiting from the
// beginning, and the events that each release causes.
func drawLine(t *rapid.T) (b *historytest.Builder, want []samples.HerdPoint) {
	n := rapid.IntRange(1, 8).Draw(t, "clients")
	b = historytest.New(models.Lock.Name)
	events := make([][]float64, n) // by client
	for i := range n {
		released := float64(100 * (i + 1))
		point := samples.HerdPoint{Contenders: n - i, OK: 1}
		for j := i + 1; j < n; j++ {
			if rapid.Bool().Draw(t, fmt.Sprintf("%d wakes %d", i, j)) {
				events[j] = append(events[j], released+float64(j))
				point.Events++
			}
		}
		want = append([]samples.HerdPoint{point}, want...)
	}
	for i := range n {
		b.Op(i, models.FAcquire, "k", float64(i+1), float64(100*i+50), history.OK, nil, models.Grant{Token: 1}).Traffic(1, 1, events[i]...)
	}
	for i := range n {
		b.Op(i, models.FRelease, "k", float64(100*(i+1)), float64(100*(i+1))+20, history.OK, models.Held{Held: true}, nil).Traffic(1, 1)
	}
	return b, want
}

// Each event belongs to the release that caused it, by the number of clients in line.
func TestHerdByContenders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, want := drawLine(t)
		if diff := cmp.Diff(want, Compute(b.History()).Cost.Herd.ByContenders); diff != "" {
			t.Error(diff)
		}
	})
}
