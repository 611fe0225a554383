package checktest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
)

// The functions below build transaction logs: each call is one transaction, numbered
// from 0x100000001 on.

const Epoch = history.ID(1) << 32

func (r *Record) Txn(t history.Txn) *Record {
	r.Zxid = cmp.Or(r.Zxid, Epoch)
	r.Zxid++
	t.Zxid = r.Zxid
	r.Txns = append(r.Txns, t)
	return r
}

// Skip leaves a hole of one transaction in the log.
func (r *Record) Skip() *Record { r.Zxid++; return r }

func (r *Record) Opens(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "createSession", Session: s})
}

func (r *Record) Closes(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "closeSession", Session: s})
}

// Stands makes a contender with a number.
func (r *Record) Stands(s history.ID, number int) *Record {
	return r.Txn(history.Txn{
		Type: "create", Session: s, Owner: s, Path: fmt.Sprintf("/k/c%d-lock-%010d", s, number), ParentCversion: int32(number + 1),
	})
}

func (r *Record) Leaves(s, owner history.ID, number int) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: fmt.Sprintf("/k/c%d-lock-%010d", owner, number)})
}

func (r *Record) Inserts(s history.ID, item string) *Record {
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{
		{Type: "create", Path: "/k/item-" + item, Data: []byte(item)}, {Type: "setData", Path: "/k/marks/m"},
	}})
}

func (r *Record) Removes(s history.ID, item string) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: "/k/item-" + item})
}

// Moves moves an item to another znode, like a queue that keeps a taken item until it is done.
func (r *Record) Moves(s history.ID, item string) *Record {
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{
		{Type: "delete", Path: "/k/item-" + item}, {Type: "create", Path: "/k/taken-" + item, Data: []byte(item)},
	}})
}

// Clears deletes the znode that Moves created.
func (r *Record) Clears(s history.ID, item string) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: "/k/taken-" + item})
}

func (r *Record) Raises(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "create", Session: s, Path: "/run/k"})
}

func (r *Record) Lowers(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: "/run/k"})
}

// Touches adds a write that changes nothing.
func (r *Record) Touches(s history.ID) *Record {
	return r.Txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{{Type: "check", Path: "/"}}})
}

// Saw adds that a client had got, by t, the reply to a request that it had sent at
// sent. The reply had the zxid of the n-th transaction.
func (r *Record) Saw(t, client int, n history.ID, sent int) *Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected,
		Session: history.ID(client + 1), Alive: time.Duration(sent) * Unit, Seen: Epoch + n,
		Value: history.Value(history.Connected{Seen: Epoch + n}),
	})
}

// Token returns the zxid of the n-th transaction.
func Token(n history.ID) history.ID { return Epoch + n }

// Shown ends a log with requests whose replies all clients saw.
func (r *Record) Shown(t int) *Record {
	r.Touches(1)
	return r.Saw(t+2, 0, r.Zxid-Epoch, t).Saw(t+2, 1, r.Zxid-Epoch, t).Saw(t+2, 2, r.Zxid-Epoch, t)
}

// Unanswered adds the fact that a request was sent and not answered.
func (r *Record) Unanswered(t, client int, xid int32, sent int) *Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FUnanswered, Session: history.ID(client + 1),
		Value: history.Value(history.Unanswered{Requests: []history.UnansweredRequest{{Xid: xid, Op: "delete", Sent: time.Duration(sent) * Unit}}}),
	})
}
