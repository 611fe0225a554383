package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// takenAway returns a run in which client 0 gets something in session 1, by an ephemeral znode
// that the given session deletes later, as is seen 40 ms after the start.
func takenAway(model string, by history.ID, outcome history.Type) *checktest.Record {
	r := checktest.Ours(model, history.Params{Clients: 3, Servers: 3, Root: "/run"}).Phases(0, 1000, 1100)
	r.Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(25, 0, 3, 21).Saw(40, 1, 4, 35)
	r.Opens(1).Opens(2).Txn(history.Txn{Type: "create", Session: 1, Owner: 1, Path: "/run/k/n"})
	r.Txn(history.Txn{Type: "delete", Session: by, Path: "/run/k/n"}).Touches(1)
	return r.Op(checktest.Args{Client: 0, F: beginning(model), Key: "k", Inv: 10, Ret: 20, Outcome: outcome, Session: 1})
}

// beginning and ending return the calls of a model by which clients get something, and give it
// up.
func beginning(model string) string {
	ops := models[model].Object.Operations
	return ops[slices.IndexFunc(ops, func(o objects.Operation) bool { return o.Begins })].F
}

func ending(model string) string {
	ops := models[model].Object.Operations
	return ops[slices.IndexFunc(ops, func(o objects.Operation) bool { return o.Ends })].F
}

// ownZnodeScenarios are scenarios of [takenAway].
func ownZnodeScenarios(model string) []scenario {
	end := func(inv, ret int) checktest.Args {
		return checktest.Args{Client: 0, F: ending(model), Key: "k", Inv: inv, Ret: ret, Outcome: history.Info, Session: 1}
	}
	const (
		name   = "own-znodes"
		reason = "client 1 deleted k/n by 0.040 s, which client 0 had created in session 0x1"
	)
	return []scenario{
		{"another client deletes it", name, Violation, reason, takenAway(model, 2, history.OK)},
		{"another client deletes it, and its own gives it up later", name, Violation, reason, takenAway(model, 2, history.OK).Op(end(50, 60))},
		{"another client deletes it, and its own had given up what it had before", name, Violation, reason, takenAway(model, 2, history.OK).Op(checktest.Args{Client: 0, F: beginning(model), Key: "k", Inv: 3, Ret: 4, Outcome: history.OK, Session: 1}).Op(end(5, 9)).Saw(9, 0, 2, 8)},
		{"its own client deletes it", name, Valid, "", takenAway(model, 1, history.OK)},
		{"its own client deletes it, in its next session", name, Valid, "", takenAway(model, 9, history.OK).Session(30, history.FConnected, 0, 9)},
		{"a fault deletes it", name, Valid, "", takenAway(model, 7, history.OK)},
		{"another client deletes it, and its own was giving it up", name, Valid, "", takenAway(model, 2, history.OK).Op(end(30, 60))},
		{"another client deletes it, and its own was told that it has nothing", name, Valid, "", takenAway(model, 2, history.Fail)},
		{"another client deletes it, and its own had been told that its session is over", name, Valid, "", takenAway(model, 2, history.OK).Session(30, history.FExpired, 0, 1)},
		{"the log has a hole", name, Valid, "", func() *checktest.Record {
			r := takenAway(model, 2, history.OK)
			r.Txns = slices.Delete(r.Txns, 3, 4)
			return r.Txn(history.Txn{Type: "delete", Session: 2, Path: "/run/k/n"}).Saw(45, 1, 6, 44)
		}()},
	}
}

// orValid returns the result of a finding.
func orValid(f frame.Finding) Result {
	if f.Result == "" {
		return Valid
	}
	return f.Result
}

// No other client deletes what a client holds by an ephemeral znode, whatever the
// object is.
func TestOwnZnodes(t *testing.T) {
	found := 0
	for name, m := range models {
		if !slices.Contains(m.Properties, frame.OwnZnodes) {
			continue
		}
		found++
		for _, c := range ownZnodeScenarios(name) {
			f := decideOne(t, c.record.Build(), c.property, c.record.Txns)
			if got := orValid(f); got != c.want || got == Violation && (len(f.Counterexample) == 0 || !strings.Contains(f.Reason, c.says)) {
				t.Errorf("%s: %s: %+v", name, c.name, f)
			}
		}
	}
	if found < 9 {
		t.Errorf("%d models have it", found)
	}
}

// A violation of own-znodes shows the transactions of the deleted znode, and the end of the
// znode that was meant. It shows no others at its path, and none of a client whose reply only
// shows the delete.
func TestOwnZnodesAreExplained(t *testing.T) {
	r := checktest.Ours(objects.Semaphore.Name, history.Params{Clients: 3, Servers: 3, Leases: 3, Root: "/run"}).Phases(0, 1000, 1100)
	ephemeral := func(s history.ID, path string) { r.Txn(history.Txn{Type: "create", Session: s, Owner: s, Path: path}) }
	deleted := func(s history.ID, path string) { r.Txn(history.Txn{Type: "delete", Session: s, Path: path}) }
	shown := func(t, client int) { r.Saw(t, client, r.Zxid-checktest.Epoch, t-1) }
	r.Txn(history.Txn{Type: "create", Path: "/run"}).Txn(history.Txn{Type: "create", Path: "/run/k"}).Opens(1).Opens(2).Opens(3)
	for client := range 3 {
		shown(1, client)
	}
	ephemeral(2, "/run/k/slot-0")
	shown(8, 1)
	r.Hold(checktest.Grant{Client: 1, Inv: 5, Ret: 10, Release: 20})
	ephemeral(3, "/run/k/slot-1")
	shown(15, 2)
	r.Hold(checktest.Grant{Client: 2, Inv: 12, Ret: 16, Release: 60})
	deleted(2, "/run/k/slot-0")
	shown(24, 1)
	ephemeral(1, "/run/k/slot-0")
	shown(35, 0)
	r.Hold(checktest.Grant{Client: 0, Inv: 30, Ret: 36, Release: 90})
	deleted(2, "/run/k/slot-0") // once more, too late
	r.Touches(3)
	shown(50, 2)
	var committed []string
	for _, v := range Run(t.Context(), r.Build(), Options{Transactions: r.Txns}).Verdicts {
		for _, c := range v.Committed {
			if v.Property == "own-znodes" {
				committed = append(committed, c.Text)
			}
		}
	}
	want := []string{
		"Client 1, in session 0x2, created k/slot-0, by its acquire of 0.005 s, between 0.007 s and 0.008 s: zxid 0x100000006.",
		"Client 1, in session 0x2, deleted k/slot-0, between 0.023 s and 0.024 s: zxid 0x100000008.", // the delete that was meant for the earlier znode
		"Client 0, in session 0x1, created k/slot-0, by its acquire of 0.030 s, between 0.034 s and 0.035 s: zxid 0x100000009.",
		"Client 1, in session 0x2, deleted k/slot-0, which client 0 had created, between 0.034 s and 0.050 s: zxid 0x10000000a. Its last acquire, of 0.005 s, succeeded at 0.010 s.",
	}
	if d := cmp.Diff(want, committed); d != "" {
		t.Error(d)
	}
}
