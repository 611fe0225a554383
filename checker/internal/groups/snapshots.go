package groups

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// snapshots requires that each list is the whole group as it was at one moment, not before what its
// session had seen, and that the moments of a session's lists follow each other. The check is
// exact: the log has every version of the group, and each list of a session is assigned to the
// first version that fits.
var snapshots = &frame.Property{
	Name:     "snapshots",
	NoModel:  frame.Given,
	Meaning:  "each list was the whole group at some moment, and the moments of each session are in order",
	Logged:   true,
	Decider:  "versions in the transaction log",
	Evidence: func(*evidence.Record) string { return "Z, L" },
	Applies:  func(a *evidence.Record) bool { return a.Offers.Snapshots && nodesOf(a).Trusted() },
	Wants: func(a *evidence.Record) string {
		if a.Offers.Snapshots {
			return ""
		}
		return a.Object.Subject() + " does not promise it: it has no Snapshots"
	},
	Unseen: func(a *evidence.Record) string {
		if !a.Offers.Snapshots {
			return "" // no client asked for a list
		}
		return "too few joins made a znode with the member as its data, by the transaction log"
	},
	Decide: onGroup(func(ctx context.Context, f *frame.Finding, g *group) {
		vs := versionsOf(g)
		at := map[*evidence.Session]int{} // session → the version that it was last shown
		for _, l := range g.looks {
			if ctx.Err() != nil {
				return
			}
			if l.set != nil && lists(l.op) && g.toldOf(l) != 0 {
				vs.decide(f, g, l, at)
			}
		}
	}),
	Exercise: exercised("placed", "lists that could be compared with the log"),
}

// memberNodes holds the znodes of members in the transaction log: a client creates them in
// the folder that has the key as its name. Their data is the member, or has the member as
// its id.
type memberNodes struct {
	evidence.Layout
	of map[string][]*evidence.Znode // by key and member
}

func nodeKey(key, member string) string { return key + "/" + member }

// nodesOf returns the znodes of a record's members; none without a log.
var nodesOf = evidence.Once(func(a *evidence.Record) *memberNodes {
	x := &memberNodes{}
	if a.Log == nil {
		return x
	}
	x.of = a.Log.Group(func(n *evidence.Znode) (string, bool) {
		s := a.Session(n.Maker)
		return nodeKey(lastName(n.Parent()), memberIn(a, n.Data)), s != nil && s.Client >= 0
	})
	for _, k := range a.Keys {
		for m := range groupOf(k).all() {
			x.recognise(k, m)
		}
	}
	return x
})

// memberIn returns the member that a znode stands for. The data of a service's member may contain
// more than the name.
func memberIn(a *evidence.Record, data []byte) string {
	var v struct {
		ID string `json:"id"`
	}
	if a.Object == models.Discovery && json.Unmarshal(data, &v) == nil && v.ID != "" {
		return v.ID
	}
	return string(data)
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// recognise looks for the join of a member.
func (x *memberNodes) recognise(k *evidence.Key, m *member) {
	if m.join == nil || m.join.Outcome() != history.OK {
		return
	}
	low, high, ok := k.Window(m.join)
	switch {
	case x.madeWithin(k.Name, m.name, low, high):
		x.Found++
	case ok:
		x.Missing++
	}
}

// madeWithin reports whether a znode of a member was made above one zxid and up to another.
func (x *memberNodes) madeWithin(key, member string, low, high uint64) bool {
	return slices.ContainsFunc(x.of[nodeKey(key, member)], func(n *evidence.Znode) bool { return n.Created > low && n.Created <= high })
}

// versions lists the versions of a group, in order of zxid.
type versions struct {
	from []uint64         // the zxid from which each state was in force; the first is 0
	hash []uint64         // of the members
	of   map[uint64][]int // by hash, in order
	seed maphash.Seed
	all  []toggle // in order
}

// toggle is a member that came or went.
type toggle struct {
	zxid   uint64
	member string
	by     int // +1 or -1: the member may have two znodes
}

func versionsOf(g *group) *versions {
	v := &versions{of: map[uint64][]int{}, seed: maphash.MakeSeed()}
	var all []toggle
	for name := range g.members {
		for _, n := range nodesOf(g.Record).of[nodeKey(g.Name, name)] {
			all = append(all, toggle{n.Created, name, 1})
			if n.Deleted != evidence.StillThere {
				all = append(all, toggle{n.Deleted, name, -1})
			}
		}
	}
	slices.SortFunc(all, func(x, y toggle) int { return cmp.Compare(x.zxid, y.zxid) })
	v.all = all
	copies, now := map[string]int{}, uint64(0)
	v.add(0, 0)
	for i, t := range all {
		was := copies[t.member] > 0
		copies[t.member] += t.by
		if was != (copies[t.member] > 0) {
			now ^= maphash.String(v.seed, t.member)
		}
		if i+1 == len(all) || all[i+1].zxid != t.zxid {
			v.add(t.zxid, now)
		}
	}
	return v
}

func (v *versions) add(zxid, hash uint64) {
	v.of[hash] = append(v.of[hash], len(v.from))
	v.from, v.hash = append(v.from, zxid), append(v.hash, hash)
}

// inForce returns the version at a zxid.
func (v *versions) inForce(zxid uint64) int {
	i, found := slices.BinarySearch(v.from, zxid)
	if !found {
		i--
	}
	return i
}

// decide looks for the first version that a list can show.
func (v *versions) decide(f *frame.Finding, g *group, l *look, at map[*evidence.Session]int) {
	low := g.toldOf(l)
	high, event, ok := g.Zxids.Ceil(l.op.Return.Time)
	if !ok {
		high, event = g.Log.Last(), -1
	}
	first := v.inForce(low)
	if !g.Log.Covers(low, high) || !g.FromBeginning(high) { // members that came before may be missing
		return
	}
	f.CountCall(g.Record, "placed", l.op)
	session := g.Only(l.op) // nil if the answer may come from several sessions: their order is not known
	if session != nil {
		first = max(first, at[session])
	}
	want := uint64(0)
	for name := range l.set {
		want ^= maphash.String(v.seed, name)
	}
	fits := v.of[want]
	i, _ := slices.BinarySearch(fits, first)
	if i < len(fits) && v.from[fits[i]] <= high {
		if session != nil {
			at[session] = fits[i]
		}
		return
	}
	if f.Again() {
		return
	}
	counterexample := append(evidence.EventsOf(l.op), event)
	was := v.members(low)
	for _, at := range []map[string]bool{was, v.members(high)} {
		counterexample = append(counterexample, g.differ(l.set, at)...)
	}
	f.ByLog = true
	f.Violated(counterexample, "%s that the %s of %s are %s: in the transaction log that was so at no moment from %s, when they were %s, to %s",
		g.asked(l), g.terms.members, g.Name, models.Listed(l.names()), words.Zxid(low), models.Listed(sortedNames(was)), words.Zxid(high))
}

// members returns the members in the version at a zxid.
func (v *versions) members(zxid uint64) map[string]bool {
	copies, now := map[string]int{}, map[string]bool{}
	for _, t := range v.all {
		if t.zxid > zxid {
			break
		}
		if copies[t.member] += t.by; copies[t.member] > 0 {
			now[t.member] = true
		} else {
			delete(now, t.member)
		}
	}
	return now
}

// differ returns the events of the members that are in only one of two sets.
func (g *group) differ(x, y map[string]bool) (events []int) {
	for m := range g.all() {
		if x[m.name] == y[m.name] {
			continue
		}
		if m.join != nil {
			events = append(events, evidence.EventsOf(m.join)...)
		}
		if len(m.leaves) > 0 {
			events = append(events, evidence.EventsOf(m.leaves[0])...)
		}
	}
	return events
}

// names returns the members that were shown, in order.
func (l *look) names() []string { return sortedNames(l.set) }

func sortedNames(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
