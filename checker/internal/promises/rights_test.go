package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestRights lets a client create /x, to which alice has all rights, and other clients have some,
// and lets another client request something. Each case is decided with the transactions and
// without.
func TestRights(t *testing.T) {
	version := int32(-1)
	ask := func(op, path string) history.Request {
		return history.Request{Op: op, Path: path, Version: &version, ACL: []history.TxnACL{{Perms: 31, Scheme: "world", ID: "anyone"}}}
	}
	const all, read, write, create, remove, admin = 31, 1, 2, 4, 8, 16
	for name, c := range map[string]struct {
		others  int32 // the rights of all clients
		host    string
		auth    string // the identity that the client claims
		denied  bool   // the server does not accept it
		request history.Request
		code    int32
		parts   []int32 // codes of the parts of a multi
		unsure  bool    // a client tried to change the rights, with unknown outcome
		without bool    // the promise is found broken without the transactions, and
		broken  bool    // with them
	}{
		"a right that everybody has":      {others: read, request: ask("getData", "/x")},
		"a right that nobody has":         {others: all &^ read, request: ask("getData", "/x"), broken: true, without: true},
		"refused what nobody may":         {others: all &^ read, request: ask("getData", "/x"), code: -102},
		"refused what everybody may":      {others: read, request: ask("getData", "/x"), code: -102, broken: true, without: true},
		"alice":                           {auth: "digest:alice", request: ask("getData", "/x")},
		"alice is refused":                {auth: "digest:alice", request: ask("getData", "/x"), code: -102, broken: true, without: true},
		"alice is not believed":           {auth: "digest:alice", denied: true, request: ask("getData", "/x"), code: -102},
		"bob":                             {auth: "digest:bob", request: ask("getData", "/x"), broken: true, without: true},
		"the super user":                  {auth: "digest:super", request: ask("getData", "/x")},
		"a host that may be the client":   {host: "10.1.2.3", request: ask("getData", "/x")},
		"a host that is not the client":   {host: "10.1.2.3", request: ask("getData", "/x"), code: -102},
		"a host that nobody is":           {host: "192.0.2.1", request: ask("getData", "/x"), broken: true, without: true},
		"children":                        {others: all &^ read, request: ask("getChildren2", "/x"), broken: true, without: true},
		"exists":                          {request: ask("exists", "/x")},
		"a write":                         {others: all &^ write, request: ask("setData", "/x"), broken: true, without: true},
		"a write of another version":      {others: all &^ write, request: ask("setData", "/x"), code: -103, broken: true, without: true},
		"a refused write":                 {others: all &^ write, request: ask("setData", "/x"), code: -102},
		"a write that is refused wrongly": {others: write, request: ask("setData", "/x"), code: -102, broken: true, without: true},
		"a create":                        {others: all &^ create, request: ask("create", "/x/c"), broken: true, without: true},
		"a create of what is there":       {others: all &^ create, request: ask("create", "/x/c"), code: -110, broken: true, without: true},
		"a create that may be":            {others: create, request: ask("create", "/x/c")},
		"a delete of what is not empty":   {others: all &^ remove, request: ask("delete", "/x/c"), code: -111, broken: true, without: true},
		"a delete of what is not there":   {others: all &^ remove, request: ask("delete", "/x/c"), code: -101},
		"new rights":                      {others: all &^ admin, request: ask("setACL", "/x"), broken: true, without: true},
		"part of a multi":                 {others: all &^ read, request: history.Request{Op: "multi", Parts: []history.Request{ask("check", "/x")}}, parts: []int32{0}, broken: true, without: true},
		"a refused part":                  {others: all &^ read, request: history.Request{Op: "multi", Parts: []history.Request{ask("check", "/x")}}, parts: []int32{-102}},
		"rights that may be others":       {others: all &^ read, request: ask("getData", "/x"), unsure: true, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			const maker, client, other = 7, 8, 9
			acl := []history.TxnACL{{Perms: all, Scheme: "digest", ID: "alice:hash"}, {Perms: c.others, Scheme: "world", ID: "anyone"}}
			if c.host != "" {
				acl[1] = history.TxnACL{Perms: all, Scheme: "ip", ID: c.host}
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
			for _, s := range []history.ID{maker, client, other} {
				add(history.FConnected, s, 0, history.Connected{})
			}
			add(history.FRequest, maker, 0, history.Request{Xid: 1, Op: "create", Path: "/x", ACL: acl})
			add(history.FReply, maker, 1, history.Reply{Xid: 1, Path: "/x"})
			if c.unsure {
				add(history.FRequest, other, 0, history.Request{Xid: 1, Op: "setACL", Path: "/x"})
			}
			if c.auth != "" {
				add(history.FRequest, client, 0, history.Request{Xid: -4, Op: "auth", Auth: c.auth})
				if !c.denied {
					add(history.FReply, client, 0, history.Reply{Xid: -4})
				}
			}
			txns := []history.Txn{{Zxid: 1, Session: maker, Cxid: 1, Type: "create", Path: "/x", ACL: acl, ParentCversion: 1}}
			c.request.Xid = 2
			reply, zxid := history.Reply{Xid: 2, Error: c.code}, history.ID(1)
			if promises.Writes(c.request.Op) {
				zxid = 2
				txns = append(txns, history.Txn{Zxid: 2, Session: client, Cxid: 2, Type: "error", Error: -102})
			}
			for _, code := range c.parts {
				reply.Parts = append(reply.Parts, history.Reply{Error: code})
			}
			if c.request.Op == "create" && c.code == 0 {
				reply.Path = "/x/c"
			}
			add(history.FRequest, client, 0, c.request)
			add(history.FReply, client, zxid, reply)
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil && len(e.Value) > 0 {
					t.Fatal(err)
				}
			}
			if got := promises.Check(t.Context(), run)[promises.Rights].Text; (got != "") != c.without {
				t.Errorf("without transactions: %q", got)
			}
			run.Transactions = txns
			if got := promises.Check(t.Context(), run)[promises.Rights].Text; (got != "") != c.broken {
				t.Errorf("with transactions: %q", got)
			}
		})
	}
}
