package checker

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/registers"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// leftVersion adds a final look with a version that does not fit the zxid.
func leftVersion(r *checktest.Record, value string, v, version int) *checktest.Record {
	found := checktest.Reading(value, v)
	found.Version = int32(version)
	return r.KeyFact(1200, history.FFinal, "k", objects.Final{Register: &found})
}

const (
	plain  = objects.ReadPlain
	synced = objects.ReadSync
	fenced = objects.ReadFenced
)

// registerScenarios returns scenarios written by hand.
func registerScenarios() []scenario {
	return []scenario{
		{"two compare-and-sets from one value", "linearizable", Violation, "both found \"a\", which was written once and was gone after the first of them", checktest.Register().Set(0, 1, 2, "a", 1).Cas(1, 3, 6, "a", "b", 2).Cas(2, 3, 7, "a", "c", 3)},
		{"a stale fenced read", "linearizable", Violation, "the fenced read of \"a\" by client 1 (0.005 s to 0.006 s)", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, fenced, "a", 1)},
		{"a value that nobody wrote", "linearizable", Violation, "shows a value that no client had written", checktest.Register().Set(0, 1, 2, "a", 1).Get(1, 5, 6, fenced, "x", 1)},
		{"a value whose write failed", "linearizable", Violation, "which had failed", checktest.Register().TooLate(0, 1, 2, "", "a").Get(1, 5, 6, fenced, "a", 1)},
		{"a value before its write", "linearizable", Violation, "", checktest.Register().Get(1, 1, 2, fenced, "a", 1).Set(0, 3, 4, "a", 1)},
		{"a write that comes back", "linearizable", Violation, "", checktest.Register().Set(0, 1, 20, "a", 1).Get(1, 2, 3, fenced, "a", 1).Set(2, 4, 5, "b", 2).Get(1, 6, 7, fenced, "b", 2).Get(1, 8, 9, fenced, "a", 1)},
		{"the final read is fenced, too", "linearizable", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Left("a", 1)},
		{"an unknown write that takes effect late", "linearizable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 0).Set(1, 3, 4, "b", 1).Get(2, 5, 6, fenced, "b", 1).Get(2, 7, 8, fenced, "a", 2)},
		{"a stale plain read", "linearizable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, plain, "a", 1)},
		{"a compare-and-set that lost", "linearizable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Cas(1, 3, 6, "a", "b", 2).TooLate(2, 3, 7, "a", "c")},

		{"a version that nobody made", "zxid-order", Violation, "made version 3, behind version 1; no operation can have written the versions between them", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 3)},
		{"a version that only a later write can have made", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 3).Set(1, 5, 6, "c", 0)},
		{"two that can have made three versions", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 2, "x", 0).Set(1, 1, 2, "y", 0).Set(0, 3, 4, "b", 4)},
		{"a version that an unknown write made", "zxid-order", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(1, 1, 2, "c", 0).Set(0, 3, 4, "b", 3)},
		{"a value with two zxids", "zxid-order", Violation, "it was written twice", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 1, 6, plain, "a", 3)},
		{"zxids without versions", "zxid-order", Unknown, "not the versions", withoutVersions(checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2), 1<<30)},
		{"zxids without versions, against real time", "zxid-order", Violation, "had ended before", withoutVersions(checktest.Register().Set(0, 1, 2, "a", 2).Set(1, 3, 4, "b", 1), 1<<30)},
		{"a version that only a read tells", "zxid-order", Violation, "operation can have written", withoutVersions(checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 3), 1<<30).Get(1, 5, 6, fenced, "b", 3).Get(1, 7, 8, plain, "a", 1)},
		{"a compare-and-set behind a version that only another value can have been", "zxid-order", Violation, "so \"q\" would have been version 2, but it was version 1", checktest.Register().Set(0, 1, 2, "q", 1).Set(1, 1, 2, "r", 0).Cas(0, 3, 4, "q", "b", 3)},
		{"a version that only an impossible compare-and-set can have made", "zxid-order", Violation, "operation can have written", checktest.Register().Set(0, 1, 2, "q", 1).Cas(1, 1, 2, "never", "r", 0).Set(0, 3, 4, "b", 3)},
		{"a version that an unknown compare-and-set made", "zxid-order", Valid, "", checktest.Register().Set(0, 1, 2, "q", 1).Cas(1, 1, 2, "q", "r", 0).Set(0, 3, 4, "b", 3)},
		{"a compare-and-set from what an unknown write made", "zxid-order", Valid, "", checktest.Register().Set(0, 1, 2, "q", 1).Set(1, 1, 2, "r", 0).Cas(0, 3, 4, "r", "b", 3)},
		{"shown before what it was made from was written", "zxid-order", Violation, "had ended before", checktest.Register().Get(1, 1, 2, plain, "d", 2).Set(0, 3, 5, "c", 1).Cas(2, 1, 9, "c", "d", 2)},
		{"one version of two values", "zxid-order", Violation, "are both version 1", checktest.Register().Set(2, 1, 2, "x", 1).Set(0, 1, 2, "a", 0).Set(1, 1, 2, "b", 0).Get(2, 3, 4, plain, "a", 1).Get(2, 5, 6, plain, "b", 1)},
		{"two versions of one value", "zxid-order", Violation, "it was written twice", checktest.Register().Set(0, 1, 2, "x", 1).Set(1, 1, 2, "a", 0).Set(2, 1, 2, "b", 0).Get(2, 3, 4, plain, "a", 2).Get(0, 5, 6, plain, "a", 3)},
		{"no room for a zxid between", "zxid-order", Violation, "has a higher one", rezxid(checktest.Register().Set(0, 1, 2, "a", 1).Set(1, 1, 2, "r", 0).Set(0, 3, 4, "b", 3), 0x30, 0x11)},
		{"one zxid for two", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(1, 1, 2, "b", 1)},
		{"the order of zxids against real time", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 2, "a", 2).Set(1, 3, 4, "b", 1)},
		{"a compare-and-set with another value than it compared with", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 9, "a", 1).Set(1, 1, 9, "b", 2).Cas(2, 1, 9, "a", "c", 3)},
		{"a compare-and-set behind what made its value", "zxid-order", Valid, "", checktest.Register().Set(0, 1, 9, "b", 2).Set(1, 1, 9, "a", 1).Cas(2, 1, 9, "b", "c", 3)},
		{"a read before its write by zxid", "zxid-order", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Get(1, 3, 4, fenced, "b", 2).Set(2, 5, 6, "b", 2)},
		{"reads of one value in any order", "zxid-order", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Get(1, 6, 9, fenced, "a", 1).Get(2, 3, 4, fenced, "a", 1)},

		{"a session that goes back", "plain-reads", Violation, "session 0x2 went back", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, plain, "b", 2).Get(1, 7, 8, plain, "a", 1)},
		{"a session that does not see its own write", "plain-reads", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Get(0, 3, 4, plain, "", 0)},
		{"a session that goes back behind a fenced read", "plain-reads", Violation, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, fenced, "b", 2).Get(1, 7, 8, plain, "a", 1)},
		{"a plain read of what nobody wrote", "plain-reads", Violation, "", checktest.Register().Get(1, 7, 8, plain, "a", 1)},
		{"a plain read of what was not begun", "plain-reads", Violation, "", checktest.Register().Get(1, 3, 4, plain, "a", 1).Set(0, 7, 8, "a", 1)},
		{"without zxids a session that goes back", "plain-reads", Violation, "", withoutZxids(checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, plain, "b", 2).Get(1, 7, 8, plain, "a", 1))},
		{"a server that lags", "plain-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, plain, "a", 1).Get(1, 7, 8, plain, "b", 2)},
		{"a new session that goes back", "plain-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).GetIn(7, 1, 5, 6, plain, "b", 2).GetIn(8, 1, 7, 8, plain, "a", 1)},
		{"one thing after the other at one moment", "plain-reads", Valid, "", checktest.Register().Set(0, 1, 1, "a", 1).Get(0, 2, 2, plain, "a", 1).Set(0, 2, 2, "b", 2)},
		{"an own write without an outcome", "plain-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 0).Get(0, 3, 4, plain, "", 0).Get(0, 5, 6, plain, "a", 1)},

		{"an old value behind a sync", "sync-reads", Violation, "while no server was disturbed", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 305, 306, synced, "a", 1)},
		{"an old value in another session than the sync", "sync-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Op(checktest.Args{Client: 1, F: objects.FRead, Key: "k", Inv: 305, Ret: 306, Outcome: history.OK, In: objects.HowRead{Kind: synced}, Out: checktest.Reading("a", 1), Session: 9, Was: 2})},
		{"an old value behind a sync while a server is paused", "sync-reads", Valid, "", disturbed(checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 305, 306, synced, "a", 1), 100)},
		{"an old value behind a sync long after a fault", "sync-reads", Violation, "", disturbed(checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 20305, 20306, synced, "a", 1), 100)},
		{"a leader that is a moment behind", "sync-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Get(1, 5, 6, synced, "a", 1)},
		{"a change by the next leader", "sync-reads", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 1<<28).Get(1, 305, 306, synced, "a", 1)},

		{"an acknowledged write that is gone", "durable", Violation, "the write of \"b\" by client 0 (0.003 s to 0.004 s) is lost", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Left("a", 1)},
		{"a write in between that is gone", "durable", Violation, "2 writes were acknowledged, but at the end its version is 1", leftVersion(checktest.Register().Set(0, 1, 2, "a", 1).Set(1, 1, 3, "b", 2), "b", 2, 1)},
		{"a write that happened twice", "durable", Violation, "some happened twice", checktest.Register().Set(0, 1, 2, "a", 2).Left("a", 2)},
		{"the newest write is there", "durable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(0, 3, 4, "b", 2).Left("b", 2)},
		{"an unknown write is there", "durable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 0).Set(0, 3, 4, "b", 1).Left("a", 2)},
		{"acknowledged after the final look was called", "durable", Valid, "", checktest.Register().Set(0, 1, 2, "a", 1).Set(1, 1190, 1250, "b", 2).Set(2, 1090, 1150, "c", 3).Left("a", 1)},
		{"begun after the final look was over", "durable", Violation, "1 write was begun that may have happened", checktest.Register().Set(0, 1, 2, "a", 2).Set(1, 1250, 1260, "b", 0).Left("a", 2)},
		{"a final look without zxid and version", "durable", Unknown, "does not report", bareFinal(checktest.Register().Set(0, 1, 2, "a", 1).Left("a", 1))},
		{"another value than the first at version 0", "durable", Violation, "the znode begins with", leftVersion(checktest.Register().Set(0, 1, 2, "a", 0), "a", 1, 0)},
		{"nobody looked", "durable", Unknown, "", checktest.Register().Set(0, 1, 2, "a", 1)},
	}
}

func init() { scenarios = append(scenarios, registerScenarios()...) }

// bareFinal removes everything but the value from final looks.
func bareFinal(r *checktest.Record) *checktest.Record {
	for i := range r.Events {
		if e := &r.Events[i]; e.F == history.FFinal {
			var v objects.Final
			_ = e.Decode(&v)
			e.Value = history.Value(objects.Final{Register: &objects.Reading{Value: v.Register.Value}})
		}
	}
	return r
}

func withoutZxids(r *checktest.Record) *checktest.Record {
	for i := range r.Events {
		e := &r.Events[i]
		e.Zxid = 0
		if e.F == objects.FRead && e.Type == history.OK {
			var v objects.Reading
			_ = e.Decode(&v)
			e.Value = history.Value(objects.Reading{Value: v.Value})
		}
	}
	return r
}

// withoutVersions removes versions, but not zxids. One of every so many operations
// keeps its version.
func withoutVersions(r *checktest.Record, every int) *checktest.Record {
	n := 0
	for i := range r.Events {
		e := &r.Events[i]
		if n++; n%every == 0 || e.Type != history.OK {
			continue
		}
		var v struct {
			objects.Reading
			Version int `json:"version,omitempty"`
		}
		if _ = e.Decode(&v); e.F == objects.FRead {
			e.Value = history.Value(objects.Reading{Value: v.Value, Mzxid: v.Mzxid})
		} else {
			e.Value = nil
		}
	}
	return r
}

// If versions could hardly be compared, writes are not called valid.
func TestFewVersionsAreNotValid(t *testing.T) {
	for name, c := range map[string]struct {
		every int
		want  Result
	}{"all": {1, Valid}, "few": {7, Unknown}, "none": {1 << 30, Unknown}} {
		r := checktest.Ours(objects.Register.Name, history.Params{Clients: 3}).Phases(1, 1100, 1150)
		checktest.GoodRegister(r, 30)
		for _, v := range Run(t.Context(), withoutVersions(r, c.every).Build(), Options{NoReference: true}).Verdicts {
			if v.Property == "zxid-order" && v.Result != c.want {
				t.Errorf("with versions of %s: %s: %s", name, v.Result, v.Reason)
			}
		}
	}
}

// disturbed adds a fault of a server from t on, for a tenth of a second.
func disturbed(r *checktest.Record, t int) *checktest.Record {
	r.Fact(t, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Servers: []int{1}})
	return r.Fact(t+100, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed, Servers: []int{1}})
}

// epochs records the leader's epoch before and after.
func epochs(r *checktest.Record, before, after int64) *checktest.Record {
	r.Fact(0, history.FHealth, history.Health{Healthy: true, When: "before", Epoch: before})
	return r.Fact(1100, history.FHealth, history.Health{Healthy: true, When: "after", Epoch: after})
}

func TestRegisterAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Register.Name, 0, true, checktest.GenerateRegister)
}

// Histories that are valid by construction are also valid by their zxids. If a history
// is not valid by its values, correct zxids also show that.
func TestZxidsAgreeWithValues(t *testing.T) {
	t.Parallel()
	valid, both := 0, 0
	n := checktest.Rounds(t, 2000)
	for i := range n {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		how := checktest.Kind(i % 2)
		h := checktest.GenerateRegister(rng, how)
		a := evidence.Read(t.Context(), h, models[objects.Register.Name].Object, nil)
		for _, k := range a.Keys {
			for _, p := range registers.Register.Properties {
				f := p.Decide(t.Context(), k)
				if how == checktest.Constructed && f.Result == Violation {
					t.Fatalf("history %d is valid by construction, yet %s: %s\n%s", i, p.Name, f.Reason, checktest.Dump(h))
				}
				if p.Name == "linearizable" && f.Result == Violation {
					valid--
					if named("zxid-order").Decide(t.Context(), k).Result == Violation {
						both++
					}
				}
			}
			valid++
		}
	}
	t.Logf("%d valid, %d found by both", valid, both)
	if both < n/20 {
		t.Errorf("zxids show a violation of the values only %d times", both)
	}
}

// TestNothingMakesRegistersPanic checks histories of nonsense, also with the reference
// model.
func TestNothingMakesRegistersPanic(t *testing.T) {
	fs := []string{objects.FWrite, objects.FCAS, objects.FRead, objects.FRead, objects.FWrite, history.FFinal, history.FPhase, history.FHealth, "pause", objects.FAcquire}
	values := []string{
		``, `null`, `[]`, `7`, `{"value":"a"}`, `{"value":"b"}`, `{"value":"c"}`, `{"value":"a","mzxid":"0x2","version":1}`, `{"value":"b","mzxid":"0x1"}`,
		`{"value":"","mzxid":"0x3"}`, `{"from":"a","to":"b"}`, `{"from":"b","to":"b"}`, `{"from":"","to":"a"}`, `{"from":"b","to":"a"}`, `{"kind":"plain"}`,
		`{"kind":"sync"}`, `{"version":2}`, `{"version":2147483647}`, `{"version":-7}`, `{"register":{"value":"a","mzxid":"0x2","version":1}}`,
		`{"fault":1,"step":"inject","servers":[1]}`, `{"name":"quiesce"}`, `{"when":"after","epoch":3}`,
	}
	types := []history.Type{history.Invoke, history.OK, history.OK, history.Fail, history.Info}
	for i := range 3000 {
		rng := rand.New(rand.NewPCG(9, uint64(i)))
		h := &history.History{Header: history.Header{Version: rng.IntN(2), Model: objects.Register.Name}}
		at := 0
		for n := range rng.IntN(40) {
			at += rng.IntN(3)
			h.Events = append(h.Events, history.Event{
				Index: n, Time: time.Duration(at) * checktest.Unit, Process: history.Process(rng.IntN(6) - 2), Client: rng.IntN(4) - 1, Type: types[rng.IntN(len(types))],
				F: fs[rng.IntN(len(fs))], Key: []string{"k", "l", ""}[rng.IntN(3)], Value: []byte(values[rng.IntN(len(values))]),
				Session: history.ID(rng.IntN(4)), Zxid: history.ID(rng.IntN(4)),
			})
		}
		for _, v := range Run(t.Context(), h, Options{Budget: 10 * time.Second}).Verdicts {
			if strings.Contains(v.Reason, "reference model disagrees") {
				t.Fatalf("history %d: %+v\n%s", i, v, checktest.Dump(h))
			}
		}
	}
}
