package treewatch

import (
	"slices"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// Authors knows which sessions made changes, by what links saw acknowledged: a change has an author if exactly one write was
// acknowledged with its zxid, and asked for just that change. It is safe for concurrent use.
type Authors struct {
	mu         sync.Mutex
	restricted bool                               // a znode may be closed to the watch
	of         map[history.ID][]link.Acknowledged // by zxid
}

// Acknowledged notes a write. It is for link.Config's OnAcknowledged.
func (a *Authors) Acknowledged(x link.Acknowledged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[history.ID][]link.Acknowledged{}
	}
	a.of[x.Zxid] = append(a.of[x.Zxid], x)
}

// Restricted notes that a client may have closed a znode to the watch. It is for link.Config's OnRestricted.
func (a *Authors) Restricted() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.restricted = true
}

// closed reports whether a znode may have been closed to the watch.
func (a *Authors) closed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.restricted
}

// typeOf returns the type of the event that a change makes.
func typeOf(op wire.Op) string {
	switch op.Kind() {
	case wire.Create:
		return "create"
	case wire.Delete:
		return "delete"
	case wire.SetData:
		return "setData"
	}
	return ""
}

// name returns the changes that events tell.
func (a *Authors) name(events []Event, owners map[Born]int64) []history.TreeChange {
	a.mu.Lock()
	defer a.mu.Unlock()
	changes := make([]history.TreeChange, 0, len(events))
	asked := []link.Acked(nil) // the rest of the acknowledged write
	for i, e := range events {
		c := history.TreeChange{Zxid: history.ID(e.Zxid), Type: e.Type, Path: e.Path}
		if e.Type == "create" {
			c.Owner = history.ID(owners[Born{e.Path, e.Zxid}])
		}
		all := a.of[c.Zxid]
		if i == 0 || events[i-1].Zxid != e.Zxid {
			if asked = nil; len(all) == 1 {
				asked = all[0].Changes
			}
		}
		if j := slices.IndexFunc(asked, func(x link.Acked) bool { return x.Path == e.Path && typeOf(x.Op) == e.Type }); j >= 0 {
			authored(&c, all[0], asked[j])
			asked = asked[j+1:]
		}
		changes = append(changes, c)
	}
	return changes
}

// authored adds what the request tells that made a change.
func authored(c *history.TreeChange, by link.Acknowledged, x link.Acked) {
	c.Session, c.Cxid, c.Sequential = by.Session, by.Xid, x.Sequential
	if x.Ephemeral {
		c.Owner = c.Session
	}
}
