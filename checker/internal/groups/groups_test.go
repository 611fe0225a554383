package groups

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// explained tries all versions for each list of a session, one after the other.
func explained(list [][]string, from []uint64, looks []*look, high []uint64, first int) bool {
	if len(looks) == 0 {
		return true
	}
	for i := first; i < len(list); i++ {
		ends := uint64(1) << 63
		if i+1 < len(list) {
			ends = from[i+1]
		}
		if ends > seenBy(looks[0]) && from[i] <= high[0] && slices.Equal(list[i], looks[0].names()) && explained(list, from, looks[1:], high[1:], i) {
			return true
		}
	}
	return false
}

// versionsByHand goes through the log as it is.
func versionsByHand(txns []history.Txn) (list [][]string, from []uint64) {
	list, from = [][]string{nil}, []uint64{0}
	now, owner := map[string]bool{}, map[string]history.ID{}
	for _, t := range txns {
		switch t.Type {
		case "create":
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
	for i := range checktest.Rounds(t) {
		rng := rand.New(rand.NewPCG(14, uint64(i)))
		h, txns := checktest.GenerateMembership(rng, checktest.Kind(i%3))
		a := evidence.Read(t.Context(), h, models.Membership, txns)
		if len(a.Keys) == 0 || !snapshots.Applies(a) {
			continue
		}
		g := groupOf(a.Keys[0])
		list, from := versionsByHand(txns)
		want := true
		of, high := map[history.ID][]*look{}, map[history.ID][]uint64{}
		for _, l := range g.looks {
			if z, _, ok := g.Zxids.Ceil(l.op.Return.Time); seenBy(l) != 0 {
				if !ok {
					z = a.Log.Last()
				}
				of[sessionOf(l.op)], high[sessionOf(l.op)] = append(of[sessionOf(l.op)], l), append(high[sessionOf(l.op)], z)
			}
		}
		for s, looks := range of {
			want = want && explained(list, from, looks, high[s], 0)
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

// No property flags what happened to a group that works.
func TestGroupsThatWorkAreNotFlagged(t *testing.T) {
	for i := range checktest.Rounds(t) {
		h, txns := checktest.GenerateMembership(rand.New(rand.NewPCG(15, uint64(i))), checktest.Constructed)
		a := evidence.Read(t.Context(), h, models.Membership, txns)
		for _, k := range a.Keys {
			for _, p := range Membership.Properties {
				if p.Applies != nil && !p.Applies(a) {
					continue
				}
				if f := p.Decide(t.Context(), k); f.Result == frame.Violation {
					t.Fatalf("history %d, %s: %s\n%s", i, p.Name, f.Reason, checktest.Dump(h))
				}
			}
		}
	}
}
