package samples

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zklab/zklab/internal/base/entry"
)

// Cost holds what the operations of the load cost the servers and the network, as the links of the
// clients saw it. A message belongs to the last operation that its client began. Costs can be added
// up over runs with Merge.
type Cost struct {
	// Operations holds the costs of the operations with outcome ok, by name.
	Operations map[string]*OperationCost `json:"operations"`
	Herd       *Herd                     `json:"herd,omitempty"` // nil without a release or write
}

// OperationCost is the cost of one kind of operation.
type OperationCost struct {
	OK       int `json:"ok"`
	Requests int `json:"requests"` // that clients sent, without pings and handshakes
	Sent     int `json:"sent"`     // bytes of these requests
	Received int `json:"received"` // bytes of the replies and watch events
	Events   int `json:"events"`   // watch events delivered
}

// Herd counts watch events by what caused them. If every release wakes all waiters, which then
// compete for the key, they form a herd (ZooKeeper Recipes, "Locks").
type Herd struct {
	// Of names what is counted: "release" for objects that clients hold, "write" for others. A write is an
	// operation that, if it succeeds, proves that the ensemble serves writes.
	Of string `json:"of"`
	OK int    `json:"ok"` // how many had outcome ok
	// Events counts the watch events of the load. Those that a client got from its release on do not
	// count, since they do not wake a waiter.
	Events int `json:"events"`
	// ByContenders has the releases by the number of clients that held the key or waited for it, in
	// order of that number.
	ByContenders []HerdPoint `json:"by_contenders,omitempty"`
}

// Values of Herd.Of.
const (
	Releases = "release"
	Writes   = "write"
)

// HerdPoint counts the releases with one number of contenders. An event belongs to the latest
// release before it of the key that the event's client used.
type HerdPoint struct {
	Contenders int `json:"contenders"` // with the client that released
	OK         int `json:"ok"`
	Events     int `json:"events"`
}

// Merge adds the cost of other runs. others may be nil, and is not changed.
func (c *Cost) Merge(others *Cost) {
	if others == nil {
		return
	}
	for name, o := range others.Operations {
		sum := entry.Of(&c.Operations, name)
		sum.OK += o.OK
		sum.Requests += o.Requests
		sum.Sent += o.Sent
		sum.Received += o.Received
		sum.Events += o.Events
	}
	if others.Herd == nil {
		return
	}
	if c.Herd == nil {
		c.Herd = &Herd{Of: others.Herd.Of}
	}
	c.Herd.OK += others.Herd.OK
	c.Herd.Events += others.Herd.Events
	c.Herd.ByContenders = SumPoints(slices.Concat(c.Herd.ByContenders, others.Herd.ByContenders))
}

// SumPoints returns one point for each number of contenders.
func SumPoints(points []HerdPoint) []HerdPoint {
	byNumber := map[int]HerdPoint{}
	for _, p := range points {
		sum := byNumber[p.Contenders]
		byNumber[p.Contenders] = HerdPoint{Contenders: p.Contenders, OK: sum.OK + p.OK, Events: sum.Events + p.Events}
	}
	return slices.SortedFunc(maps.Values(byNumber), func(a, b HerdPoint) int { return cmp.Compare(a.Contenders, b.Contenders) })
}
