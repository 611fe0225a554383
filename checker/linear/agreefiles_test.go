package linear

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
)

// want returns the truth about a history in a file, by all orders.
func (f *filed) want() checker.Result {
	want := checker.Valid
	for _, fk := range f.keys {
		switch got := fk.want(); {
		case got == checker.Violation:
			return got
		case got == checker.Unknown:
			want = got
		}
	}
	if f.oks == 0 || want == checker.Valid && f.nothingCanFail() {
		return checker.Unknown
	}
	return want
}

// nothingCanFail reports whether no file can have a violation, since no key has two
// ids.
func (f *filed) nothingCanFail() bool {
	return !slices.ContainsFunc(f.keys, func(fk *filedKey) bool {
		return fk.k.h.Model.kind.name != "unique-ids" || len(fk.k.ops) > 1
	})
}

func (fk *filedKey) want() checker.Result {
	k := fk.k
	switch k.h.Model.kind.name {
	case "set":
		return fk.wantSet()
	case "total-queue":
		return fk.wantTotal()
	case "counter-bounds":
		return fk.wantBounds()
	case "set-full", "set-full-linearizable":
		return fk.wantSetFull(k.h.Model.kind.name == "set-full-linearizable")
	case "unique-ids":
		return fk.wantUnique()
	case "final-set":
		if k.lastRead() == none {
			return checker.Unknown
		}
	}
	if fk.possible(fk.required()) {
		return checker.Valid
	}
	return checker.Violation
}

// wantSet returns the answer of Jepsen's checker/set.
func (fk *filedKey) wantSet() checker.Result {
	last := fk.k.lastRead()
	if last == none {
		return checker.Unknown
	}
	tried, sure, read := map[int32]bool{}, map[int32]bool{}, map[int32]bool{}
	for _, o := range fk.k.ops {
		if o.code == add {
			tried[o.a] = true
			sure[o.a] = sure[o.a] || !o.unknown()
		}
	}
	for _, v := range fk.k.shown(last) {
		if read[v] = true; !tried[v] {
			return checker.Violation
		}
	}
	for v := range sure {
		if sure[v] && !read[v] {
			return checker.Violation
		}
	}
	return checker.Valid
}

// wantTotal returns the answer of Jepsen's checker/total-queue, but that it has no answer where
// a drain crashed.
func (fk *filedKey) wantTotal() checker.Result {
	tried, balance := map[int32]bool{}, map[int32]int{}
	for _, o := range fk.k.ops {
		if o.code == enqueue {
			tried[o.a] = true
			if !o.unknown() {
				balance[o.a]++
			}
		}
	}
	for _, o := range fk.k.ops {
		if o.code == dequeue && !o.unknown() && o.a != 0 {
			if balance[o.a]--; !tried[o.a] {
				return checker.Violation
			}
		}
	}
	for _, n := range balance {
		switch {
		case n > 0 && len(fk.leaks) > 0:
			return checker.Unknown
		case n > 0:
			return checker.Violation
		}
	}
	return checker.Valid
}

// wantBounds asks of each read by itself whether its sum is possible.
func (fk *filedKey) wantBounds() checker.Result {
	for i, o := range fk.k.ops {
		if o.code == read && !o.unknown() {
			if least, most := fk.reach(i); int64(o.a) < least || int64(o.a) > most {
				return checker.Violation
			}
		}
	}
	return checker.Valid
}

// wantSetFull returns the answer of jepsen.checker/set-full about each element, here by asking of each read for
// all others; nothing is unknown to it but whether an element stayed.
func (fk *filedKey) wantSetFull(linearizable bool) checker.Result {
	ops := fk.k.ops
	shows := func(r int, v int32) bool { return slices.Contains(fk.k.shown(int32(r)), v) }
	reads, tried := []int{}, map[int32][]int{}
	for i, o := range ops {
		switch o.code {
		case add:
			tried[o.a] = append(tried[o.a], i)
		case readAll:
			reads = append(reads, i)
		}
	}
	for _, r := range reads {
		list := slices.Clone(fk.k.shown(int32(r)))
		for _, v := range list {
			if !slices.ContainsFunc(tried[v], func(a int) bool { return fk.before[a]>>r&1 == 0 }) {
				return checker.Violation
			}
		}
		slices.Sort(list)
		if len(slices.Compact(list)) < len(fk.k.shown(int32(r))) {
			return checker.Violation
		}
	}
	stayed := false
	for v, adds := range tried {
		stays := false
		for _, r := range reads {
			stays = stays || shows(r, v)
		}
		for _, r := range reads {
			if shows(r, v) {
				continue
			}
			known, again := false, false
			for _, a := range adds {
				known = known || fk.before[r]>>a&1 == 1
			}
			for _, p := range reads {
				if shows(p, v) {
					known = known || fk.before[r]>>p&1 == 1
					again = again || fk.begins[p] >= fk.begins[r]
				}
			}
			if known && (linearizable || !again) {
				return checker.Violation
			}
			stays = stays && again
		}
		stayed = stayed || stays
	}
	if !stayed {
		return checker.Unknown
	}
	return checker.Valid
}

func (fk *filedKey) wantUnique() checker.Result {
	for i, o := range fk.k.ops {
		for _, p := range fk.k.ops[:i] {
			if o.a == p.a {
				return checker.Violation
			}
		}
	}
	return checker.Valid
}

// allGames returns the games of all models.
func allGames() map[string]game {
	all := games()
	for model, like := range map[string]string{
		"total-queue": "bag, repeated", "counter-bounds": "counter by different", "set-full": "linear-set", "set-full-linearizable": "linear-set",
	} {
		gm := all[like]
		gm.model = model
		all[model] = gm
	}
	all["unique-ids"] = game{
		model:  "unique-ids",
		invoke: func(*rand.Rand, *round) op { return op{code: generate} },
		apply: func(g *round, o *op) bool {
			o.a = g.unused()
			return true
		},
		guess: func(r *rand.Rand, g *round, o *op) {
			if o.a = g.some(r); o.a == 0 || r.IntN(2) == 0 {
				o.a = g.unused()
			}
		},
	}
	return all
}

// hasOrders reports whether the model is an object whose operations have an order.
func (gm game) hasOrders() bool {
	m, err := ParseModel(gm.model)
	return err == nil && m.kind.machine != nil
}

// TestAgreeOnFiles compares the verdicts on files with trying all orders: with several
// keys, times that are equal or at the ends of their type, drains, and numbers above 63
// bits.
func TestAgreeOnFiles(t *testing.T) {
	for name, gm := range allGames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := map[checker.Result]int{}
			joints := 0
			for i := range rounds() / 6 {
				f := gm.file(seeded(8, name, i))
				want := f.want()
				count[want]++
				if f.joints {
					joints++
				}
				f.agree(t, gm, want)
			}
			t.Logf("%v, with a process that goes on at one time %d", count, joints)
			if least := rounds() / 100; count[checker.Valid] < least || count[checker.Violation] < least {
				t.Errorf("%v: the generator is one-sided", count)
			}
		})
	}
}

func (f *filed) agree(t *testing.T, gm game, want checker.Result) {
	t.Helper()
	h, err := tryLoad(gm.model, []byte(f.text))
	if err != nil {
		t.Fatalf("%v\n%s", err, f.text)
	}
	got := Check(context.Background(), h, Options{})
	if got.Verdict != want && (got.Verdict != checker.Unknown || gm.hasOrders() || gm.model == "counter-bounds" || !f.joints) {
		t.Fatalf("%s, want %s: %+v\n%s", got.Verdict, want, got.Verdicts, f.text)
	}
	if gm.drains() && gm.hasOrders() { // porcupine also keeps their order
		if r := Check(context.Background(), h, Options{PorcupineOnly: true}).Verdict; r != want {
			t.Fatalf("porcupine: %s, want %s\n%s", r, want, f.text)
		}
	}
	for _, v := range got.Verdicts {
		if v.Result == checker.Violation && gm.hasOrders() {
			f.checkEvents(t, v)
		}
	}
}

// checkEvents requires that the operations of a counterexample have no order, even if each
// of the others may or may not have happened.
func (f *filed) checkEvents(t *testing.T, v Verdict) {
	t.Helper()
	for _, fk := range f.keys {
		if v.Key != fk.name {
			continue
		}
		required := 0
		for _, e := range v.Events {
			if e.Type == "invoke" {
				required |= fk.at[e.Line]
			}
		}
		if required == 0 || fk.possible(required) {
			t.Fatalf("the counterexample of %s is not enough: %+v\n%s", v.Key, v, f.text)
		}
	}
}
