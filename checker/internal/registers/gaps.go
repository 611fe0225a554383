package registers

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
)

// This file decides which of the changes whose version is not known can have made the versions that
// no client saw. A gap is a range of such versions between two known versions. All of them must
// have been made before the end of any operation that shows a version after the gap. The first such
// end is the gap's deadline; deadlines do not fall from gap to gap. No gap ends before a
// compare-and-set, since that shows the version that it found.
//
// A write can stand anywhere in a gap. A compare-and-set can stand only directly after the value
// that it compares with: after the known version before the gap, or after another change in the
// gap. So a gap is filled by chains, each a write with compare-and-sets that follow from it, and by
// one chain that follows from the version before the gap. Any initial part of a chain can be used,
// so only the longest part that can have begun by the deadline counts.

// gap is a range of versions that no client saw.
type gap struct {
	before, behind *state
	length         int64 // what is still missing, not counting the chain from the version before
	until          time.Duration
}

// chainOf describes the changes that follow from one change: for each length, when the longest
// chain of that length can have begun, by the last of its invocations, at the earliest. Index 0 is
// length 1.
type chainOf []time.Duration

// within returns how many changes of the chain can have begun by t.
func (c chainOf) within(t time.Duration) int {
	n, _ := slices.BinarySearchFunc(c, t, func(begun, t time.Duration) int {
		if begun <= t {
			return -1
		}
		return 1
	})
	return n
}

// unversioned holds the changes whose version is not known.
type unversioned struct {
	roots []*change
	from  map[int32][]*change // compare-and-sets, by what they compare with
}

func (z *versions) unversioned() unversioned {
	l := unversioned{from: map[int32][]*change{}}
	for _, c := range z.r.changes {
		switch {
		case z.of[c.to].known:
		case c.from == noValue:
			l.roots = append(l.roots, c)
		default:
			l.from[c.from] = append(l.from[c.from], c)
		}
	}
	return l
}

// chain returns the longest chain that begins with any of some changes.
func (l unversioned) chain(first []*change) chainOf {
	type link struct {
		c     *change
		depth int
		begun time.Duration
	}
	var longest chainOf
	var todo []link
	push := func(of []*change, depth int, begun time.Duration) {
		for _, c := range of {
			todo = append(todo, link{c, depth, max(begun, c.inv())})
		}
	}
	push(first, 0, evidence.Always)
	for len(todo) > 0 {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if x.depth == len(longest) {
			longest = append(longest, evidence.Never)
		}
		longest[x.depth] = min(longest[x.depth], x.begun)
		push(l.from[x.c.to], x.depth+1, x.begun)
	}
	return longest
}

// gaps returns the gaps in order, with the number of changes that each needs apart from those that
// follow from the version before it.
func (z *versions) gaps(l unversioned) []gap {
	var of []gap
	until := endings(z.placed)
	for i := 1; i < len(z.placed); i++ {
		g := gap{before: z.placed[i-1], behind: z.placed[i], until: until[i].at}
		g.length = int64(g.behind.version) - int64(g.before.version) - 1
		if g.length == 0 {
			continue
		}
		g.length -= min(g.length, int64(l.chain(l.from[g.before.value]).within(g.until)))
		of = append(of, g)
	}
	return of
}

// fill checks that every gap can be filled if each change is used at most once.
//
// If all chains are single writes, as they nearly always are, the gaps are filled in order, each
// from the changes that had begun by its deadline: a change that fits a gap fits all later gaps, so
// it does not matter which one is used. A longer chain is used in one gap only. Distributing such
// chains among gaps is bin packing, for which no fast procedure is known. Then it is a violation if
// the gaps could not be filled even if chains could be cut. Otherwise a bounded search may find a
// way, or prove that there is none; if it does neither, the result is unknown.
func (z *versions) fill() {
	l := z.unversioned()
	gaps := z.gaps(l)
	if len(gaps) == 0 {
		return
	}
	p := packing{gaps: gaps, tries: packingTries}
	for _, c := range l.roots {
		if chain := l.chain([]*change{c}); chain.within(gaps[len(gaps)-1].until) > 1 {
			p.chains = append(p.chains, chain)
		} else {
			p.single = append(p.single, chain[0])
		}
	}
	slices.Sort(p.single)
	slices.SortFunc(p.chains, func(x, y chainOf) int { return cmp.Compare(len(y), len(x)) })
	if g, begun := p.short(); g != nil {
		z.missing(g, begun)
		return
	}
	filled := int64(0)
	for _, g := range gaps {
		filled += g.length
	}
	switch {
	case len(p.chains) == 0:
	case len(p.chains) <= packingChains && p.fits(0, 0, 0):
	case len(p.chains) > packingChains || p.tries <= 0:
		z.f.Unknown("too many compare-and-sets without a known outcome follow from one another to tell whether they, and writes without one, can have made the versions that are missing")
	default:
		z.missing(&gaps[p.deepest], -1)
	}
	z.f.Count("filled_gaps", float64(filled))
}

func (z *versions) missing(g *gap, begun int) {
	why := "changes without a known outcome cannot have made all versions that are missing up to there"
	if begun >= 0 {
		why = "of so many writes without a known outcome only " + words.Number(begun) + " had begun"
	}
	z.f.Violated(append(g.behind.shows(), g.before.made()...), "%s: %s made version %d, behind version %d; no operation can have written the versions between them: %s",
		z.key, z.tell(g.behind), g.behind.version, g.before.version, why)
}

// Limits of the search for a way to fill gaps with chains.
const (
	packingChains = 64
	packingTries  = 100_000
)

// packing is the problem of dividing chains among gaps.
type packing struct {
	gaps    []gap
	single  []time.Duration // invocations of changes from which nothing follows, sorted
	chains  []chainOf       // the others, the longest first
	tries   int
	deepest int // the furthest gap that the search reached
	failed  map[packed]bool
}

// packed is a state of the search between two gaps.
type packed struct {
	gap    int
	chains uint64 // those that are used
	single int64  // how many are used
}

// short returns the first gap that could not be filled even if chains could be cut, and how many
// changes are available for it and the gaps before it; nil if there is none.
func (p *packing) short() (*gap, int) {
	begun := slices.Clone(p.single)
	for _, c := range p.chains {
		begun = append(begun, c...)
	}
	slices.Sort(begun)
	have := chainOf(begun)
	wanted := int64(0)
	for i := range p.gaps {
		g := &p.gaps[i]
		if n := have.within(g.until); wanted+g.length > int64(n) {
			return g, n
		}
		wanted += g.length
	}
	return nil, 0
}

// fits reports whether the remaining gaps, from one on, can be filled with the remaining changes.
func (p *packing) fits(gap int, chains uint64, single int64) bool {
	p.deepest = max(p.deepest, min(gap, len(p.gaps)-1))
	if gap == len(p.gaps) {
		return true
	}
	s := packed{gap, chains, single}
	if p.failed[s] {
		return false
	}
	if p.covers(s, p.gaps[gap].length, 0) {
		return true
	}
	if p.failed == nil {
		p.failed = map[packed]bool{}
	}
	p.failed[s] = p.tries > 0
	return false
}

// covers fills the rest of a gap: with the chains from one on, and then with single
// changes.
func (p *packing) covers(s packed, left int64, from int) bool {
	if p.tries--; p.tries <= 0 {
		return false
	}
	left = max(left, 0)
	until := p.gaps[s.gap].until
	if int64(chainOf(p.single).within(until))-s.single >= left && p.fits(s.gap+1, s.chains, s.single+left) {
		return true
	}
	for i := from; i < len(p.chains) && left > 0; i++ {
		if n := p.chains[i].within(until); n > 0 && s.chains&(1<<i) == 0 {
			next := s
			next.chains |= 1 << i
			if p.covers(next, left-int64(n), i+1) {
				return true
			}
		}
	}
	return false
}
