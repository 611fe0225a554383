package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestPersistentWatches lets a client listen to /a while another client creates /a/b, writes
// to it and deletes it. Each case says what the listener hears before it reads.
func TestPersistentWatches(t *testing.T) {
	type heard struct {
		typ, path string
		zxid      history.ID
	}
	const made, written, gone = 2, 3, 4 // zxids; /a was made at 1
	changes := []heard{{"nodeCreated", "/a/b", made}, {"nodeDataChanged", "/a/b", written}, {"nodeDeleted", "/a/b", gone}}
	children := []heard{{"nodeChildrenChanged", "/a", made}, {"nodeChildrenChanged", "/a", gone}}
	for name, c := range map[string]struct {
		single  bool // it listens only to /a
		removed bool // it removes the watch before the changes
		kind    int32
		pending bool // the removal has no answer
		code    int32
		late    bool // it asks for the watch after the changes
		hidden  bool // not every client may read the new znode
		heard   []heard
		without bool // the promise is found broken without the transactions, and
		with    bool // with them
	}{
		"all":                           {heard: changes},
		"the first is missing":          {heard: changes[1:], without: true, with: true},
		"the last is missing":           {heard: changes[:2], without: true, with: true},
		"none":                          {without: true, with: true},
		"one came twice":                {heard: []heard{changes[0], changes[1], changes[1], changes[2]}, with: true},
		"another kind":                  {heard: []heard{changes[0], {"nodeDeleted", "/a/b", written}, changes[2]}, without: true, with: true},
		"another znode":                 {heard: append([]heard{{"nodeCreated", "/b", made}}, changes...), without: true, with: true},
		"a znode with a longer name":    {heard: append([]heard{{"nodeCreated", "/ab", made}}, changes...), without: true, with: true},
		"children, which it is not for": {heard: append([]heard{children[0]}, changes...), without: true, with: true},
		"the znode alone":               {single: true, heard: children},
		"the znode alone, one missing":  {single: true, heard: children[:1], without: true, with: true},
		"the znode alone, too much":     {single: true, heard: []heard{children[0], changes[1], children[1]}, without: true, with: true},
		"removed":                       {removed: true, kind: 3},
		"removed, and told":             {removed: true, kind: 3, heard: changes[:1], without: true, with: true},
		"removed by its kind, and told": {removed: true, kind: 5, heard: changes[:1], without: true, with: true},
		"another kind removed":          {removed: true, kind: 4, heard: changes},
		"another kind removed, missing": {removed: true, kind: 4, heard: changes[1:], without: true, with: true},
		"being removed":                 {removed: true, kind: 3, pending: true, heard: changes[:1]},
		"refused to be removed":         {removed: true, kind: 3, code: -121, heard: changes[:1]},
		"set behind the changes":        {late: true},
		"hidden":                        {hidden: true},
	} {
		t.Run(name, func(t *testing.T) {
			const listener, writer = history.ID(7), history.ID(8)
			var acl []history.TxnACL
			if c.hidden {
				acl = []history.TxnACL{{Perms: 30, Scheme: "world", ID: "anyone"}}
			}
			run := promises.Run{Final: time.Hour}
			now := time.Duration(0)
			add := func(f string, s, zxid history.ID, v any) {
				now += time.Millisecond
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: now, Process: history.SessionProcess, Client: int(s), Type: history.Info,
					F: f, Session: s, Zxid: zxid, Value: history.Value(v),
				})
			}
			write := func(zxid history.ID, q history.Request, x history.Txn) {
				q.Xid, x.Cxid, x.Zxid, x.Session, x.Type, x.Path = int32(zxid), int32(zxid), zxid, writer, q.Op, q.Path
				x.ACL = q.ACL
				run.Transactions = append(run.Transactions, x)
				got := history.Reply{Xid: q.Xid}
				if q.Op == "create" {
					got.Path = q.Path
				}
				add(history.FRequest, writer, 0, q)
				add(history.FReply, writer, zxid, got)
			}
			add(history.FConnected, writer, 0, history.Connected{})
			add(history.FConnected, listener, 0, history.Connected{})
			write(1, history.Request{Op: "create", Path: "/a"}, history.Txn{ParentCversion: 1})
			listen := func(zxid history.ID) {
				add(history.FRequest, listener, 0, history.Request{Xid: 1, Op: "addWatch", Path: "/a", Recursive: !c.single})
				add(history.FReply, listener, zxid, history.Reply{Xid: 1})
			}
			if !c.late {
				listen(1)
			}
			if c.removed {
				add(history.FRequest, listener, 0, history.Request{Xid: 2, Op: "removeWatches", Path: "/a", Watcher: c.kind})
				if !c.pending {
					add(history.FReply, listener, 1, history.Reply{Xid: 2, Error: c.code})
				}
			}
			write(made, history.Request{Op: "create", Path: "/a/b", ACL: acl}, history.Txn{ParentCversion: 1})
			write(written, history.Request{Op: "setData", Path: "/a/b"}, history.Txn{Version: 1})
			write(gone, history.Request{Op: "delete", Path: "/a/b"}, history.Txn{})
			if c.late {
				listen(gone)
			}
			for _, h := range c.heard {
				add(history.FEvent, listener, h.zxid, history.WatchEvent{Type: h.typ, Path: h.path})
			}
			add(history.FRequest, listener, 0, history.Request{Xid: 3, Op: "exists", Path: "/c"})
			add(history.FReply, listener, gone, history.Reply{Xid: 3, Error: -101})
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil && len(e.Value) > 0 {
					t.Fatal(err)
				}
			}
			if got := promises.Check(t.Context(), run)[promises.PersistentWatches].Text; (got != "") != c.with {
				t.Errorf("with transactions: %q", got)
			}
			run.Transactions = nil
			if got := promises.Check(t.Context(), run)[promises.PersistentWatches].Text; (got != "") != c.without {
				t.Errorf("without transactions: %q", got)
			}
		})
	}
}
