package promises_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// tale is a record written by hand: one fact per line, a millisecond apart.
type tale struct {
	events []history.Event
	txns   []history.Txn
	xid    int32
	zxid   history.ID
}

// The sessions of a tale.
const (
	anna history.ID = 0x100
	bert history.ID = 0x101
)

func (w *tale) fact(s history.ID, f string, zxid history.ID, v any) {
	i := len(w.events)
	w.events = append(w.events, history.Event{
		Index: i, Time: time.Duration(i) * time.Millisecond, Process: history.SessionProcess, Client: int(s - anna),
		Type: history.Info, F: f, Session: s, Zxid: zxid, Value: history.Value(v),
	})
}

func (w *tale) connected(s, seen history.ID) {
	w.fact(s, history.FConnected, 0, history.Connected{Server: "zk1", Seen: seen})
}

func (w *tale) ask(s history.ID, q history.Request) int32 {
	w.xid++
	q.Xid = w.xid
	w.fact(s, history.FRequest, 0, q)
	return q.Xid
}

func (w *tale) reply(s history.ID, xid int32, zxid history.ID, a history.Reply) {
	a.Xid = xid
	w.fact(s, history.FReply, zxid, a)
}

// did adds a request with its reply.
func (w *tale) did(s, zxid history.ID, q history.Request, a history.Reply) {
	w.reply(s, w.ask(s, q), zxid, a)
}

func (w *tale) event(s, zxid history.ID, typ, path string) {
	w.fact(s, history.FEvent, zxid, history.WatchEvent{Type: typ, Path: path})
}

// commit adds transactions, with the numbers that follow the last one.
func (w *tale) commit(all ...history.Txn) {
	for _, x := range all {
		w.zxid++
		x.Zxid = w.zxid
		w.txns = append(w.txns, x)
	}
}

// fill commits transactions that do nothing, up to a zxid.
func (w *tale) fill(upTo history.ID) {
	for w.zxid < upTo {
		w.commit(history.Txn{Type: "error", Error: -101})
	}
}

func (w *tale) run(log bool) promises.Run {
	run := promises.Run{
		Events: w.events, Final: math.MaxInt64,
		Decode: func(e *history.Event, v any) { _ = e.Decode(v) },
	}
	if log {
		run.Transactions = w.txns
	}
	return run
}

func statOf(czxid, mzxid, pzxid history.ID, version int32) *history.Stat {
	return &history.Stat{Czxid: czxid, Mzxid: mzxid, Pzxid: pzxid, Version: version}
}

func watching(op, path string) history.Request {
	return history.Request{Op: op, Path: path, Watch: true}
}

func asking(op, path string) history.Request { return history.Request{Op: op, Path: path} }

func versioned(op, path string, version int32) history.Request {
	return history.Request{Op: op, Path: path, Version: &version}
}

// tales are the smallest records that show what proves the view of a reply: its header,
// the contents of its body, and the zxid of an event.
var tales = []struct {
	name string
	tell func(w *tale)
	// logged is the promise that must be found broken if the transactions are known,
	// bare the one without them; "" means none.
	logged, bare string
}{
	{"an event of a change from before a view that was shown", func(w *tale) {
		w.fill(0x10)
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.fill(0x12)
		w.connected(anna, 0)
		w.did(anna, 0x10, watching("exists", "/a"), history.Reply{Error: -101})
		w.did(anna, 0x12, asking("exists", "/b"), history.Reply{Error: -101})
		w.event(anna, 0x11, "nodeCreated", "/a")
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"an event in time", func(w *tale) {
		w.fill(0x10)
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.fill(0x12)
		w.connected(anna, 0)
		w.did(anna, 0x10, watching("exists", "/a"), history.Reply{Error: -101})
		w.event(anna, 0x11, "nodeCreated", "/a")
		w.did(anna, 0x12, asking("exists", "/b"), history.Reply{Error: -101})
	}, "", ""},
	{"a watch on children that no stat tells the age of", func(w *tale) {
		w.fill(2)
		w.commit(history.Txn{Type: "create", Path: "/s"})
		w.connected(anna, 0)
		w.did(anna, 3, watching("getChildren", "/s"), history.Reply{})
		xid := w.ask(anna, asking("create", "/s/x"))
		w.commit(history.Txn{Type: "create", Path: "/s/x", Session: anna, Cxid: xid, ParentCversion: 1})
		w.reply(anna, xid, 4, history.Reply{Path: "/s/x"})
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"the same with its event", func(w *tale) {
		w.fill(2)
		w.commit(history.Txn{Type: "create", Path: "/s"})
		w.connected(anna, 0)
		w.did(anna, 3, watching("getChildren", "/s"), history.Reply{})
		xid := w.ask(anna, asking("create", "/s/x"))
		w.commit(history.Txn{Type: "create", Path: "/s/x", Session: anna, Cxid: xid, ParentCversion: 1})
		w.event(anna, 4, "nodeChildrenChanged", "/s")
		w.reply(anna, xid, 4, history.Reply{Path: "/s/x"})
	}, "", ""},
	{"a list that shows a change that its header does not", func(w *tale) {
		w.fill(2)
		w.commit(history.Txn{Type: "create", Path: "/s"})
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(anna, watching("getChildren", "/s"))
		by := w.ask(bert, asking("create", "/s/x"))
		w.commit(history.Txn{Type: "create", Path: "/s/x", Session: bert, Cxid: by, ParentCversion: 1})
		w.reply(bert, by, 4, history.Reply{Path: "/s/x"})
		w.reply(anna, xid, 3, history.Reply{Children: []string{"x"}})
		w.did(anna, 4, asking("exists", "/b"), history.Reply{Error: -101})
	}, "", ""},
	{"a body that is newer than the header, and no event of what came before", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.fill(7)
		w.connected(anna, 0)
		w.connected(bert, 0)
		w.did(anna, 7, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		xid := w.ask(bert, asking("setData", "/a"))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: bert, Cxid: xid, Version: 1})
		w.reply(bert, xid, 8, history.Reply{Stat: statOf(1, 8, 1, 1)})
		w.fill(0xb)
		w.commit(history.Txn{Type: "setData", Path: "/b", Version: 1})
		w.did(anna, 7, asking("exists", "/b"), history.Reply{Stat: statOf(2, 0xc, 2, 1)})
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"an own write below what was shown", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.fill(7)
		w.connected(anna, 0)
		xid := w.ask(anna, asking("exists", "/b"))
		own := w.ask(anna, asking("setData", "/a"))
		w.fill(8)
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: own, Version: 1})
		w.fill(0xb)
		w.commit(history.Txn{Type: "setData", Path: "/b", Version: 1})
		w.reply(anna, xid, 7, history.Reply{Stat: statOf(2, 0xc, 2, 1)})
		w.reply(anna, own, 9, history.Reply{Stat: statOf(1, 9, 1, 1)})
	}, promises.SingleImage, promises.SingleImage},
	{"a sync of the zxid that the write behind it has", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.connected(anna, 0)
		read := w.ask(anna, asking("sync", "/b"))
		own := w.ask(anna, asking("setData", "/a"))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: own, Version: 1})
		w.reply(anna, read, 3, history.Reply{})
		w.reply(anna, own, 3, history.Reply{Stat: statOf(1, 3, 1, 1)})
	}, "", ""},
	{"a write sent when others had been shown its zxid", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.connected(anna, 0)
		w.connected(bert, 0)
		w.fill(3)
		w.did(anna, 5, asking("exists", "/c"), history.Reply{Error: -101})
		own := w.ask(bert, asking("setData", "/a"))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: bert, Cxid: own, Version: 1})
		w.fill(5)
		w.reply(bert, own, 4, history.Reply{Stat: statOf(1, 4, 1, 1)})
	}, promises.Fenced, promises.Fenced},
	{"a read that is older than the event before it", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		w.event(anna, 2, "nodeDataChanged", "/a")
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
	}, promises.SingleImage, promises.EventOrder},
	{"an event without a zxid of a change that a read behind it does not show", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		w.event(anna, -1, "nodeDataChanged", "/a")
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
	}, promises.EventOrder, promises.OneEvent},
	{"an event without a zxid of a deletion that a read behind it does not show", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		w.event(anna, -1, "nodeDeleted", "/a")
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
	}, promises.EventOrder, promises.OneEvent},
	{"an event of a znode that was deleted and made again", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "delete", Path: "/a"}, history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		w.event(anna, -1, "nodeDeleted", "/a")
		w.did(anna, 3, asking("exists", "/a"), history.Reply{Stat: statOf(3, 3, 3, 0)})
	}, "", ""},
	{"data of the transaction that is being applied", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
	}, "", ""},
	{"a created znode that an event calls changed", func(w *tale) {
		w.fill(0x10)
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 0x10, watching("exists", "/a"), history.Reply{Error: -101})
		w.event(anna, 0x11, "nodeDataChanged", "/a")
	}, promises.EventOrder, promises.EventOrder},
	{"a created znode that an event without a zxid calls changed", func(w *tale) {
		w.fill(0x10)
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		w.did(anna, 0x10, watching("exists", "/a"), history.Reply{Error: -101})
		w.event(anna, -1, "nodeDataChanged", "/a")
	}, promises.EventOrder, promises.OneEvent},
	{"a changed znode that an event without a zxid calls created", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1},
			history.Txn{Type: "delete", Path: "/a"}, history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		w.event(anna, -1, "nodeCreated", "/a")
	}, promises.EventOrder, promises.OneEvent},
	{"an event of what a known transaction did not do", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.connected(anna, 0)
		w.connected(bert, 0)
		w.did(anna, 2, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		xid := w.ask(bert, asking("setData", "/b"))
		w.commit(history.Txn{Type: "setData", Path: "/b", Session: bert, Cxid: xid, Version: 1})
		w.reply(bert, xid, 3, history.Reply{Stat: statOf(2, 3, 2, 1)})
		w.event(anna, 3, "nodeDataChanged", "/a")
	}, promises.EventOrder, promises.EventOrder},
	{"an event of a change from before its watch", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.fill(4)
		w.connected(anna, 0)
		w.did(anna, 4, watching("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
		w.event(anna, 2, "nodeDataChanged", "/a")
	}, promises.OneEvent, promises.OneEvent},
	{"an event without a zxid of a change from before its watch", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.fill(4)
		w.connected(anna, 0)
		w.did(anna, 4, watching("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
		w.event(anna, -1, "nodeDataChanged", "/a")
	}, promises.EventOrder, ""},
	{"a watch set again for a znode that had been made, and no event", func(w *tale) {
		w.connected(bert, 0)
		xid := w.ask(bert, asking("create", "/a"))
		w.commit(history.Txn{Type: "create", Path: "/a", Session: bert, Cxid: xid})
		w.reply(bert, xid, 1, history.Reply{Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, history.Request{Op: "setWatches", ExistWatches: []string{"/a"}}, history.Reply{})
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"data that an acknowledged write did not write", func(w *tale) {
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(bert, history.Request{Op: "create", Path: "/a", Data: []byte("x")})
		w.commit(history.Txn{Type: "create", Path: "/a", Session: bert, Cxid: xid, Data: []byte("x")})
		w.reply(bert, xid, 1, history.Reply{Path: "/a"})
		w.did(anna, 1, asking("getData", "/a"), history.Reply{Data: []byte("y"), Stat: statOf(1, 1, 1, 0)})
	}, promises.Views, promises.Durable},
	{"an ephemeral that is gone while its session writes on", func(w *tale) {
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(bert, history.Request{Op: "create", Path: "/a", Ephemeral: true})
		w.commit(history.Txn{Type: "create", Path: "/a", Session: bert, Cxid: xid, Owner: bert})
		w.reply(bert, xid, 1, history.Reply{Path: "/a"})
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Error: -101})
		xid = w.ask(bert, asking("create", "/b"))
		w.commit(history.Txn{Type: "create", Path: "/b", Session: bert, Cxid: xid})
		w.reply(bert, xid, 2, history.Reply{Path: "/b"})
	}, promises.Ephemeral, promises.Ephemeral},
	{"an event of a change that a list without a stat had shown", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "create", Path: "/b"})
		w.commit(history.Txn{Type: "create", Path: "/a/c", ParentCversion: 1})
		w.connected(anna, 0)
		w.did(anna, 2, watching("getChildren", "/a"), history.Reply{Children: []string{"c"}})
		w.event(anna, 3, "nodeChildrenChanged", "/a")
	}, promises.WatchBeforeData, ""},
	{"an event of a change that had been shown before its watch was asked for", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		w.did(anna, 2, asking("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
		xid := w.ask(anna, watching("exists", "/a"))
		w.event(anna, 2, "nodeDataChanged", "/a")
		w.reply(anna, xid, 2, history.Reply{Stat: statOf(1, 2, 1, 1)})
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"a watch set again in a view from before its znode, and no event", func(w *tale) {
		w.fill(1)
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("getData", "/a"), history.Reply{Stat: statOf(2, 2, 2, 0)}) // the znode that is being made
		w.connected(anna, 1)
		w.did(anna, 1, history.Request{Op: "setWatches", Since: 1, DataWatches: []string{"/a"}}, history.Reply{})
	}, promises.WatchBeforeData, ""},
	{"the same with the event that says that it is not there", func(w *tale) {
		w.fill(1)
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.did(anna, 1, watching("getData", "/a"), history.Reply{Stat: statOf(2, 2, 2, 0)})
		w.connected(anna, 1)
		xid := w.ask(anna, history.Request{Op: "setWatches", Since: 1, DataWatches: []string{"/a"}})
		w.event(anna, -1, "nodeDeleted", "/a")
		w.reply(anna, xid, 1, history.Reply{})
	}, "", ""},
	{"a multi that was refused with another error", func(w *tale) {
		w.connected(anna, 0)
		xid := w.ask(anna, history.Request{Op: "multi", Parts: []history.Request{{Op: "create", Path: "/a"}, {Op: "create", Path: "/b/c"}}})
		w.commit(history.Txn{Type: "multi", Session: anna, Cxid: xid, Parts: []history.Txn{{Type: "create", Path: "/a"}, {Type: "error", Error: -101}}})
		w.reply(anna, xid, 1, history.Reply{Parts: []history.Reply{{}, {Error: -110}}})
	}, promises.Durable, ""},
	{"the same with its own error", func(w *tale) {
		w.connected(anna, 0)
		xid := w.ask(anna, history.Request{Op: "multi", Parts: []history.Request{{Op: "create", Path: "/a"}, {Op: "create", Path: "/b/c"}}})
		w.commit(history.Txn{Type: "multi", Session: anna, Cxid: xid, Parts: []history.Txn{{Type: "create", Path: "/a"}, {Type: "error", Error: -101}}})
		w.reply(anna, xid, 1, history.Reply{Parts: []history.Reply{{}, {Error: -101}}})
	}, "", ""},
	{"a list that was too long for the record", func(w *tale) {
		w.connected(anna, 0)
		w.commit(history.Txn{Type: "create", Path: "/s"})
		xid := w.ask(anna, asking("create", "/s/x"))
		w.commit(history.Txn{Type: "create", Path: "/s/x", Session: anna, Cxid: xid, ParentCversion: 1})
		w.reply(anna, xid, 2, history.Reply{Path: "/s/x"})
		w.did(anna, 2, watching("getChildren", "/s"), history.Reply{Cut: true})
		w.did(anna, 2, watching("getChildren2", "/s"), history.Reply{Cut: true})
	}, "", ""},
	{"the same as an empty list", func(w *tale) {
		w.connected(anna, 0)
		w.commit(history.Txn{Type: "create", Path: "/s"})
		xid := w.ask(anna, asking("create", "/s/x"))
		w.commit(history.Txn{Type: "create", Path: "/s/x", Session: anna, Cxid: xid, ParentCversion: 1})
		w.reply(anna, xid, 2, history.Reply{Path: "/s/x"})
		w.did(anna, 2, asking("getChildren", "/s"), history.Reply{})
	}, promises.OwnWrites, promises.OwnWrites},
	{"two replies that show other data of one write", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a", Data: []byte("x")})
		w.connected(anna, 0)
		w.connected(bert, 0)
		w.did(anna, 1, asking("getData", "/a"), history.Reply{Data: []byte("x"), Stat: statOf(1, 1, 1, 0)})
		w.did(bert, 1, asking("getData", "/a"), history.Reply{Data: []byte("y"), Stat: statOf(1, 1, 1, 0)})
	}, promises.Views, promises.SingleImage},
	{"an acknowledged write that made no version", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(bert, asking("setData", "/a"))
		w.fill(2)
		w.reply(bert, xid, 2, history.Reply{Stat: statOf(1, 2, 1, 1)})
		w.commit(history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.did(anna, 3, asking("exists", "/a"), history.Reply{Stat: statOf(1, 3, 1, 1)})
	}, promises.Durable, promises.Durable},
	{"two creations that were acknowledged", func(w *tale) {
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(bert, asking("create", "/a"))
		w.commit(history.Txn{Type: "create", Path: "/a", Session: bert, Cxid: xid})
		w.reply(bert, xid, 1, history.Reply{Path: "/a"})
		xid = w.ask(anna, asking("create", "/a"))
		w.commit(history.Txn{Type: "error", Session: anna, Cxid: xid, Error: -110})
		w.reply(anna, xid, 2, history.Reply{Path: "/a"})
	}, promises.Durable, promises.Durable},
	{"a write of an acknowledged znode that was refused", func(w *tale) {
		w.connected(anna, 0)
		w.connected(bert, 0)
		xid := w.ask(bert, asking("create", "/a"))
		w.commit(history.Txn{Type: "create", Path: "/a", Session: bert, Cxid: xid})
		w.reply(bert, xid, 1, history.Reply{Path: "/a"})
		xid = w.ask(anna, asking("setData", "/a"))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: xid, Version: 1})
		w.reply(anna, xid, 2, history.Reply{Error: -101})
	}, promises.Atomic, promises.Durable},
	{"an event of a later change than the first", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		w.connected(bert, 0)
		w.did(anna, 1, watching("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
		for i := range int32(2) {
			xid := w.ask(bert, asking("setData", "/a"))
			w.commit(history.Txn{Type: "setData", Path: "/a", Session: bert, Cxid: xid, Version: i + 1})
			w.reply(bert, xid, w.zxid, history.Reply{Stat: statOf(1, w.zxid, 1, i+1)})
		}
		w.event(anna, 3, "nodeDataChanged", "/a")
	}, promises.WatchBeforeData, promises.WatchBeforeData},
	{"a write that was done with a version that it did not ask for", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		xid := w.ask(anna, versioned("setData", "/a", 0))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: xid, Version: 2})
		w.reply(anna, xid, 3, history.Reply{Stat: statOf(1, 3, 1, 2)})
	}, promises.Durable, promises.Durable},
	{"the same with the version that was there", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		xid := w.ask(anna, versioned("setData", "/a", 1))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: xid, Version: 2})
		w.reply(anna, xid, 3, history.Reply{Stat: statOf(1, 3, 1, 2)})
	}, "", ""},
	{"a write behind the last version", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: math.MaxInt32})
		w.connected(anna, 0)
		xid := w.ask(anna, versioned("setData", "/a", math.MaxInt32))
		w.commit(history.Txn{Type: "setData", Path: "/a", Session: anna, Cxid: xid, Version: math.MinInt32})
		w.reply(anna, xid, 3, history.Reply{Stat: statOf(1, 3, 1, math.MinInt32)})
	}, "", ""},
	{"a deletion of a version that was not there", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		xid := w.ask(anna, versioned("delete", "/a", 0))
		w.commit(history.Txn{Type: "delete", Path: "/a", Session: anna, Cxid: xid})
		w.reply(anna, xid, 3, history.Reply{})
	}, promises.Durable, ""},
	{"the same with the version that was there", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
		w.connected(anna, 0)
		xid := w.ask(anna, versioned("delete", "/a", 1))
		w.commit(history.Txn{Type: "delete", Path: "/a", Session: anna, Cxid: xid})
		w.reply(anna, xid, 3, history.Reply{})
	}, "", ""},
	{"a multi that blames an operation that cannot fail so", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		xid := w.ask(anna, history.Request{Op: "multi", Parts: []history.Request{versioned("setData", "/a", -1), versioned("check", "/a", 7)}})
		w.commit(history.Txn{Type: "multi", Session: anna, Cxid: xid, Parts: []history.Txn{{Type: "setData", Path: "/a"}, {Type: "error", Error: -103}}})
		w.reply(anna, xid, 2, history.Reply{Parts: []history.Reply{{Error: -103}, {Error: -2}}})
	}, promises.Durable, promises.Durable},
	{"the same with the operation that failed", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		xid := w.ask(anna, history.Request{Op: "multi", Parts: []history.Request{versioned("setData", "/a", -1), versioned("check", "/a", 7)}})
		w.commit(history.Txn{Type: "multi", Session: anna, Cxid: xid, Parts: []history.Txn{{Type: "setData", Path: "/a"}, {Type: "error", Error: -103}}})
		w.reply(anna, xid, 2, history.Reply{Parts: []history.Reply{{}, {Error: -103}}})
	}, "", ""},
	{"an ephemeral that has no owner", func(w *tale) {
		w.connected(anna, 0)
		xid := w.ask(anna, history.Request{Op: "create", Path: "/a", Ephemeral: true})
		w.commit(history.Txn{Type: "create", Path: "/a", Session: anna, Cxid: xid})
		w.reply(anna, xid, 1, history.Reply{Path: "/a"})
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: statOf(1, 1, 1, 0)})
	}, promises.Ephemeral, promises.Ephemeral},
	{"a persistent znode that has an owner", func(w *tale) {
		w.connected(anna, 0)
		xid := w.ask(anna, asking("create", "/a"))
		w.commit(history.Txn{Type: "create", Path: "/a", Session: anna, Cxid: xid, Owner: anna})
		w.reply(anna, xid, 1, history.Reply{Path: "/a"})
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: &history.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Owner: anna}})
	}, promises.Ephemeral, promises.Ephemeral},
	{"a znode with a TTL, which servers mark by an owner", func(w *tale) {
		const owner history.ID = -1 << 56
		w.connected(anna, 0)
		xid := w.ask(anna, asking("createTTL", "/a"))
		w.commit(history.Txn{Type: "createTTL", Path: "/a", Session: anna, Cxid: xid, Owner: owner})
		w.reply(anna, xid, 1, history.Reply{Path: "/a"})
		w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: &history.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Owner: owner}})
	}, "", ""},
	{"data that a refused write was to write", func(w *tale) {
		refusedAndShown(w)
	}, promises.Atomic, promises.Atomic},
	{"the same when a write without an answer was to write it as well", func(w *tale) {
		w.connected(bert, 0)
		w.ask(bert, history.Request{Op: "setData", Path: "/a", Data: []byte("x")})
		refusedAndShown(w)
	}, "", ""},
	{"a write that was refused for a version that was there", func(w *tale) {
		refusedFor(w, 1)
	}, promises.Durable, promises.Durable},
	{"the same for one that was not", func(w *tale) {
		refusedFor(w, 0)
	}, "", ""},
	{"a deletion that was refused since the znode is not there, which it is", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		xid := w.ask(anna, asking("delete", "/a"))
		w.commit(history.Txn{Type: "error", Session: anna, Cxid: xid, Error: -101})
		w.reply(anna, xid, 2, history.Reply{Error: -101})
	}, promises.Durable, ""},
	{"a creation that was refused since the znode is there, which it is not", func(w *tale) {
		w.connected(anna, 0)
		xid := w.ask(anna, asking("create", "/a"))
		w.commit(history.Txn{Type: "error", Session: anna, Cxid: xid, Error: -110})
		w.reply(anna, xid, 1, history.Reply{Error: -110})
	}, promises.Durable, ""},
	{"another cversion with the same pzxid", func(w *tale) {
		w.commit(history.Txn{Type: "create", Path: "/a"})
		w.connected(anna, 0)
		for _, n := range []int32{0, 1} {
			stat := statOf(1, 1, 1, 0)
			stat.Cversion = n
			w.did(anna, 1, asking("exists", "/a"), history.Reply{Stat: stat})
		}
	}, promises.SingleImage, promises.SingleImage},
}

// refusedFor adds a write that requires a version of a znode that has version 1, and is
// refused.
func refusedFor(w *tale, version int32) {
	w.commit(history.Txn{Type: "create", Path: "/a"}, history.Txn{Type: "setData", Path: "/a", Version: 1})
	w.connected(anna, 0)
	w.did(anna, 2, asking("exists", "/a"), history.Reply{Stat: statOf(1, 2, 1, 1)})
	xid := w.ask(anna, versioned("setData", "/a", version))
	w.commit(history.Txn{Type: "error", Session: anna, Cxid: xid, Error: -103})
	w.reply(anna, xid, 3, history.Reply{Error: -103})
	w.commit(history.Txn{Type: "setData", Path: "/a", Version: 2})
	w.did(anna, 4, asking("exists", "/a"), history.Reply{Stat: statOf(1, 4, 1, 2)})
}

// refusedAndShown adds a multi that was refused, and a read that shows what the first
// operation of the multi would have written.
func refusedAndShown(w *tale) {
	w.commit(history.Txn{Type: "create", Path: "/a"})
	w.connected(anna, 0)
	set := versioned("setData", "/a", -1)
	set.Data = []byte("x")
	xid := w.ask(anna, history.Request{Op: "multi", Parts: []history.Request{set, versioned("check", "/a", 7)}})
	w.commit(history.Txn{Type: "multi", Session: anna, Cxid: xid, Parts: []history.Txn{{Type: "setData", Path: "/a"}, {Type: "error", Error: -103}}})
	w.reply(anna, xid, 2, history.Reply{Parts: []history.Reply{{}, {Error: -103}}})
	w.commit(history.Txn{Type: "setData", Path: "/a", Data: []byte("x"), Version: 1})
	w.did(anna, 3, asking("getData", "/a"), history.Reply{Data: []byte("x"), Stat: statOf(1, 3, 1, 1)})
}

func TestViewsThatEvidenceProves(t *testing.T) {
	for _, c := range tales {
		t.Run(c.name, func(t *testing.T) {
			for _, log := range []bool{true, false} {
				w := &tale{}
				c.tell(w)
				want := c.bare
				if log {
					want = c.logged
				}
				r := promises.Check(t.Context(), w.run(log))
				got := broken(r)
				if want == "" && len(got) > 0 || want != "" && !slices.Contains(got, want) {
					t.Errorf("transactions known: %v: broken: %q, want %q", log, got, want)
					for _, name := range got {
						t.Logf("%s: %s", name, r[name].Text)
					}
				}
			}
		})
	}
}
