package tree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
)

func TestJavaHash(t *testing.T) {
	for s, want := range map[string]int32{
		"": 0, "hello": 99162322, "config": -1354792126, "é": 233, "日本": 835047, "😀": 1772899, "lock-0000000001": -864326685,
	} {
		if got := javahash.Code(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

// The orders are those that OpenJDK prints for new HashSet<>(8) and new HashSet<>() with these
// elements.
func TestOrdersOfAJavaSet(t *testing.T) {
	var locks, paths []string
	for i := range 14 {
		locks = append(locks, fmt.Sprintf("lock-%010d", i))
		paths = append(paths, fmt.Sprintf("/e/lock-%010d", i))
	}
	const mixed = "n236日 n44 n968日 n534é n708日 n662é n307é n924é n718 n400é n123é n891é n818é n234日 n673é n395 n276é n245é日 n844 n565é n674é n829日 n820 n347 n637 n396é n31"
	for name, c := range map[string]struct {
		got  []string
		want string
	}{
		"boot":     {childrenOf("quota", "config"), "config quota"},
		"children": {childrenOf(locks...), "lock-0000000009 lock-0000000008 lock-0000000007 lock-0000000006 lock-0000000001 lock-0000000012 lock-0000000000 lock-0000000011 lock-0000000010 lock-0000000005 lock-0000000004 lock-0000000003 lock-0000000002 lock-0000000013"},
		"mixed":    {childrenOf(strings.Fields(mixed)...), "n123é n662é n718 n276é n674é n565é n400é n234日 n31 n968日 n395 n924é n708日 n829日 n637 n396é n673é n534é n44 n891é n245é日 n818é n844 n820 n347 n236日 n307é"},
		"sorted":   {hashOrdered(paths), "/e/lock-0000000007 /e/lock-0000000008 /e/lock-0000000009 /e/lock-0000000010 /e/lock-0000000000 /e/lock-0000000011 /e/lock-0000000001 /e/lock-0000000012 /e/lock-0000000002 /e/lock-0000000013 /e/lock-0000000003 /e/lock-0000000004 /e/lock-0000000005 /e/lock-0000000006"},
	} {
		if diff := cmp.Diff(strings.Fields(c.want), c.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func childrenOf(names ...string) []string {
	var c children
	parent := &node{path: "/p", parent: &node{path: "/"}}
	for _, name := range names {
		c.add(&node{path: "/p/" + name, parent: parent, hash: javahash.String(name)})
	}
	return namesOf(&c)
}

func namesOf(c *children) []string {
	var names []string
	c.each(func(x *node) { names = append(names, x.name()) })
	return names
}

func hashOrdered(paths []string) []string {
	javahash.Order(paths, 0)
	return paths
}

// javaSet is a HashSet modelled on the source of java.util.HashMap: buckets of chains, which are split
// in order when the table doubles.
type javaSet struct {
	table [][]string
	size  int
}

func newJavaSet(buckets int) *javaSet { return &javaSet{table: make([][]string, buckets)} }

func (s *javaSet) add(name string) {
	b := &s.table[javahash.String(name)&uint32(len(s.table)-1)]
	if slices.Contains(*b, name) {
		return
	}
	*b = append(*b, name)
	if s.size++; float64(s.size) <= 0.75*float64(len(s.table)) {
		return
	}
	bigger := make([][]string, 2*len(s.table))
	for _, chain := range s.table {
		for _, name := range chain {
			i := javahash.String(name) & uint32(len(bigger)-1)
			bigger[i] = append(bigger[i], name)
		}
	}
	s.table = bigger
}

func (s *javaSet) remove(name string) {
	b := &s.table[javahash.String(name)&uint32(len(s.table)-1)]
	if i := slices.Index(*b, name); i >= 0 {
		*b = slices.Delete(*b, i, i+1)
		s.size--
	}
}

func (s *javaSet) names() []string { return slices.Concat(s.table...) }

// copy is HashMap.clone: a new table for 4/3 of the number of elements, into which the elements are
// then added.
func (s *javaSet) copy() *javaSet {
	buckets := 16
	if s.size > 0 {
		for buckets = 1; float64(buckets) < float64(s.size)/0.75; {
			buckets *= 2
		}
	}
	c := newJavaSet(buckets)
	for _, name := range s.names() {
		c.add(name)
	}
	return c
}

func TestChildrenAreInTheOrderOfAJavaSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c children
		parent := &node{path: "/"}
		nodes := map[string]*node{}
		want := newJavaSet(smallestChildren)
		name := rapid.StringMatching(`[a-e]{1,3}`)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			s := name.Draw(t, "name")
			if x := nodes[s]; x != nil {
				c.remove(x)
				delete(nodes, s)
				want.remove(s)
			} else {
				nodes[s] = &node{path: "/" + s, parent: parent, hash: javahash.String(s)}
				c.add(nodes[s])
				want.add(s)
			}
			if diff := cmp.Diff(want.names(), namesOf(&c)); diff != "" || c.n != want.size {
				t.Fatalf("%d children: %s", c.n, diff)
			}
		}
	})
}

func TestHashOrderIsThatOfACopyThatGrew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`/[a-c]{1,4}`), 0, 60, rapid.ID[string]).Draw(t, "names")
		copied := rapid.IntRange(0, len(names)).Draw(t, "copied")
		// The set has its smallest table; then come its copy, and the elements added to that.
		set := newJavaSet(javahash.Default)
		for _, s := range names[:copied] {
			set.add(s)
		}
		order := set.names()
		java := set.copy()
		for _, s := range names[copied:] {
			java.add(s)
			order = append(order, s)
		}
		javahash.Order(order, copied)
		if diff := cmp.Diff(java.names(), order); diff != "" {
			t.Fatal(diff)
		}
	})
}
