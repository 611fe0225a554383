package checker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// reg begins the record of a register k, as zklab writes it.
func reg() *record {
	return ours(history.ModelRegister, history.Params{Clients: 3}).phases(0, 1000, 1100)
}

// set adds a write of a value, which became version v at zxid 16 × v, or, if v is 0,
// whose outcome is unknown.
func (r *record) set(client, inv, ret int, value string, v int) *record {
	return r.change(client, inv, ret, history.FWrite, history.Writing{Value: value}, v)
}

// cas adds a compare-and-set likewise.
func (r *record) cas(client, inv, ret int, from, to string, v int) *record {
	return r.change(client, inv, ret, history.FCAS, history.Swap{From: from, To: to}, v)
}

func (r *record) change(client, inv, ret int, f string, value any, v int) *record {
	o := opArgs{client: client, f: f, key: "k", inv: inv, ret: ret, outcome: history.OK, in: value, session: history.ID(client + 1)}
	if v == 0 {
		o.outcome, o.code = history.Info, "connection-loss"
	} else {
		o.out, o.zxid = history.Stored{Version: int32(v)}, history.ID(16*v)
	}
	return r.op(o)
}

// tooLate adds a compare-and-set that lost.
func (r *record) tooLate(client, inv, ret int, from, to string) *record {
	return r.op(opArgs{client: client, f: history.FCAS, key: "k", inv: inv, ret: ret, outcome: history.Fail, in: history.Swap{From: from, To: to}, session: history.ID(client + 1), code: history.CodeConflict})
}

// get adds a read of a kind that found version v.
func (r *record) get(client, inv, ret int, kind, value string, v int) *record {
	return r.getIn(history.ID(client+1), client, inv, ret, kind, value, v)
}

func (r *record) getIn(session history.ID, client, inv, ret int, kind, value string, v int) *record {
	return r.op(opArgs{
		client: client, f: history.FRead, key: "k", inv: inv, ret: ret, outcome: history.OK, session: session,
		in: history.HowRead{Kind: kind}, out: reading(value, v),
	})
}

func reading(value string, v int) history.Reading {
	return history.Reading{Value: value, Version: int32(v), Mzxid: history.ID(16*v + 1 - min(v, 1))}
}

// left is what the harness found at the end.
func (r *record) left(value string, v int) *record {
	found := reading(value, v)
	return r.keyFact(1200, history.FFinal, "k", history.Final{Register: &found})
}

// leftVersion is left, with a version that does not fit the zxid.
func leftVersion(r *record, value string, v, version int) *record {
	found := reading(value, v)
	found.Version = int32(version)
	return r.keyFact(1200, history.FFinal, "k", history.Final{Register: &found})
}

// goodRegister lets three clients meet: one writes, two compare and set, and all read.
func goodRegister(r *record, n int) int {
	t, v := 10, 0
	last := ""
	for i := range n {
		w, c := fmt.Sprintf("w%d", i), fmt.Sprintf("c%d", i)
		r.set(0, t, t+4, w, v+1)
		r.get(1, t+1, t+5, history.ReadPlain, last, v)
		r.cas(1, t+7, t+10, w, c, v+2)
		r.tooLate(2, t+7, t+11, w, fmt.Sprintf("l%d", i))
		r.get(2, t+12, t+14, history.ReadFenced, c, v+2)
		r.get(1, t+13, t+15, history.ReadSync, c, v+2)
		last, v, t = c, v+2, t+20
	}
	found := reading(last, v)
	r.keyFact(t+100, history.FFinal, "k", history.Final{Register: &found})
	return t + 90
}

const (
	plain  = history.ReadPlain
	synced = history.ReadSync
	fenced = history.ReadFenced
)

// registerScenarios are planted by hand.
func registerScenarios() []scenario {
	return []scenario{
		{"two compare-and-sets from one value", "linearizable", Violation, "both found \"a\", which was written once and was gone after the first of them", reg().set(0, 1, 2, "a", 1).cas(1, 3, 6, "a", "b", 2).cas(2, 3, 7, "a", "c", 3)},
		{"a stale fenced read", "linearizable", Violation, "the fenced read of \"a\" by client 1 (0.005 s to 0.006 s)", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, fenced, "a", 1)},
		{"a value that nobody wrote", "linearizable", Violation, "shows what nobody had written", reg().set(0, 1, 2, "a", 1).get(1, 5, 6, fenced, "x", 1)},
		{"a value whose write failed", "linearizable", Violation, "which had failed", reg().tooLate(0, 1, 2, "", "a").get(1, 5, 6, fenced, "a", 1)},
		{"a value before its write", "linearizable", Violation, "", reg().get(1, 1, 2, fenced, "a", 1).set(0, 3, 4, "a", 1)},
		{"a write that comes back", "linearizable", Violation, "", reg().set(0, 1, 20, "a", 1).get(1, 2, 3, fenced, "a", 1).set(2, 4, 5, "b", 2).get(1, 6, 7, fenced, "b", 2).get(1, 8, 9, fenced, "a", 1)},
		{"the final read is fenced, too", "linearizable", Violation, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).left("a", 1)},
		{"an unknown write that takes effect late", "linearizable", Valid, "", reg().set(0, 1, 2, "a", 0).set(1, 3, 4, "b", 1).get(2, 5, 6, fenced, "b", 1).get(2, 7, 8, fenced, "a", 2)},
		{"a stale plain read", "linearizable", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, plain, "a", 1)},
		{"a compare-and-set that lost", "linearizable", Valid, "", reg().set(0, 1, 2, "a", 1).cas(1, 3, 6, "a", "b", 2).tooLate(2, 3, 7, "a", "c")},

		{"a version that nobody made", "zxid-order", Violation, "made version 3, behind version 1; nobody can have written what is between them", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 3)},
		{"a version that only a later write can have made", "zxid-order", Violation, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 3).set(1, 5, 6, "c", 0)},
		{"two that can have made three versions", "zxid-order", Violation, "", reg().set(0, 1, 2, "x", 0).set(1, 1, 2, "y", 0).set(0, 3, 4, "b", 4)},
		{"a version that an unknown write made", "zxid-order", Valid, "", reg().set(0, 1, 2, "a", 1).set(1, 1, 2, "c", 0).set(0, 3, 4, "b", 3)},
		{"a value with two zxids", "zxid-order", Violation, "it was written twice", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 1, 6, plain, "a", 3)},
		{"zxids without versions", "zxid-order", Unknown, "not the versions", withoutVersions(reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2), 1<<30)},
		{"zxids without versions, against real time", "zxid-order", Violation, "had ended before", withoutVersions(reg().set(0, 1, 2, "a", 2).set(1, 3, 4, "b", 1), 1<<30)},
		{"a version that only a read tells", "zxid-order", Violation, "nobody can have written", withoutVersions(reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 3), 1<<30).get(1, 5, 6, fenced, "b", 3).get(1, 7, 8, plain, "a", 1)},
		{"one zxid for two", "zxid-order", Violation, "", reg().set(0, 1, 2, "a", 1).set(1, 1, 2, "b", 1)},
		{"the order of zxids against real time", "zxid-order", Violation, "", reg().set(0, 1, 2, "a", 2).set(1, 3, 4, "b", 1)},
		{"a compare-and-set with another value than it compared with", "zxid-order", Violation, "", reg().set(0, 1, 9, "a", 1).set(1, 1, 9, "b", 2).cas(2, 1, 9, "a", "c", 3)},
		{"a compare-and-set behind what made its value", "zxid-order", Valid, "", reg().set(0, 1, 9, "b", 2).set(1, 1, 9, "a", 1).cas(2, 1, 9, "b", "c", 3)},
		{"a read before its write by zxid", "zxid-order", Violation, "", reg().set(0, 1, 2, "a", 1).get(1, 3, 4, fenced, "b", 2).set(2, 5, 6, "b", 2)},
		{"reads of one value in any order", "zxid-order", Valid, "", reg().set(0, 1, 2, "a", 1).get(1, 6, 9, fenced, "a", 1).get(2, 3, 4, fenced, "a", 1)},

		{"a session that goes back", "plain-reads", Violation, "session 0x2 went back", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, plain, "b", 2).get(1, 7, 8, plain, "a", 1)},
		{"a session that does not see its own write", "plain-reads", Violation, "", reg().set(0, 1, 2, "a", 1).get(0, 3, 4, plain, "", 0)},
		{"a session that goes back behind a fenced read", "plain-reads", Violation, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, fenced, "b", 2).get(1, 7, 8, plain, "a", 1)},
		{"a plain read of what nobody wrote", "plain-reads", Violation, "", reg().get(1, 7, 8, plain, "a", 1)},
		{"a plain read of what was not begun", "plain-reads", Violation, "", reg().get(1, 3, 4, plain, "a", 1).set(0, 7, 8, "a", 1)},
		{"without zxids a session that goes back", "plain-reads", Violation, "", withoutZxids(reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, plain, "b", 2).get(1, 7, 8, plain, "a", 1))},
		{"a server that lags", "plain-reads", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, plain, "a", 1).get(1, 7, 8, plain, "b", 2)},
		{"a new session that goes back", "plain-reads", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).getIn(7, 1, 5, 6, plain, "b", 2).getIn(8, 1, 7, 8, plain, "a", 1)},
		{"one thing after the other at one moment", "plain-reads", Valid, "", reg().set(0, 1, 1, "a", 1).get(0, 2, 2, plain, "a", 1).set(0, 2, 2, "b", 2)},
		{"an own write without an outcome", "plain-reads", Valid, "", reg().set(0, 1, 2, "a", 0).get(0, 3, 4, plain, "", 0).get(0, 5, 6, plain, "a", 1)},

		{"an old value behind a sync", "sync-reads", Violation, "while no server was disturbed", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 305, 306, synced, "a", 1)},
		{"an old value behind a sync while a server is paused", "sync-reads", Valid, "", disturbed(reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 305, 306, synced, "a", 1), 100)},
		{"an old value behind a sync long after a fault", "sync-reads", Violation, "", disturbed(reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 20305, 20306, synced, "a", 1), 100)},
		{"a leader that is a moment behind", "sync-reads", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 5, 6, synced, "a", 1)},
		{"a change by the next leader", "sync-reads", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 1<<28).get(1, 305, 306, synced, "a", 1)},
		{"an election that nobody asked for", "sync-reads", Valid, "", epochs(reg(), 1, 2).set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).get(1, 305, 306, synced, "a", 1)},

		{"an acknowledged write that is gone", "durable", Violation, "the write of \"b\" by client 0 (0.003 s to 0.004 s) is lost", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).left("a", 1)},
		{"a write in between that is gone", "durable", Violation, "2 writes were acknowledged, but at the end its version is 1", leftVersion(reg().set(0, 1, 2, "a", 1).set(1, 1, 3, "b", 2), "b", 2, 1)},
		{"a write that happened twice", "durable", Violation, "some happened twice", reg().set(0, 1, 2, "a", 2).left("a", 2)},
		{"the newest write is there", "durable", Valid, "", reg().set(0, 1, 2, "a", 1).set(0, 3, 4, "b", 2).left("b", 2)},
		{"an unknown write is there", "durable", Valid, "", reg().set(0, 1, 2, "a", 0).set(0, 3, 4, "b", 1).left("a", 2)},
		{"nobody looked", "durable", Unknown, "", reg().set(0, 1, 2, "a", 1)},
	}
}

func init() { scenarios = append(scenarios, registerScenarios()...) }

func withoutZxids(r *record) *record {
	for i := range r.events {
		e := &r.events[i]
		e.Zxid = 0
		if e.F == history.FRead && e.Type == history.OK {
			var v history.Reading
			_ = e.Decode(&v)
			e.Value = history.Value(history.Reading{Value: v.Value})
		}
	}
	return r
}

// withoutVersions leaves the zxids. Of every so many operations one keeps its version.
func withoutVersions(r *record, every int) *record {
	n := 0
	for i := range r.events {
		e := &r.events[i]
		if n++; n%every == 0 || e.Type != history.OK {
			continue
		}
		var v struct {
			history.Reading
			Version int `json:"version,omitempty"`
		}
		if _ = e.Decode(&v); e.F == history.FRead {
			e.Value = history.Value(history.Reading{Value: v.Value, Mzxid: v.Mzxid})
		} else {
			e.Value = nil
		}
	}
	return r
}

// Where versions could hardly be compared, writes are not called valid.
func TestFewVersionsAreNotValid(t *testing.T) {
	for name, c := range map[string]struct {
		every int
		want  Result
	}{"all": {1, Valid}, "few": {7, Unknown}, "none": {1 << 30, Unknown}} {
		r := ours(history.ModelRegister, history.Params{Clients: 3}).phases(1, 1100, 1150)
		goodRegister(r, 30)
		for _, v := range Run(t.Context(), withoutVersions(r, c.every).build(), Options{NoReferee: true}).Verdicts {
			if v.Property == "zxid-order" && v.Result != c.want {
				t.Errorf("with versions of %s: %s: %s", name, v.Result, v.Reason)
			}
		}
	}
}

// disturbed adds a fault of a server from t on, for a tenth of a second.
func disturbed(r *record, t int) *record {
	r.fact(t, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Servers: []int{1}})
	return r.fact(t+100, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed, Servers: []int{1}})
}

// epochs says which leader there was before and after.
func epochs(r *record, before, after int64) *record {
	r.fact(0, history.FHealth, history.Health{Healthy: true, When: "before", Epoch: before})
	return r.fact(1100, history.FHealth, history.Health{Healthy: true, When: "after", Epoch: after})
}

func TestRegisterAgreesWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelRegister, 0, true, generateRegister)
}

// What is valid by construction is valid by its zxids, too; and of what is not by
// its values, zxids that are right say so as well.
func TestZxidsAgreeWithValues(t *testing.T) {
	t.Parallel()
	valid, both := 0, 0
	for i := range rounds(t) {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		how := kind(i % 2)
		h := generateRegister(rng, how)
		a := analyse(t.Context(), h, history.ModelRegister, nil)
		for _, k := range a.keys {
			for _, p := range registerProperties {
				f := p.decide(t.Context(), a, k)
				if how == constructed && f.result == Violation {
					t.Fatalf("history %d is valid by construction, yet %s: %s\n%s", i, p.name, f.reason, dump(h))
				}
				if p == linearizable && f.result == Violation {
					valid--
					if zxidOrder.decide(t.Context(), a, k).result == Violation {
						both++
					}
				}
			}
			valid++
		}
	}
	t.Logf("%d valid, %d found by both", valid, both)
	if both < rounds(t)/20 {
		t.Errorf("zxids show a violation of the values only %d times", both)
	}
}

// generateRegister makes a history of one register with compare-and-sets and
// unknown outcomes: each operation happens at one moment.
func generateRegister(rng *rand.Rand, how kind) *history.History {
	clients := 2 + rng.IntN(3)
	w := newWorld(rng, ours(history.ModelRegister, history.Params{Clients: clients}), clients)
	type call struct {
		opArgs
		value, from string
		version     int
	}
	var calls []call
	versions := []string{""} // the values, by version
	t, made := 1, 0
	for range 4 + rng.IntN(8) {
		c := rng.IntN(clients)
		t = max(t, w.free[c]) + w.upTo(2)
		if how == random {
			t = max(w.free[c], 1+w.upTo(10))
		}
		x := call{opArgs: opArgs{client: c, key: "k", session: history.ID(c + 1), inv: max(w.free[c], t-w.upTo(4)), ret: t + w.upTo(4), outcome: history.OK}}
		lost := rng.IntN(5) == 0
		happens := !lost || rng.IntN(2) == 0
		if lost {
			x.outcome = history.Info
			if happens {
				x.ret = x.inv + w.upTo(4)
			}
		}
		now := versions[len(versions)-1]
		if how == random {
			now = versions[rng.IntN(len(versions))]
		}
		switch rng.IntN(3) {
		case 0:
			x.f, x.outcome, x.ret = history.FRead, history.OK, max(x.ret, t)
			x.value, x.version = now, slices.Index(versions, now)
		default:
			made++
			x.f, x.value = history.FWrite, fmt.Sprintf("v%d", made)
			if rng.IntN(2) == 0 {
				x.f, x.from = history.FCAS, now
			}
			if happens {
				versions = append(versions, x.value)
				x.version = len(versions) - 1
			}
		}
		w.free[c] = max(x.ret, x.inv) + 1
		calls = append(calls, x)
	}
	if how == mutated {
		x, y := &calls[rng.IntN(len(calls))], &calls[rng.IntN(len(calls))]
		switch {
		case x.f == history.FRead:
			x.version = rng.IntN(len(versions))
			x.value = versions[x.version]
		case x.f == history.FCAS && rng.IntN(2) == 0:
			x.from = versions[rng.IntN(len(versions))]
		case y.f == history.FRead:
			y.ret = y.inv
		default:
			x.outcome = history.Fail
		}
	}
	for _, x := range calls {
		switch x.f {
		case history.FRead:
			x.in, x.out = history.HowRead{Kind: history.ReadFenced}, reading(x.value, x.version)
		case history.FWrite:
			x.in = history.Writing{Value: x.value}
		case history.FCAS:
			x.in = history.Swap{From: x.from, To: x.value}
		}
		if x.f != history.FRead && x.outcome == history.OK {
			x.zxid, x.out = history.ID(16*x.version), history.Stored{Version: int32(x.version)}
		}
		w.op(x.opArgs)
	}
	return w.build()
}

// TestNothingMakesRegistersPanic checks histories of nonsense, and lets the referee
// have its say.
func TestNothingMakesRegistersPanic(t *testing.T) {
	fs := []string{history.FWrite, history.FCAS, history.FRead, history.FRead, history.FWrite, history.FFinal, history.FPhase, history.FHealth, "pause", history.FAcquire}
	values := []string{
		``, `null`, `[]`, `7`, `{"value":"a"}`, `{"value":"b"}`, `{"value":"c"}`, `{"value":"a","mzxid":"0x2","version":1}`, `{"value":"b","mzxid":"0x1"}`,
		`{"value":"","mzxid":"0x3"}`, `{"from":"a","to":"b"}`, `{"from":"b","to":"b"}`, `{"from":"","to":"a"}`, `{"from":"b","to":"a"}`, `{"kind":"plain"}`,
		`{"kind":"sync"}`, `{"version":2}`, `{"version":2147483647}`, `{"version":-7}`, `{"register":{"value":"a","mzxid":"0x2","version":1}}`,
		`{"fault":1,"step":"inject","servers":[1]}`, `{"name":"quiesce"}`, `{"when":"after","epoch":3}`,
	}
	types := []history.Type{history.Invoke, history.OK, history.OK, history.Fail, history.Info}
	for i := range 3000 {
		rng := rand.New(rand.NewPCG(9, uint64(i)))
		h := &history.History{Header: history.Header{Version: rng.IntN(2), Model: history.ModelRegister}}
		at := 0
		for n := range rng.IntN(40) {
			at += rng.IntN(3)
			h.Events = append(h.Events, history.Event{
				Index: n, Time: time.Duration(at) * ms, Process: history.Process(rng.IntN(6) - 2), Client: rng.IntN(4) - 1, Type: types[rng.IntN(len(types))],
				F: fs[rng.IntN(len(fs))], Key: []string{"k", "l", ""}[rng.IntN(3)], Value: []byte(values[rng.IntN(len(values))]),
				Session: history.ID(rng.IntN(4)), Zxid: history.ID(rng.IntN(4)),
			})
		}
		for _, v := range Run(t.Context(), h, Options{Budget: 10 * time.Second}).Verdicts {
			if strings.Contains(v.Reason, "referee disagrees") {
				t.Fatalf("history %d: %+v\n%s", i, v, dump(h))
			}
		}
	}
}
