package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// takenAway is a run in which client 0 gets something in session 1, by an ephemeral znode that is
// deleted later: by a session, and seen 40 ms after the start.
func takenAway(model string, by history.ID, outcome history.Type) *checktest.Record {
	r := checktest.Ours(model, history.Params{Clients: 3, Servers: 3, Root: "/run"}).Phases(0, 1000, 1100)
	r.Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(25, 0, 3, 21).Saw(40, 1, 4, 35)
	r.Opens(1).Opens(2).Txn(history.Txn{Type: "create", Session: 1, Owner: 1, Path: "/run/k/n"})
	r.Txn(history.Txn{Type: "delete", Session: by, Path: "/run/k/n"}).Touches(1)
	return r.Op(checktest.Args{Client: 0, F: beginning(model), Key: "k", Inv: 10, Ret: 20, Outcome: outcome, Session: 1})
}

// beginning and ending are the calls of a model by which clients get something, and give it up.
func beginning(model string) string {
	ops := models[model].Object.Operations
	return ops[slices.IndexFunc(ops, func(o objects.Operation) bool { return o.Begins })].F
}

func ending(model string) string {
	ops := models[model].Object.Operations
	return ops[slices.IndexFunc(ops, func(o objects.Operation) bool { return o.Ends })].F
}

// What clients hold by an ephemeral znode nobody else deletes, whatever the object is.
func TestOwnZnodes(t *testing.T) {
	found := 0
	for name, m := range models {
		if !slices.Contains(m.Properties, frame.OwnZnodes) {
			continue
		}
		found++
		end := func(inv, ret int) checktest.Args {
			return checktest.Args{Client: 0, F: ending(name), Key: "k", Inv: inv, Ret: ret, Outcome: history.Info, Session: 1}
		}
		for _, c := range []struct {
			name   string
			want   Result
			record *checktest.Record
		}{
			{"another client deletes it", Violation, takenAway(name, 2, history.OK)},
			{"another client deletes it, and its own gives it up later", Violation, takenAway(name, 2, history.OK).Op(end(50, 60))},
			{"another client deletes it, and its own had given up what it had before", Violation, takenAway(name, 2, history.OK).Op(checktest.Args{Client: 0, F: beginning(name), Key: "k", Inv: 3, Ret: 4, Outcome: history.OK, Session: 1}).Op(end(5, 9)).Saw(9, 0, 2, 8)},
			{"its own client deletes it", Valid, takenAway(name, 1, history.OK)},
			{"its own client deletes it, in its next session", Valid, takenAway(name, 9, history.OK).Session(30, history.FConnected, 0, 9)},
			{"a fault deletes it", Valid, takenAway(name, 7, history.OK)},
			{"another client deletes it, and its own was giving it up", Valid, takenAway(name, 2, history.OK).Op(end(30, 60))},
			{"another client deletes it, and its own was told that it has nothing", Valid, takenAway(name, 2, history.Fail)},
			{"another client deletes it, and its own had been told that its session is over", Valid, takenAway(name, 2, history.OK).Session(30, history.FExpired, 0, 1)},
			{"the log has a hole", Valid, func() *checktest.Record {
				r := takenAway(name, 2, history.OK)
				r.Txns = slices.Delete(r.Txns, 3, 4)
				return r.Txn(history.Txn{Type: "delete", Session: 2, Path: "/run/k/n"}).Saw(45, 1, 6, 44)
			}()},
		} {
			f := decideOne(t, c.record.Build(), "own-znodes", c.record.Txns)
			got := f.Result
			if got == "" {
				got = Valid
			}
			if got != c.want || got == Violation && (len(f.Counterexample) == 0 || !strings.Contains(f.Reason, "client 1 deleted k/n by 0.040 s, which client 0 had created in session 0x1")) {
				t.Errorf("%s: %s: %+v", name, c.name, f)
			}
		}
	}
	if found < 9 {
		t.Errorf("%d models have it", found)
	}
}
