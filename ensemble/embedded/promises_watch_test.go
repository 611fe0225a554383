package embedded_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// armed holds the watches of one client.
type armed struct {
	data, exist, child, persistent, recursive map[string]bool
}

func newArmed() armed {
	return armed{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (w armed) any() bool {
	return len(w.data)+len(w.exist)+len(w.child)+len(w.persistent)+len(w.recursive) > 0
}

// arm sets the watch that an answered request asked for.
func (w armed) arm(c *seenCall) {
	if c.code != wire.OK && c.op != wire.Exists {
		return
	}
	switch r := c.req.(type) {
	case *wire.ReadRequest:
		switch {
		case !r.Watch:
		case c.code == wire.NoNode:
			w.exist[r.Path] = true
		case c.code != wire.OK:
		case c.op == wire.Exists || c.op == wire.GetData:
			w.data[r.Path] = true
		default:
			w.child[r.Path] = true
		}
	case *wire.AddWatchRequest:
		if r.Mode == wire.AddPersistent {
			w.persistent[r.Path] = true
		} else {
			w.recursive[r.Path] = true
		}
	case *wire.SetWatchesRequest:
		for _, list := range []struct {
			paths []string
			set   map[string]bool
		}{{r.Data, w.data}, {r.Exist, w.exist}, {r.Child, w.child}, {r.Persistent, w.persistent}, {r.PersistentRecursive, w.recursive}} {
			for _, path := range list.paths {
				list.set[path] = true
			}
		}
	}
}

// use removes the watches that a change uses up, and reports whether there were any.
func (w armed) use(c happening) bool {
	took := func(set map[string]bool) bool {
		had := set[c.path]
		delete(set, c.path)
		return had
	}
	told := w.persistent[c.path]
	if c.typ == wire.EventChildrenChanged {
		return took(w.child) || told
	}
	for _, set := range []map[string]bool{w.data, w.exist} {
		told = took(set) || told
	}
	if c.typ == wire.EventDeleted {
		told = took(w.child) || told
	}
	return told || w.coversRecursively(c.path)
}

func (w armed) coversRecursively(path string) bool {
	for above := range w.recursive {
		if path == above || strings.HasPrefix(path, strings.TrimSuffix(above, "/")+"/") {
			return true
		}
	}
	return false
}

// request returns the request that sets the watches again, for a client that has seen zxid.
func (w armed) request(zxid int64) *wire.SetWatchesRequest {
	list := func(set map[string]bool) []string { return append([]string{}, slices.Sorted(maps.Keys(set))...) }
	return &wire.SetWatchesRequest{
		RelativeZxid: zxid, Data: list(w.data), Exist: list(w.exist), Child: list(w.child),
		Persistent: list(w.persistent), PersistentRecursive: list(w.recursive),
	}
}

// rearm returns how a server in this state answers a SetWatches: the events of what changed meanwhile,
// and the watches that are left.
func (m *model) rearm(r *wire.SetWatchesRequest) (events []seenEvent, left armed) {
	left = newArmed()
	tell := func(typ wire.EventType, path string) {
		events = append(events, seenEvent{happening{typ, path}, -1})
	}
	for _, path := range r.Data {
		switch n := m.nodes[path]; {
		case n == nil:
			tell(wire.EventDeleted, path)
		case n.stat.Mzxid > r.RelativeZxid:
			tell(wire.EventDataChanged, path)
		default:
			left.data[path] = true
		}
	}
	for _, path := range r.Exist {
		if m.nodes[path] != nil {
			tell(wire.EventCreated, path)
		} else {
			left.exist[path] = true
		}
	}
	for _, path := range r.Child {
		switch n := m.nodes[path]; {
		case n == nil:
			tell(wire.EventDeleted, path)
		case n.stat.Pzxid > r.RelativeZxid:
			tell(wire.EventChildrenChanged, path)
		default:
			left.child[path] = true
		}
	}
	for _, path := range r.Persistent {
		left.persistent[path] = true
	}
	for _, path := range r.PersistentRecursive {
		left.recursive[path] = true
	}
	return events, left
}

// watchCheck follows one connection through the order of transactions. The events that it gets, and
// between which replies they come, are determined by that order: "a client will see a watch event for a
// znode it is watching before seeing the new data", "the order of watch events corresponds to the order
// of the updates" (Programmer's Guide, What ZooKeeper Guarantees about Watches).
type watchCheck struct {
	all   []seenEvent // the events of every transaction
	next  int         // the index in all of the first event that the server has not applied yet
	armed armed
	told  []seenEvent // events since the last reply
}

func (w *watchCheck) conn(c *seenConn) error {
	w.armed, w.told, w.next = newArmed(), nil, 0
	for _, f := range c.frames {
		if f.call == nil {
			w.told = append(w.told, f.event)
			continue
		}
		due := append(w.upTo(f.call.zxid), f.call.events...)
		if !slices.Equal(due, w.told) {
			return fmt.Errorf("watch events before the reply to %v: %v are due, %v came", f.call, due, w.told)
		}
		w.told = nil
		if f.call.again != nil {
			w.merge(f.call.again)
		} else {
			w.armed.arm(f.call)
		}
	}
	return w.rest(c)
}

// upTo returns the events due for the changes up to zxid.
func (w *watchCheck) upTo(zxid int64) (due []seenEvent) {
	for ; w.next < len(w.all) && w.all[w.next].zxid <= zxid; w.next++ {
		if ev := w.all[w.next]; w.armed.any() && w.armed.use(ev.happening) {
			due = append(due, ev)
		}
	}
	return due
}

// rest checks the events that came after the last reply, before the connection ended.
func (w *watchCheck) rest(c *seenConn) error {
	if len(w.told) == 0 {
		return nil
	}
	due := w.upTo(w.told[len(w.told)-1].zxid)
	if len(due) < len(w.told) || !slices.Equal(due[:len(w.told)], w.told) {
		return fmt.Errorf("watch events at the end of a connection of session %#x: %v are due, %v came", c.session.id, due, w.told)
	}
	return nil
}

func (w *watchCheck) merge(again *armed) {
	for _, sets := range [][2]map[string]bool{
		{w.armed.data, again.data},
		{w.armed.exist, again.exist},
		{w.armed.child, again.child},
		{w.armed.persistent, again.persistent},
		{w.armed.recursive, again.recursive},
	} {
		maps.Copy(sets[0], sets[1])
	}
}
