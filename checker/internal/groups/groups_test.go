package groups

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// explained tries all versions for each of the lists of a session, in turn.
func (g *group) explained(list [][]string, from []uint64, looks []*look, high []uint64, first int) bool {
	if len(looks) == 0 {
		return true
	}
	for i := first; i < len(list); i++ {
		ends := uint64(1) << 63
		if i+1 < len(list) {
			ends = from[i+1]
		}
		if ends > g.toldOf(looks[0]) && from[i] <= high[0] && slices.Equal(list[i], looks[0].names()) && g.explained(list, from, looks[1:], high[1:], i) {
			return true
		}
	}
	return false
}

// versionsByHand computes the versions directly from the log.
func versionsByHand(txns []history.Txn) (list [][]string, from []uint64) {
	list, from = [][]string{nil}, []uint64{0}
	now, owner := map[string]bool{}, map[string]history.ID{}
	for _, t := range txns {
		switch t.Type {
		case "create":
			if len(t.Data) == 0 {
				break // a folder
			}
			now[string(t.Data)], owner[string(t.Data)] = true, t.Session
		case "delete":
			delete(now, lastName(t.Path))
		case "closeSession":
			for m, s := range owner {
				if s == t.Session {
					delete(now, m)
				}
			}
		}
		var members []string
		for m := range now {
			members = append(members, m)
		}
		slices.Sort(members)
		list, from = append(list, members), append(from, uint64(t.Zxid))
	}
	return list, from
}

// TestSnapshotsAgreeWithAllVersions compares the sweep with a search.
func TestSnapshotsAgreeWithAllVersions(t *testing.T) {
	var legal, not int
	for i := range checktest.Rounds(t, 5000) {
		rng := rand.New(rand.NewPCG(14, uint64(i)))
		h, txns := checktest.GenerateMembership(rng, checktest.Kind(i%3))
		a := evidence.Read(t.Context(), h, models.Membership, txns)
		if len(a.Keys) == 0 || !snapshots.Applies(a) {
			continue
		}
		g := groupOf(a.Keys[0])
		list, from := versionsByHand(txns)
		want := true
		of, high := map[*evidence.Session][]*look{}, map[*evidence.Session][]uint64{}
		for _, l := range g.looks {
			if z, _, ok := g.Zxids.Ceil(l.op.Return.Time); g.toldOf(l) != 0 {
				if !ok {
					z = a.Log.Last()
				}
				s := g.Only(l.op)
				if s == nil { // its lists have no order with others
					want = want && g.explained(list, from, []*look{l}, []uint64{z}, 0)
					continue
				}
				of[s], high[s] = append(of[s], l), append(high[s], z)
			}
		}
		for s, looks := range of {
			want = want && g.explained(list, from, looks, high[s], 0)
		}
		f := snapshots.Decide(t.Context(), a.Keys[0])
		if got := f.Result != frame.Violation; got != want {
			t.Fatalf("history %d: all versions: %v; snapshots: %v, %s\n%s", i, want, got, f.Reason, checktest.Dump(h))
		}
		if checktest.Kind(i%3) == checktest.Constructed && !want {
			t.Fatalf("history %d is valid by construction\n%s", i, checktest.Dump(h))
		}
		if want {
			legal++
		} else {
			not++
		}
	}
	if t.Logf("%d legal, %d not", legal, not); min(legal, not) < 20 {
		t.Error("too few of one sort to show anything")
	}
}

// A leave that found its znode gone wrote nothing. For the reference model it is not a leave that
// ended before it began.
func TestReferenceOfALeaveThatWroteNothing(t *testing.T) {
	r := checktest.Group()
	r.Joins(0, 1, 2, "m1", checktest.SeenZxids{Then: 1, Now: 2}).Parts(0, 3, 4, "m1", checktest.SeenZxids{Then: 5, Now: 5})
	a := evidence.Read(t.Context(), r.Build(), models.Membership, nil)
	ops, _ := operations(a.Keys[0])
	for _, op := range ops {
		if op.Call > op.Return {
			t.Errorf("%+v", op)
		}
	}
	if len(ops) != 2 {
		t.Errorf("%d operations, want 2", len(ops))
	}
}

// pickable tries all versions for what a client was told and what it picked, in turn.
func pickable(list [][]string, from []uint64, looks []*look, high []uint64) bool {
	at := 0
	for n, l := range looks {
		fits := func(version []string) bool { return slices.Equal(version, l.names()) }
		if l.part {
			fits = func(version []string) bool { return slices.Contains(version, l.names()[0]) }
		}
		i := at
		for i < len(list) && !fits(list[i]) {
			i++
		}
		if i == len(list) || from[i] > high[n] {
			return false
		}
		if l.op.F == models.FChanged {
			at = i
		}
	}
	return true
}

// newest returns the last transaction that a look can show: no transaction that had not been
// asked for by then, and not the end of a session that went on.
func newest(g *group, l *look, txns []history.Txn) uint64 {
	z, _, ok := g.Zxids.Ceil(l.op.Return.Time)
	if !ok {
		z = uint64(txns[len(txns)-1].Zxid)
	}
	for _, t := range txns {
		m := g.only(lastName(t.Path))
		if m != nil && (t.Type == "create" && m.join.Began() > l.op.Return.Time || t.Type == "delete" && m.left() > l.op.Return.Time) {
			z = min(z, uint64(t.Zxid)-1)
		}
		for _, m := range g.sorted() {
			if t.Type == "closeSession" && t.Session == m.join.Return.Session && g.DeathOf(m.join).From > l.op.Return.Time {
				z = min(z, uint64(t.Zxid)-1)
			}
		}
	}
	return z
}

// TestPicksAgreeWithAllVersions checks that no sequence of versions explains what is
// flagged. Not everything is found, since no list tells all that existed between two lists.
func TestPicksAgreeWithAllVersions(t *testing.T) {
	var right, found, missed int
	for i := range checktest.Rounds(t, 5000) {
		h, txns := checktest.GenerateDiscovery(rand.New(rand.NewPCG(16, uint64(i))), checktest.Kind(i%3))
		a := evidence.Read(t.Context(), h, models.Discovery, txns)
		if len(a.Keys) == 0 {
			continue
		}
		g := groupOf(a.Keys[0])
		list, from := versionsByHand(txns)
		of, high := map[int][]*look{}, map[int][]uint64{}
		for _, l := range g.looks {
			if l.set == nil || lists(l.op) {
				continue
			}
			of[l.op.Client] = append(of[l.op.Client], l)
			high[l.op.Client] = append(high[l.op.Client], newest(g, l, txns))
		}
		want := true
		for c, looks := range of {
			want = want && pickable(list, from, looks, high[c])
		}
		f := picks.Decide(t.Context(), a.Keys[0])
		switch flagged := f.Result == frame.Violation; {
		case flagged && want:
			t.Fatalf("history %d has a version for each pick, yet: %s\n%s", i, f.Reason, checktest.Dump(h))
		case checktest.Kind(i%3) == checktest.Constructed && !want:
			t.Fatalf("history %d is valid by construction\n%s", i, checktest.Dump(h))
		case want:
			right++
		case flagged:
			found++
		default:
			missed++
		}
	}
	if t.Logf("%d right, %d found, %d missed", right, found, missed); min(right, found) < 20 {
		t.Error("too few of one sort to show anything")
	}
}

// explainedBy reports whether the versions in force from one zxid to another, in order, contain one
// for each look.
func explainedBy(list [][]string, from []uint64, looks [][]string, bounds [][2]uint64) bool {
	at := 0
	for n, shown := range looks {
		for at < len(list) && (at+1 < len(from) && from[at+1] <= bounds[n][0] || !slices.Equal(list[at], shown)) {
			at++
		}
		if at == len(list) || from[at] > bounds[n][1] {
			return false
		}
	}
	return true
}

// truly returns the truth about a history of slow joins: whether each list by itself shows some
// version that its session could be shown; whether those of each session, and the changes of each
// client, show versions that follow each other; and whether picks are also from such versions.
func truly(h checktest.SlowJoins, g *group) (fresh, monotone, pick bool) {
	list, from := versionsByHand(h.Txns)
	type seen struct {
		client int
		in     history.ID
	}
	looks, bounds := map[seen][][]string{}, map[seen][][2]uint64{}
	told, high := map[int][]*look{}, map[int][]uint64{}
	fresh, monotone, pick = true, true, true
	for _, l := range g.looks {
		i := slices.IndexFunc(h.Seen, func(s checktest.Sight) bool { return s.Client == l.op.Client && s.Began == l.op.Began() })
		s := h.Seen[i]
		if !lists(l.op) {
			told[s.Client], high[s.Client] = append(told[s.Client], l), append(high[s.Client], uint64(s.To))
		}
		if l.op.F == models.FPick {
			continue
		}
		by := seen{s.Client, s.In}
		bound := [2]uint64{uint64(s.From), uint64(s.To)}
		looks[by], bounds[by] = append(looks[by], l.names()), append(bounds[by], bound)
		if s.In != 0 {
			fresh = fresh && explainedBy(list, from, [][]string{l.names()}, [][2]uint64{bound})
		}
	}
	for by := range looks {
		monotone = monotone && explainedBy(list, from, looks[by], bounds[by])
	}
	for c := range told {
		pick = pick && pickable(list, from, told[c], high[c])
	}
	return fresh, monotone, pick
}

// No sequence of versions explains what is flagged in the lists and changes that were seen while
// calls to join went on in two sessions. Not everything is found, since the record does not tell
// all that the clients knew.
func TestSlowJoinsAgreeWithAllVersions(t *testing.T) {
	type count struct{ right, found, missed int }
	counts, flickers := map[string]*count{}, 0
	for i := range checktest.Rounds(t, 4000) {
		object := []*models.Model{models.Membership, models.Discovery}[i%2]
		how := checktest.Kind(i / 2 % 3)
		h := checktest.GenerateSlowJoins(rand.New(rand.NewPCG(19, uint64(i))), how, object.Name)
		for _, txns := range [][]history.Txn{nil, h.Txns} {
			a := evidence.Read(t.Context(), h.History, object, txns)
			if len(a.Damages()) > 0 {
				t.Fatal(a.Damages(), checktest.Dump(h.History))
			}
			if len(a.Keys) == 0 {
				continue
			}
			k := a.Keys[0]
			g := groupOf(k)
			isFresh, isMonotone, isPick := truly(h, g)
			if how == checktest.Constructed && !(isFresh && isMonotone && isPick) {
				t.Fatalf("history %d is valid by construction\n%s", i, checktest.Dump(h.History))
			}
			isLegal := func(m porcupine.Model, ops []porcupine.Operation) bool { return porcupine.CheckOperations(m, ops) }
			flags := func(p *frame.Property) bool { return p.Decide(t.Context(), k).Result == frame.Violation }
			joins, _ := operations(k)
			told, _ := pickSteps(k, false)
			picked, _ := pickSteps(k, true)
			legal, given, picksLegal := isLegal(spec, joins), isLegal(pickSpec, told), isLegal(pickSpec, picked)
			if flags(fresh) && legal || flags(picks) && given && picksLegal {
				t.Fatalf("history %d, log %v: the reference does not find what fresh or pick does: %s %s\n%s%s", i, txns != nil, fresh.Decide(t.Context(), k).Reason, picks.Decide(t.Context(), k).Reason, checktest.Dump(h.History), checktest.DumpLog(h.Txns))
			}
			for _, of := range []struct {
				name    string
				right   bool
				flagged bool
			}{
				{"fresh", isFresh, flags(fresh)},
				{"the reference of fresh", isFresh, !legal},
				{"monotone", isMonotone, flags(monotone)},
				{"pick", isPick, flags(picks)},
				{"the reference of pick", isPick, given && !picksLegal},
			} {
				name := fmt.Sprintf("%s, log %v", of.name, txns != nil)
				if counts[name] == nil {
					counts[name] = &count{}
				}
				switch c := counts[name]; {
				case of.flagged && of.right:
					t.Fatalf("history %d: %s flags what versions explain: %s %s\n%s%s", i, name, fresh.Decide(t.Context(), k).Reason, monotone.Decide(t.Context(), k).Reason, checktest.Dump(h.History), checktest.DumpLog(h.Txns))
				case of.right:
					c.right++
				case of.flagged:
					c.found++
				default:
					c.missed++
				}
			}
		}
		flickers += h.Times
	}
	for name, c := range counts {
		if t.Logf("%s: %+v", name, *c); min(c.right, c.found) < 20 {
			t.Errorf("%s: too few of one sort to show anything", name)
		}
	}
	if t.Logf("%d members were shown and then not while their calls to join went on", flickers); flickers < 100 {
		t.Error("too few to show anything")
	}
}

// No property flags what happened to a group that works.
func TestGroupsThatWorkAreNotFlagged(t *testing.T) {
	for _, of := range []struct {
		frame.Model
		generate func(*rand.Rand, checktest.Kind) (*history.History, []history.Txn)
	}{{Membership, checktest.GenerateMembership}, {Discovery, checktest.GenerateDiscovery}} {
		for i := range checktest.Rounds(t, 5000) {
			h, txns := of.generate(rand.New(rand.NewPCG(15, uint64(i))), checktest.Constructed)
			a := evidence.Read(t.Context(), h, of.Object, txns)
			for _, k := range a.Keys {
				notFlagged(t, k, of.Properties, h)
			}
		}
	}
}

func notFlagged(t *testing.T, k *evidence.Key, properties []*frame.Property, h *history.History) {
	t.Helper()
	for _, p := range properties {
		if p.Applies != nil && !p.Applies(k.Record) {
			continue
		}
		if f := p.Decide(t.Context(), k); f.Result == frame.Violation {
			t.Fatalf("%s: %s\n%s", p.Name, f.Reason, checktest.Dump(h))
		}
	}
}
