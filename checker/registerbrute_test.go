package checker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/registers"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// This file decides small registers by trying every order of everything, with every
// choice of which of the changes without an outcome happened: using only what a znode
// is. It reads the record by itself, so that it has no mistake in common with the
// check.

// tried is an operation that brute force can put next. A read that need not be fresh
// shows what existed at any moment before it returned.
type tried struct {
	inv, ret       time.Duration
	writes, maybe  bool
	from, to       string // for a read, to is the value that it shows
	compares, told bool   // told: the version counts, even if it is 0
	version        int32
	zxid           history.ID
}

func bruteOps(h *history.History) []tried {
	var ops []tried
	quiesce := evidence.Never
	for i := range h.Events {
		e := &h.Events[i]
		switch e.F {
		case history.FPhase:
			var p history.Phase
			if _ = e.Decode(&p); p.Name == history.PhaseQuiesce {
				quiesce = e.Time
			}
		case history.FFinal:
			var v objects.Final
			_ = e.Decode(&v)
			ops = append(ops, tried{inv: min(quiesce, e.Time), ret: e.Time, to: v.Register.Value, version: v.Register.Version, zxid: v.Register.Mzxid, told: v.Register.Mzxid != 0})
		}
	}
	for _, op := range h.Operations() {
		t := tried{inv: op.Began(), ret: evidence.Never, writes: true, maybe: op.Outcome() == history.Info}
		if op.Outcome() == history.Fail || op.F == objects.FRead && t.maybe {
			continue
		}
		var made objects.Stored
		if !t.maybe {
			t.ret, t.zxid = op.Return.Time, op.Return.Zxid
			_ = op.Return.Decode(&made)
		}
		t.version, t.told = made.Version, made.Version != 0
		switch op.F {
		case objects.FWrite:
			var v objects.Writing
			_ = op.Invoke.Decode(&v)
			t.to = v.Value
		case objects.FCAS:
			var v objects.Swap
			_ = op.Invoke.Decode(&v)
			t.from, t.to, t.compares = v.From, v.To, true
		case objects.FRead:
			var how objects.HowRead
			var v objects.Reading
			_, _ = op.Invoke.Decode(&how), op.Return.Decode(&v)
			if how.Kind != objects.ReadFenced {
				t.inv = evidence.Always
			}
			t.writes, t.to, t.version, t.zxid = false, v.Value, v.Version, v.Mzxid
			t.told = v.Version != 0
		}
		ops = append(ops, t)
	}
	return ops
}

// znodeState is the state of the znode, and the set of operations that are done. The zxid
// is exact, or the lowest that is possible.
type znodeState struct {
	done    uint32
	value   string
	version int32
	zxid    history.ID
	exact   bool
}

// bruteLegal reports whether some order explains a register's history.
func bruteLegal(ops []tried) bool {
	seen := map[znodeState]bool{}
	var all uint32
	for i, o := range ops {
		if !o.maybe {
			all |= 1 << i
		}
	}
	var try func(znodeState) bool
	try = func(s znodeState) bool {
		if s.done&all == all {
			return true
		}
		if seen[s] {
			return false
		}
		seen[s] = true
		until := evidence.Never
		for i, o := range ops {
			if s.done&(1<<i) == 0 {
				until = min(until, o.ret)
			}
		}
		for i, o := range ops {
			if s.done&(1<<i) == 0 && o.inv <= until {
				if next, ok := o.on(s); ok {
					next.done |= 1 << i
					if try(next) {
						return true
					}
				}
			}
		}
		return false
	}
	return try(znodeState{})
}

// on returns the znode after the operation; false if the operation is not possible on
// it.
func (o tried) on(s znodeState) (znodeState, bool) {
	if !o.writes {
		if s.value != o.to || o.told && o.version != s.version {
			return s, false
		}
		if o.zxid != 0 {
			if s.exact && s.zxid != o.zxid || s.zxid > o.zxid {
				return s, false
			}
			s.zxid, s.exact = o.zxid, true
		}
		return s, true
	}
	if o.compares && s.value != o.from {
		return s, false
	}
	s.value = o.to
	s.version++
	s.zxid++
	s.exact = o.zxid != 0
	if o.told && s.version != o.version || s.exact && o.zxid < s.zxid {
		return s, false
	}
	if s.exact {
		s.zxid = o.zxid
	}
	return s, true
}

// madeOp is an operation on the znode of a generated history.
type madeOp struct {
	checktest.Args
	kind     string
	from, to string
	version  int
	zxid     int
	drop     bool
}

// generateVersions makes a history of one znode: writes and compare-and-sets of which
// some are never answered, including chains of them through values that no client sees,
// and reads that show the znode's state.
func generateVersions(rng *rand.Rand, how checktest.Kind) *history.History {
	clients := 2 + rng.IntN(3)
	w := checktest.NewWorld(rng, checktest.Ours(objects.Register.Name, history.Params{Clients: clients}), clients)
	type shown struct {
		value string
		zxid  int
	}
	znode := []shown{{"", 1 + rng.IntN(3)}}
	var ops []madeOp
	var guess []string // values that some operation was to write
	t, zxid, n := 1, znode[0].zxid, 0
	final := madeOp{drop: true}
	saw := make([]int, clients) // a session does not go back
	quiet := rng.IntN(4)        // how many of the reads are left out
	losses := 2 + rng.IntN(4)
	for len(ops) < 2 || rng.IntN(7) > 0 && len(ops) < 11 {
		c := rng.IntN(clients)
		t = max(t, w.Free[c]) + w.UpTo(1)
		o := madeOp{Args: checktest.Args{Client: c, Key: "k", Session: history.ID(c + 1), Inv: max(w.Free[c], t-w.UpTo(4)), Ret: t + w.UpTo(4), Outcome: history.OK}}
		now := znode[len(znode)-1]
		if rng.IntN(3) == 0 {
			if rng.IntN(4) < quiet {
				continue
			}
			o.F, o.kind = objects.FRead, []string{plain, synced, fenced}[rng.IntN(3)]
			o.version = len(znode) - 1
			if o.kind != fenced {
				o.version = max(saw[c], o.version-w.UpTo(2))
			}
			saw[c] = o.version
			o.to, o.zxid = znode[o.version].value, znode[o.version].zxid
		} else {
			n++
			o.F, o.to = objects.FWrite, fmt.Sprintf("v%d", n)
			happens := true
			if rng.IntN(losses) == 0 {
				o.Outcome, happens = history.Info, rng.IntN(3) > 0
				if happens {
					o.Ret = o.Inv + w.UpTo(4)
				}
			}
			if rng.IntN(2) == 0 {
				o.F, o.from = objects.FCAS, now.value
				if o.Outcome == history.Info && rng.IntN(3) == 0 { // the operation may only have been believed to happen
					o.from = append(guess, "never")[rng.IntN(len(guess)+1)]
					happens = happens && o.from == now.value
				}
			}
			guess = append(guess, o.to)
			if happens {
				zxid += 1 + w.UpTo(1)
				znode = append(znode, shown{o.to, zxid})
				if o.Outcome == history.OK {
					o.version, o.zxid = len(znode)-1, zxid
					saw[c] = o.version
				}
			}
		}
		w.Free[c] = max(o.Ret, o.Inv) + 1
		ops = append(ops, o)
		if final.drop && rng.IntN(12) == 0 { // calls are still under way, and begin
			final = finalLook(rng, t, len(znode)-1, znode[len(znode)-1].value, znode[len(znode)-1].zxid)
		}
	}
	if last := len(znode) - 1; final.drop && rng.IntN(2) == 0 {
		final = finalLook(rng, t+w.UpTo(5), last, znode[last].value, znode[last].zxid)
	}
	if how != checktest.Constructed {
		for range 1 + rng.IntN(2) {
			mutateVersions(rng, ops, &final, len(znode))
		}
	}
	untold := rng.IntN(8) // whether versions or zxids are missing
	for _, o := range ops {
		if o.drop {
			continue
		}
		if untold == 0 && rng.IntN(3) == 0 {
			o.version = 0
		}
		if untold == 1 && rng.IntN(3) == 0 && o.F == objects.FRead {
			o.zxid, o.version = 0, 0
		}
		z, v := history.ID(o.zxid), int32(o.version)
		switch o.F {
		case objects.FRead:
			o.In, o.Out = objects.HowRead{Kind: o.kind}, objects.Reading{Value: o.to, Version: v, Mzxid: z}
		case objects.FWrite:
			o.In = objects.Writing{Value: o.to}
		case objects.FCAS:
			o.In = objects.Swap{From: o.from, To: o.to}
		}
		if o.F != objects.FRead && o.Outcome == history.OK {
			o.Args.Zxid, o.Out = z, objects.Stored{Version: v}
		}
		w.Op(o.Args)
	}
	if !final.drop {
		w.Phases(0, final.Inv, final.Inv)
		w.KeyFact(final.Ret, history.FFinal, "k", objects.Final{Register: &objects.Reading{Value: final.to, Version: int32(final.version), Mzxid: history.ID(final.zxid)}})
	}
	return w.Build()
}

// finalLook returns a look that found the znode in a state at t.
func finalLook(rng *rand.Rand, t, version int, value string, zxid int) madeOp {
	return madeOp{Args: checktest.Args{Inv: max(0, t-rng.IntN(4)), Ret: t + rng.IntN(4)}, to: value, version: version, zxid: zxid}
}

// mutateVersions makes one change.
func mutateVersions(rng *rand.Rand, ops []madeOp, final *madeOp, versions int) {
	o, p := &ops[rng.IntN(len(ops))], &ops[rng.IntN(len(ops))]
	told := func(o *madeOp) bool { return o.version != 0 }
	switch rng.IntN(12) {
	case 0:
		o.version = rng.IntN(versions + 1)
	case 1:
		if o.zxid != 0 {
			o.zxid = 1 + rng.IntN(2*versions)
		}
	case 2, 3: // from there on, versions are higher by one
		for i := range ops {
			if told(&ops[i]) && ops[i].version >= max(1, o.version) {
				ops[i].version++
				ops[i].zxid += 2
			}
		}
		final.version++
		final.zxid += 2
	case 4: // or lower by one
		for i := range ops {
			if told(&ops[i]) && ops[i].version > o.version {
				ops[i].version--
			}
		}
		final.version--
	case 5, 6:
		if o.Outcome == history.Info {
			o.drop = true
		} else {
			o.Ret = o.Inv
		}
	case 7:
		o.Inv, o.Ret = max(o.Inv, p.Inv), max(o.Inv, o.Ret, p.Inv)
	case 8:
		if o.F == objects.FCAS {
			o.from = []string{"", "never", p.to}[rng.IntN(3)]
		}
	case 9:
		if o.F != objects.FRead && p.F == objects.FRead {
			p.to, p.version, p.zxid = o.to, o.version, o.zxid
		}
	case 10:
		final.version = rng.IntN(versions + 1)
	default:
		if o.F != objects.FRead && o.Outcome == history.OK {
			o.Outcome, o.version, o.zxid = history.Info, 0, 0
		}
	}
}

// What zxids and versions show about a register agrees exactly with brute force.
func TestVersionsAgreeWithBruteForce(t *testing.T) {
	t.Parallel()
	var got tally
	wrong := map[string]int{}
	for i := range checktest.Rounds(t, 2000) {
		rng := rand.New(rand.NewPCG(17, uint64(i)))
		h := stretched(generateVersions(rng, checktest.Kind(i%3)), rng)
		ops := bruteOps(h)
		legal := bruteLegal(ops)
		if checktest.Kind(i%3) == checktest.Constructed && !legal {
			t.Fatalf("history %d is valid by construction, yet brute force finds it illegal\n%s", i, checktest.Dump(h))
		}
		a := evidence.Read(t.Context(), h, models[objects.Register.Name].Object, nil)
		for _, k := range a.Keys {
			f := named("zxid-order").Decide(t.Context(), k)
			for _, p := range registers.Register.Properties {
				// Brute force ignores what a session saw before, and for how long a sync
				// may lag.
				if p.Name == "sync-reads" {
					continue
				}
				if f := p.Decide(t.Context(), k); f.Result == Violation && legal && (p.Name != "plain-reads" || checktest.Kind(i%3) == checktest.Constructed) {
					wrong["legal, yet "+p.Name+" "+f.Reason[:min(20, len(f.Reason))]]++
					t.Errorf("history %d is legal, yet %s: %s\n%s", i, p.Name, f.Reason, checktest.Dump(h))
				}
			}
			switch {
			case f.Result == Violation:
				got.invalid++
			case f.Result == Unknown:
				got.unknown++
			case legal:
				got.valid++
			default:
				got.missed++
				if got.missed < 4 {
					t.Errorf("history %d is illegal, and nothing was found\n%s", i, checktest.Dump(h))
				}
			}
		}
		if len(wrong) > 3 {
			break
		}
	}
	t.Logf("%+v", got)
	if all := got.valid + got.invalid; got.unknown > all/4 || min(got.valid, got.invalid) < all/5 {
		t.Errorf("too little was decided: %+v", got)
	}
}

// Scenarios and brute force agree about zxids.
func TestScenariosAgreeWithBruteForce(t *testing.T) {
	for _, s := range registerScenarios() {
		if s.property != "zxid-order" || s.want == Unknown {
			continue
		}
		if legal := bruteLegal(bruteOps(s.record.Build())); legal != (s.want == Valid) {
			t.Errorf("%s: brute force says %v", s.name, legal)
		}
	}
}

// Chains that would have to be packed like bins, and are too many to try, give the
// verdict unknown.
func TestTooManyChainsAreUnknown(t *testing.T) {
	r := checktest.Register()
	value, v := 0, 0
	name := func() string { value++; return fmt.Sprint("u", value) }
	for range 30 { // 30 chains of three
		from := name()
		r.Set(0, 1, 2, from, 0)
		for range 2 {
			to := name()
			r.Cas(0, 1, 2, from, to, 0)
			from = to
		}
	}
	for i := range 22 { // 22 gaps of four: 88 of 90, and yet it does not fit
		v += 5
		r.Set(1, 10+10*i, 15+10*i, name(), v)
	}
	h := r.Build()
	a := evidence.Read(t.Context(), h, models[objects.Register.Name].Object, nil)
	if f := named("zxid-order").Decide(t.Context(), a.Keys[0]); f.Result != Unknown || f.Reason == "" {
		t.Errorf("%q: %s", f.Result, f.Reason)
	}
}

// rezxid gives a write another zxid.
func rezxid(r *checktest.Record, was, now history.ID) *checktest.Record {
	for i := range r.Events {
		if r.Events[i].Zxid == was {
			r.Events[i].Zxid = now
		}
	}
	return r
}

// named returns a property of registers.
func named(name string) *frame.Property {
	all := registers.Register.Properties
	return all[slices.IndexFunc(all, func(p *frame.Property) bool { return p.Name == name })]
}
