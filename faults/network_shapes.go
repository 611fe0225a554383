package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// oneWay is the link from one server to another.
type oneWay struct{ from, to int }

// network tells which servers still hear each other.
type network struct {
	voters, servers []int
	cut             []oneWay
}

func (n *network) cutOneWay(from, to []int) {
	for _, f := range from {
		for _, t := range to {
			if l := (oneWay{f, t}); f != t && !slices.Contains(n.cut, l) {
				n.cut = append(n.cut, l)
			}
		}
	}
}

func (n *network) cutBoth(a, b []int) {
	n.cutOneWay(a, b)
	n.cutOneWay(b, a)
}

// halves cuts a minority off from the others.
func (n *network) halves(rng *rand.Rand) (minority []int) {
	minority = shuffled(n.voters, rng)[:max(1, (len(n.voters)-1)/2)]
	n.cutBoth(minority, without(n.servers, minority...))
	return minority
}

// ring puts the voters on a ring. Each hears enough neighbours to see a majority, and no
// two see the same one (Jepsen's majorities-ring). Of three voters each would hear all:
// their ring is a bridge.
func (n *network) ring(leader int, rng *rand.Rand) {
	v := shuffled(n.voters, rng)
	if len(v) == 3 {
		n.bridge(leader, rng)
		return
	}
	reach := (len(v)/2 + 1) / 2 // neighbours on each side
	for i := range v {
		for d := reach + 1; d < len(v)-reach; d++ {
			n.cutBoth(v[i:i+1], []int{v[(i+d)%len(v)]})
		}
	}
}

// bridge cuts two halves off from each other; one voter between them hears all. It is not
// the leader, because then no server would notice.
func (n *network) bridge(leader int, rng *rand.Rand) {
	v := shuffled(n.voters, rng)
	if v[0] == leader {
		v[0], v[1] = v[1], v[0]
	}
	sides := v[1:]
	n.cutBoth(sides[:len(sides)/2], sides[len(sides)/2:])
}

// linked reports whether two servers hear each other.
func (n *network) linked(a, b int) bool {
	return a == b || !slices.Contains(n.cut, oneWay{a, b}) && !slices.Contains(n.cut, oneWay{b, a})
}

// leads reports whether a server could lead a majority.
func (n *network) leads(id int) bool {
	followers := 0
	for _, v := range n.voters {
		if n.linked(id, v) {
			followers++
		}
	}
	return slices.Contains(n.voters, id) && followers > len(n.voters)/2
}

// stranded returns the servers through which nothing can be written from now on. If the
// leader keeps a majority, these are the servers that do not hear it. Otherwise they are
// the leader and the servers that hear no possible leader.
func (n *network) stranded(leader int) []int {
	var ids []int
	for _, s := range n.servers {
		hears := func(v int) bool { return n.leads(v) && n.linked(s, v) }
		if n.leads(leader) && !n.linked(s, leader) || !n.leads(leader) && (s == leader || !slices.ContainsFunc(n.voters, hears)) {
			ids = append(ids, s)
		}
	}
	return ids
}

// String lists the cut links: 1-2 means both directions, 1>2 the one from 1 to 2.
func (n *network) String() string {
	var words []string
	for _, l := range n.cut {
		switch {
		case !slices.Contains(n.cut, oneWay{l.to, l.from}):
			words = append(words, fmt.Sprintf("%d>%d", l.from, l.to))
		case l.from < l.to:
			words = append(words, fmt.Sprintf("%d-%d", l.from, l.to))
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func shuffled(ids []int, rng *rand.Rand) []int {
	ids = slices.Clone(ids)
	rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

func without(ids []int, but ...int) []int {
	return slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return slices.Contains(but, id) })
}
