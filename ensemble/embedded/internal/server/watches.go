package server

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// fire sends an event to its watchers, before any client can read the change. A watcher that may not
// read the znode gets no event (CVE-2024-23944).
func (s *Server) fire(e tree.Event, zxid int64) {
	told := int64(0)
	s.watches.Trigger(e.Type, e.Path, func(c *conn, typ wire.EventType, path string) {
		told++
		if tree.Allowed(e.ACL, wire.PermRead, c.ids) {
			s.notify(c, typ, path, zxid)
		}
	})
	if told > 0 {
		s.counters.Measured(watchersOf[e.Type], told)
	}
}

// watchersOf has the measures of how many watchers an event has.
var watchersOf = map[wire.EventType]fourletter.Measure{
	wire.EventCreated: fourletter.CreatedWatchers, wire.EventDeleted: fourletter.DeletedWatchers,
	wire.EventDataChanged: fourletter.ChangedWatchers, wire.EventChildrenChanged: fourletter.ChildWatchers,
}

// notify sends a watch event. Before 3.9 it does not tell the zxid of the change (ZOOKEEPER-4655).
func (s *Server) notify(c *conn, typ wire.EventType, path string, zxid int64) {
	if s.cfg.Older {
		zxid = untold
	}
	start := len(c.buf)
	c.buf = wire.ReplyHeader{Xid: wire.XidEvent, Zxid: zxid}.Append(wire.BeginFrame(c.buf))
	c.buf = wire.WatchEvent{Type: typ, State: wire.StateConnected, Path: path}.Append(c.buf)
	wire.EndFrame(c.buf, start)
	c.counters.Sent()
	s.mark(c)
}

// untold is the zxid of all events before 3.9.
const untold = -1

// missed is the zxid of an event for a change that a client missed while it had
// no connection: which change that was is not known.
const missed = -1

// setWatches sets the watches of a client that comes from another connection
// again. What changed since rel, the last zxid that it has seen, is told at
// once: "a watch for the existence of a znode not yet created may be missed" is
// the exception (Programmer's Guide, What ZooKeeper Guarantees about Watches).
func (s *Server) setWatches(c *conn, r *wire.SetWatchesRequest) {
	for _, path := range r.Data {
		stat, code := s.tree.Stat(path)
		s.rearm(c, path, code, wire.EventDataChanged, stat.Mzxid > r.RelativeZxid, s.watches.AddData)
	}
	for _, path := range r.Exist {
		if _, code := s.tree.Stat(path); code == wire.OK {
			s.notify(c, wire.EventCreated, path, missed)
		} else {
			s.watches.AddData(path, c)
		}
	}
	for _, path := range r.Child {
		stat, code := s.tree.Stat(path)
		s.rearm(c, path, code, wire.EventChildrenChanged, stat.Pzxid > r.RelativeZxid, s.watches.AddChild)
	}
	for _, path := range r.Persistent {
		s.watches.Add(path, wire.AddPersistent, c)
	}
	for _, path := range r.PersistentRecursive {
		s.watches.Add(path, wire.AddPersistentRecursive, c)
	}
}

// rearm sets the watch of a znode that was there when the client saw it, unless
// that has changed or gone.
func (s *Server) rearm(c *conn, path string, code wire.Code, typ wire.EventType, changed bool, add func(string, *conn)) {
	switch {
	case code != wire.OK:
		s.notify(c, wire.EventDeleted, path, missed)
	case changed:
		s.notify(c, typ, path, missed)
	default:
		add(path, c)
	}
}
