package linear

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/checker"
)

// appends is a register of text. If all texts that are written and appended differ, each read shows
// the order of the appends. So an append is a compare-and-set from one text to the next, and
// package zones decides.
//
// An append that no read shows comes at the end of a chain. The last chain is tried first, then the
// chains that end latest before the append; if none of these fits, porcupine must decide.
type appends struct {
	k      *object
	items  []string // texts, by number
	maker  []int32  // by item: the operation that writes or appends it
	number map[string]int32
	sizes  []int      // lengths of items
	before []int32    // by item: the item before it in a read; wholly none, or unread
	shown  []int32    // by item: a read that shows it
	reads  [][2]int32 // operations, each with the last item that it shows
}

// mostLate is the maximum number of appends shown by no read that are placed: to place one, the
// whole history is read.
const mostLate = 200

// unread is the predecessor of an item that no read shows.
const unread = -2

func decideAppends(k *object) finding {
	a := &appends{k: k, number: map[string]int32{}}
	if f, done := a.collect(); done {
		return f
	}
	if f, done := a.read(); done {
		return f
	}
	r, late := a.register()
	f := decideChains(r)
	if f.result != checker.Valid {
		f.counterexample = a.proven(f.counterexample)
		return f
	}
	for n, i := range late {
		if n == mostLate || k.ctx.Err() != nil {
			return inapplicable("%d appends are shown by no read", len(late))
		}
		if !a.place(r, i) {
			return inapplicable("appends that no read shows lie between others")
		}
	}
	return f
}

// collect finds the texts.
func (a *appends) collect() (finding, bool) {
	k := a.k
	if name := k.value(k.initial); k.initial != 0 && name != `""` {
		return inapplicable("texts are appended to a register that begins with %s", name), true
	}
	for i := range k.ops {
		o := &k.ops[i]
		switch o.code {
		case cas, mismatch:
			return inapplicable("texts are appended and compared"), true
		case write, extend:
			text, err := strconv.Unquote(k.h.values.list[o.a].text)
			if err != nil || text == "" {
				return inapplicable("%s is written and texts are appended", k.value(o.a)), true
			}
			if _, twice := a.number[text]; twice {
				return inapplicable("the text %s was written more than once", k.value(o.a)), true
			}
			a.number[text] = int32(len(a.items))
			a.items = append(a.items, text)
			a.maker = append(a.maker, int32(i))
			a.before = append(a.before, unread)
			a.shown = append(a.shown, none)
			if !slices.Contains(a.sizes, len(text)) {
				a.sizes = append(a.sizes, len(text))
			}
		}
	}
	sorted := slices.Clone(a.items)
	slices.Sort(sorted)
	for i := 1; i < len(sorted); i++ {
		if strings.HasPrefix(sorted[i], sorted[i-1]) {
			return inapplicable("one of the texts begins with another"), true
		}
	}
	return finding{}, false
}

// read takes the reads apart.
func (a *appends) read() (finding, bool) {
	k := a.k
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		if o.code != read {
			continue
		}
		whole, last := "", int32(none)
		if o.a != k.initial {
			var err error
			if whole, err = strconv.Unquote(k.h.values.list[o.a].text); err != nil || whole == "" {
				return violation(byZones, []int32{i}, "%s is not made of texts that were written", k.span(i)), true
			}
		}
		for rest := whole; rest != ""; {
			item := a.next(rest)
			if item == none {
				return violation(byZones, []int32{i}, "%s shows %q, which no process had written", k.span(i), rest[:min(40, len(rest))]), true
			}
			if k.ops[a.maker[item]].code == write && last != none {
				return violation(byZones, []int32{i, a.maker[item]}, "%s shows %q after other text, though it was written alone", k.span(i), a.items[item]), true
			}
			switch a.before[item] {
			case unread:
				a.before[item], a.shown[item] = last, i
			case last:
			default:
				return violation(byZones, []int32{a.shown[item], i, a.maker[item]}, "%s and %s show different texts before %q, which was written once",
					k.span(a.shown[item]), k.span(i), a.items[item]), true
			}
			last, rest = item, rest[len(a.items[item]):]
		}
		a.reads = append(a.reads, [2]int32{i, last})
	}
	return finding{}, false
}

// next returns the item that a text begins with, none if it begins with none.
func (a *appends) next(text string) int32 {
	for _, n := range a.sizes {
		if n <= len(text) {
			if item, ok := a.number[text[:n]]; ok {
				return item
			}
		}
	}
	return none
}

// register turns the object into a register whose states are the last items of texts.
// late are the appends that no read shows.
func (a *appends) register() (r *object, late []int32) {
	k := a.k
	copied := *k
	r = &copied
	r.ops, r.called = slices.Clone(k.ops), k.ops
	base := int32(len(k.h.values.list))
	state := func(item int32) int32 {
		if item == none {
			return k.initial
		}
		return base + item
	}
	for item, i := range a.maker {
		o := &r.ops[i]
		r.extra = append(r.extra, "the text that ends in "+strconv.Quote(a.items[item]))
		switch {
		case o.code == write:
			o.a = state(int32(item))
		case a.before[item] != unread:
			o.code, o.a, o.b = cas, state(a.before[item]), state(int32(item))
		default:
			if o.code = dropped; !o.unknown() {
				late = append(late, i)
			}
		}
	}
	for _, of := range a.reads {
		r.ops[of[0]].a = state(of[1])
	}
	slices.SortFunc(late, func(x, y int32) int { return int(k.ops[x].ret) - int(k.ops[y].ret) })
	return r, late
}

// proven adds the reads that show what each append was added to.
func (a *appends) proven(counterexample []int32) []int32 {
	for _, i := range slices.Clone(counterexample) {
		if a.k.ops[i].code == extend {
			counterexample = append(counterexample, a.shown[a.number[a.text(i)]])
		}
	}
	slices.Sort(counterexample)
	return slices.Compact(counterexample)
}

// mostPlaces is the number of chains after which an append that no read shows is tried.
const mostPlaces = 6

// place puts an append after a chain: as a compare-and-set from the last text of the chain to a new
// text.
func (a *appends) place(r *object, i int32) bool {
	type end struct{ state, began int32 }
	var ends []end
	last, inner := map[int32]int32{}, map[int32]bool{} // by state: its last operation; states that another one follows
	last[r.initial] = -1
	for at := range r.ops {
		o := &r.ops[at]
		if o.code == dropped {
			continue
		}
		made, makes := effect(o)
		if !makes {
			made = o.a
		}
		if o.code == cas {
			inner[o.a] = true
		}
		if began, ok := last[made]; !ok || o.inv > began {
			last[made] = o.inv
		}
	}
	for s, began := range last {
		if !inner[s] && began < r.ops[i].ret {
			ends = append(ends, end{s, began})
		}
	}
	slices.SortFunc(ends, func(x, y end) int { return int(y.began) - int(x.began) })
	item := a.number[a.text(i)]
	for _, e := range ends[:min(mostPlaces, len(ends))] {
		o := &r.ops[i]
		o.code, o.a, o.b = cas, e.state, int32(len(r.h.values.list))+item
		if decideChains(r).result == checker.Valid {
			return true
		}
		o.code = dropped
	}
	return false
}

// text returns what an operation appends.
func (a *appends) text(i int32) string {
	text, _ := strconv.Unquote(a.k.h.values.list[a.k.ops[i].a].text)
	return text
}
