package checker

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// A call that should have ended a stay, and had no effect, has not deleted the znode of
// that stay.
func TestRefusedEndsDidNothing(t *testing.T) {
	for _, of := range []struct {
		model, begins, ends   string
		began, ended, granted any
	}{
		{"lock", objects.FAcquire, objects.FRelease, nil, objects.Held{Held: true}, objects.Grant{}},
		{"election", objects.FAcquire, objects.FRelease, nil, objects.Held{Held: true}, objects.Grant{}},
		{"membership", objects.FJoin, objects.FLeave, objects.Joining{Member: "m"}, objects.Joining{Member: "m"}, nil},
		{"discovery", objects.FRegister, objects.FUnregister, objects.Joining{Member: "m"}, objects.Joining{Member: "m"}, nil},
		{"job-queue", objects.FTake, objects.FGiveBack, nil, objects.Attempt{Item: "a", Attempt: 1, Held: true}, objects.Attempt{Item: "a", Attempt: 1}},
		{"double-barrier", objects.FEnter, objects.FLeave, nil, nil, nil},
	} {
		// begun makes client 0 create a znode when its stay begins, and end the stay from 50 to 60;
		// goes adds how the znode goes.
		begun := func(ended any, goes func(r *checktest.Record)) *checktest.Record {
			r := checktest.Ours(of.model, history.Params{Clients: 3, Parties: 1, Root: "/run"})
			r.Txn(history.Txn{Type: "create", Path: "/run"}).Txn(history.Txn{Type: "create", Path: "/run/k"}).Opens(1).Opens(2)
			r.Saw(5, 0, r.Zxid-checktest.Epoch, 4).Saw(6, 1, r.Zxid-checktest.Epoch, 5)
			r.Txn(history.Txn{Type: "create", Session: 1, Owner: 1, Path: "/run/k/mine"}).Saw(15, 0, r.Zxid-checktest.Epoch, 11)
			call := func(f string, inv, ret int, outcome history.Type, in, out any) {
				r.Op(checktest.Args{Client: 0, F: f, Key: "k", Inv: inv, Ret: ret, Outcome: outcome, In: in, Out: out, Session: 1})
			}
			call(of.begins, 10, 20, history.OK, of.began, of.granted)
			r.Touches(1).Saw(40, 0, r.Zxid-checktest.Epoch, 39)
			call(of.ends, 50, 60, history.Fail, ended, nil)
			goes(r)
			r.Touches(2).Saw(90, 1, r.Zxid-checktest.Epoch, 85)
			r.Touches(1).Saw(96, 0, r.Zxid-checktest.Epoch, 95)
			return r.Closes(2).Add(98, history.Event{ // the log is compared with this in any case
				Process: history.SessionProcess, Client: 1, Type: history.Info, F: history.FDead, Session: 2, Zxid: r.Zxid,
			})
		}
		after := func(goes func(r *checktest.Record)) *checktest.Record { return begun(of.ended, goes) }
		seen := func(r *checktest.Record, at int) *checktest.Record { return r.Saw(at, 0, r.Zxid-checktest.Epoch, at-2) }
		deletes := func(r *checktest.Record, by history.ID) *checktest.Record {
			return r.Txn(history.Txn{Type: "delete", Session: by, Cxid: 7, Path: "/run/k/mine"})
		}
		// unanswered breaks the connection before the delete was answered.
		unanswered := func(sent time.Duration) func(r *checktest.Record) {
			return func(r *checktest.Record) {
				deletes(r, 1).Session(58, history.FDisconnected, 0, 1).Add(58, history.Event{
					Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FUnanswered, Session: 1,
					Value: history.Value(history.Unanswered{Requests: []history.UnansweredRequest{{Xid: 7, Op: "delete", Sent: sent * checktest.Unit}}}),
				})
				seen(r, 80)
			}
		}
		const says = "had no effect and never would, but the transaction log has its delete of k/mine at 0x100000007"
		scenarios := []scenario{
			{"it deleted its znode", "log", Violation, says, after(func(r *checktest.Record) { seen(deletes(r, 1), 55) })},
			{"it deleted its znode and got no answer", "log", Violation, says, after(unanswered(55))},
			{"it deleted its znode before and got no answer", "log", Valid, "", after(unanswered(45))},
			{"it did not", "log", Valid, "", after(func(*checktest.Record) {})},
			{"perhaps it was deleted later", "log", Valid, "", after(func(r *checktest.Record) { seen(deletes(r, 1), 80) })},
			{"it was deleted before", "log", Valid, "", after(func(r *checktest.Record) { seen(deletes(r, 1), 45) })},
			{"another client deleted it", "log", Valid, "", after(func(r *checktest.Record) { seen(deletes(r, 2), 55) })},
			{"it went with its session", "log", Valid, "", after(func(r *checktest.Record) { seen(r.Closes(1), 55) })},
			{"the client had been disconnected", "log", Valid, "", after(func(r *checktest.Record) {
				seen(deletes(r.Session(30, history.FDisconnected, 0, 1).Session(31, history.FConnected, 0, 1), 1), 55)
			})},
			{"an earlier call may still go on", "log", Valid, "", after(func(r *checktest.Record) {
				r.Op(checktest.Args{Client: 0, F: of.ends, Key: "k", Inv: 41, Ret: 43, Outcome: history.Info, In: of.ended, Session: 1})
				seen(deletes(r, 1), 55)
			})},
			{"it made another one", "log", Valid, "", after(func(r *checktest.Record) {
				seen(deletes(r, 1).Txn(history.Txn{Type: "create", Session: 1, Owner: 1, Path: "/run/k/mine"}), 55)
			})},
		}
		if _, holds := of.ended.(objects.Held); holds {
			deleted := func(r *checktest.Record) { seen(deletes(r, 1), 55) }
			scenarios = append(scenarios,
				scenario{"it no longer held", "log", Valid, "", begun(objects.Held{}, deleted)},
				scenario{"its loss was told", "log", Valid, "", after(deleted).Lost(45, 0, 0, 1)},
				scenario{"it said that it did not hold", "log", Valid, "", after(deleted).Confirm(0, 42, false, 0, 1)})
		}
		t.Run(of.model, func(t *testing.T) { decideAll(t, scenarios) })
	}
}
