package mesh

import (
	"cmp"
	"slices"
	"time"
)

// Link is the state of a link.
type Link struct {
	From, To int
	Cut      bool
	Delay    time.Duration
	Jitter   time.Duration
	Share    float64 // of packets that are lost
	// Held is how many messages are under way: behind a cut, or slow.
	Held int
}

// Links returns the state of all links between servers that were named at some time, by From and To.
func (m *Mesh[M]) Links() []Link {
	var all []Link
	for _, p := range *m.pairs.Load() {
		all = append(all, p.state()...)
	}
	slices.SortFunc(all, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return all
}

// Held returns how many messages are under way on all links.
func (m *Mesh[M]) Held() int {
	sum := 0
	for _, l := range m.Links() {
		sum += l.Held
	}
	return sum
}

func (p *pair[M]) state() []Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	var both []Link
	for i := range p.links {
		l := &p.links[i]
		both = append(both, Link{l.from.id, l.to.id, l.cut, l.base, l.jitter, l.share, l.held()})
	}
	return both
}
