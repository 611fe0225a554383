package client

import (
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Watch is a kind of watch.
type Watch int

// The kinds of watches. The first three fire once.
const (
	Data Watch = iota
	Exist
	Child
	Persistent
	Recursive // persistent, also for all znodes below
	kinds
)

type watch struct {
	kind Watch
	path string // as the server knows it
}

// watches lists the watches that the server has for the session, as far as the client knows.
type watches map[watch]struct{}

// answered records the watch that a request has set, if it has set one. If the znode does not exist,
// only exists sets a watch, for the znode's creation.
func (w watches) answered(of watch, err wire.Code) {
	switch {
	case err == wire.NoNode && of.kind == Exist:
	case err != wire.OK:
		return
	case of.kind == Exist:
		of.kind = Data
	}
	w[of] = struct{}{}
}

// fired removes the watches that an event has used up.
func (w watches) fired(e wire.WatchEvent) {
	for _, kind := range usedUp[e.Type] {
		delete(w, watch{kind, e.Path})
	}
}

// usedUp lists the watches that an event ends ("Programmer's Guide, Semantics of Watches").
var usedUp = map[wire.EventType][]Watch{
	wire.EventCreated:                {Data, Exist},
	wire.EventDataChanged:            {Data, Exist},
	wire.EventDeleted:                {Data, Exist, Child},
	wire.EventChildrenChanged:        {Child},
	wire.EventDataWatchRemoved:       {Data, Exist},
	wire.EventChildWatchRemoved:      {Child},
	wire.EventPersistentWatchRemoved: {Persistent, Recursive},
}

// remove forgets the watches that a request of a type removed.
func (w watches) remove(path string, of wire.WatcherType) {
	kinds := map[wire.WatcherType][]Watch{
		wire.WatcherChildren: {Child}, wire.WatcherData: {Data, Exist}, wire.WatcherPersistent: {Persistent},
		wire.WatcherPersistentRecursive: {Recursive}, wire.WatcherAny: {Data, Exist, Child, Persistent, Recursive},
	}
	for _, kind := range kinds[of] {
		delete(w, watch{kind, path})
	}
}

type request struct {
	op     wire.Op
	record *wire.SetWatchesRequest
}

// maxPaths bounds the paths of one request that sets watches again, in bytes, as Java's
// client does (ClientCnxn, SET_WATCHES_MAX_LENGTH).
const maxPaths = 128 << 10

// again returns the requests that set all watches on another server. The server at once fires the watches
// that missed a change after zxid. Servers before 3.6 do not know SetWatches2, so it is left out where it is
// not needed.
func (w watches) again(zxid int64) (requests []request) {
	sorted := slices.SortedFunc(maps.Keys(w), func(a, b watch) int {
		if a.kind != b.kind {
			return int(a.kind - b.kind)
		}
		return strings.Compare(a.path, b.path)
	})
	for len(sorted) > 0 {
		n, size := 0, 0
		for n < len(sorted) && (n == 0 || size+len(sorted[n].path) <= maxPaths) {
			size += len(sorted[n].path)
			n++
		}
		requests = append(requests, setAgain(sorted[:n], zxid))
		sorted = sorted[n:]
	}
	return requests
}

func setAgain(those []watch, zxid int64) request {
	var paths [kinds][]string
	for _, w := range those {
		paths[w.kind] = append(paths[w.kind], w.path)
	}
	r := request{wire.SetWatches, &wire.SetWatchesRequest{
		RelativeZxid: zxid, Data: paths[Data], Exist: paths[Exist], Child: paths[Child],
		Persistent: paths[Persistent], PersistentRecursive: paths[Recursive],
	}}
	if len(paths[Persistent])+len(paths[Recursive]) > 0 {
		r.op = wire.SetWatches2
	}
	return r
}

// watched records an event and hands it on. Other events of the same transaction may not have come yet:
// if the connection is lost, setting the watches again brings those.
func (c *Client) watched(e wire.WatchEvent, zxid int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastZxid = max(c.lastZxid, zxid)
	c.watches.fired(e)
	c.queue.add(Event{Type: e.Type, Path: c.cfg.inside(e.Path), Zxid: max(zxid, 0)})
}
