package leftovers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Of counts what the clients of a run left. If that is not known, it returns nil and the reason,
// or no reason if such a record is not expected to show it.
func Of(ctx context.Context, a *evidence.Record) (*Found, string) {
	switch {
	case a.Foreign || a.Object.Store: // no recipe was used
		return nil, ""
	case len(a.Transactions) == 0 && a.Params.Unlogged:
		return nil, evidence.NoLog
	case len(a.Transactions) == 0 || a.Params.Root == "":
		return nil, ""
	case a.Phase(history.PhaseQuiesce) == evidence.Never:
		return nil, "the run ended before the clients had released what they held"
	case len(a.Unlinked) > 0:
		return nil, "not all sessions of the clients are known"
	}
	if !a.Object.OnZnodes { // the checks of such objects work without the log
		of := *a.Object
		of.OnZnodes = true
		a = evidence.Read(ctx, a.History, &of, a.Transactions)
	}
	if a.Log == nil || !a.FromBeginning(a.Log.Last()) {
		return nil, "the transaction log is not complete"
	}
	return count(a), ""
}

// count counts by the log, which must be complete.
func count(a *evidence.Record) *Found {
	l := &Found{}
	calls, kept := callsOf(a), keptItems(a)
	groups := newGroups(a)
	for _, folder := range slices.Sorted(maps.Keys(a.Log.Folders)) {
		for _, n := range a.Log.Folders[folder] {
			if s := a.Session(n.Maker); s == nil || s.Client < 0 { // a znode of zklab's own, or of another program
				continue
			}
			i := calls.maker(a, n)
			stays := calls.isLeft(a, n)
			if stays {
				l.add(n)
			}
			if i < 0 || !stays && !calls.outlived(a, n, i) || stays && kept.take(a, n) {
				continue
			}
			groups.add(a, n, kindOf(n), calls.of[a.Session(n.Maker).Client][i], stays)
		}
	}
	l.Watches = groups.addWatches(a, calls)
	for id, g := range groups.by {
		l.Groups = append(l.Groups, g.summed(a, id, calls))
	}
	slices.SortFunc(l.Groups, func(x, y Group) int {
		return cmp.Or(cmp.Compare(y.Left, x.Left), strings.Compare(x.Pattern, y.Pattern),
			strings.Compare(x.F, y.F), cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.Kind, y.Kind))
	})
	return l
}

// keptItem is an item of an object that is filled with items, as the data of a znode.
type keptItem struct{ key, item string }

// kept counts the items that belong in the tree at the end, each in one znode.
type kept map[keptItem]int

// keptItems returns the items that no client has taken out, and those that the record says were
// kept: a job queue keeps the jobs that are over.
func keptItems(a *evidence.Record) kept {
	left := kept{}
	for _, k := range a.Keys {
		for _, op := range k.Ops() {
			o := a.Object.Operation(op.F)
			if !o.Puts && !o.Takes {
				continue
			}
			_, v, known := a.Object.Tell(op)
			switch id := (keptItem{k.Name, v.Item}); {
			case !known || v.Item == "":
			case o.Puts && op.Outcome() != history.Fail:
				left[id]++
			case o.Takes && op.Outcome() == history.OK:
				left[id]--
			}
		}
		for _, e := range k.Facts {
			if e.F != history.FDrained {
				continue
			}
			var v models.Jobs
			_ = e.Decode(&v) // the checks have already reported a value that cannot be read
			for _, item := range slices.Concat(v.Done, v.Dead) {
				left[keptItem{k.Name, item}]++
			}
		}
	}
	return left
}

// take reports whether a znode has one of the items, and takes it out.
func (k kept) take(a *evidence.Record, n *evidence.Znode) bool {
	key, _ := a.KeyAt(n.Path)
	id := keptItem{key, string(n.Data)}
	if k[id] <= 0 {
		return false
	}
	k[id]--
	return true
}

// isLeft reports whether a client's znode exists at the end, and will exist until a client
// deletes it.
func (c calls) isLeft(a *evidence.Record, n *evidence.Znode) bool {
	return n.Deleted == evidence.StillThere && (n.Owner == 0 || !c.isOver(a, n.Owner))
}

// isOver reports whether a session has ended, or will end because no client uses it any more. After
// the last operation, when the log has ended, the clients close their sessions.
func (c calls) isOver(a *evidence.Record, id history.ID) bool {
	s := a.Session(id)
	if s == nil {
		return true
	}
	exited, _ := a.EndOf(s.Life)
	return min(s.Expired, s.DiedBy, exited) <= c.last
}

func (l *Found) add(n *evidence.Znode) {
	switch kindOf(n) {
	case Ephemeral:
		l.Ephemeral++
	case Persistent:
		l.Persistent++
	default:
		l.Swept++
	}
}

func kindOf(n *evidence.Znode) Kind {
	switch {
	case n.Owner != 0:
		return Ephemeral
	case n.Type == "createContainer":
		return Container
	case n.Type == "createTTL":
		return TTL
	}
	return Persistent
}

// calledAs identifies operations by name and outcome. Warnings are about the share of
// them that leaves something.
type calledAs struct {
	f       string
	outcome history.Type
}

// calls are the operations on the subjects, in order of time.
type calls struct {
	as map[calledAs][]*history.Operation
	of map[int][]*history.Operation // client → its operations

	last time.Duration // when the last one began or ended
}

func callsOf(a *evidence.Record) calls {
	c := calls{as: map[calledAs][]*history.Operation{}, of: map[int][]*history.Operation{}}
	var all []*history.Operation
	for _, k := range a.Keys {
		for _, op := range k.Ops() {
			if !a.Object.Operation(op.F).Local {
				all = append(all, op)
			}
		}
	}
	slices.SortFunc(all, func(x, y *history.Operation) int { return cmp.Compare(x.Invoke.Index, y.Invoke.Index) })
	for _, op := range all {
		as := calledAs{op.F, op.Outcome()}
		c.as[as] = append(c.as[as], op)
		c.of[op.Client] = append(c.of[op.Client], op)
		c.last = max(c.last, op.Began())
		if op.Return != nil {
			c.last = max(c.last, op.Return.Time)
		}
	}
	return c
}

// maker returns the last operation that the znode's client had begun when the record first shows the
// znode, as an index into the client's operations; -1 if there is none.
func (c calls) maker(a *evidence.Record, n *evidence.Znode) int {
	return c.begun(a, a.Session(n.Maker).Client, n.Created)
}

// begun returns the last operation that a client had begun when the record first shows a zxid, as an index
// into the client's operations; -1 if there is none.
func (c calls) begun(a *evidence.Record, client int, zxid uint64) int {
	_, shown := a.Zxids.CommittedBy(zxid)
	if shown < 0 {
		shown = a.History.Len()
	}
	own := c.of[client]
	i, _ := slices.BinarySearchFunc(own, shown, func(op *history.Operation, event int) int { return cmp.Compare(op.Invoke.Index, event) })
	return i - 1
}

// outlived reports whether only the end of its session removed a znode, although the client had
// long stopped using it: the operation that created it, which is the client's operation number
// maker, had succeeded again for the same key in that session.
func (c calls) outlived(a *evidence.Record, n *evidence.Znode, maker int) bool {
	if n.Owner == 0 || n.Deleted != evidence.StillThere && !a.Log.EndedWith(n) {
		return false
	}
	own := c.of[a.Session(n.Maker).Client]
	made := own[maker]
	for _, op := range own[maker+1:] {
		if op.F == made.F && op.Key == made.Key {
			return op.Outcome() == history.OK && op.Invoke.Session == n.Owner && op.Return.Session == n.Owner
		}
	}
	return false
}

// leftBy is what the znodes of a group have in common.
type leftBy struct {
	folder string
	object bool // the folder is at or below the path of an object
	kind   Kind
	calledAs
}

// leftGroup is a group under construction.
type leftGroup struct {
	names []string
	atEnd int
	by    map[*history.Operation]bool
}

type groups struct {
	by   map[leftBy]*leftGroup
	keys map[string]bool // the keys of the record
}

func newGroups(a *evidence.Record) groups {
	all := groups{map[leftBy]*leftGroup{}, map[string]bool{}}
	for _, k := range a.Keys {
		all.keys[k.Name] = true
	}
	return all
}

// add adds what an operation left: a znode, or a watch on it.
func (all groups) add(a *evidence.Record, n *evidence.Znode, kind Kind, op *history.Operation, atEnd bool) {
	key, _ := a.KeyAt(n.Path)
	id := leftBy{generalise(relative(a, n.Parent())), all.keys[key], kind, calledAs{op.F, op.Outcome()}}
	g := all.by[id]
	if g == nil {
		g = &leftGroup{by: map[*history.Operation]bool{}}
		all.by[id] = g
	}
	g.names = append(g.names, n.Name())
	g.by[op] = true
	if atEnd {
		g.atEnd++
	}
}

func (g *leftGroup) summed(a *evidence.Record, id leftBy, c calls) Group {
	all := c.as[id.calledAs]
	type seat struct {
		evidence.Life
		session history.ID
		key     string
	}
	seats := map[seat]bool{}
	s := Group{
		Pattern: joined(id.folder, commonName(g.names)), Kind: id.kind, F: id.f, Outcome: id.outcome,
		Left: len(g.names), AtEnd: g.atEnd, Operations: len(all), Leaving: len(g.by),
	}
	for i, op := range all {
		needs := seat{a.LifeOf(op), op.Invoke.Session, ""}
		if id.object {
			needs.key = op.Key
		}
		seats[needs] = true
		if g.by[op] && i < len(all)/2 {
			s.FirstHalf++
		}
	}
	s.Grows = (id.kind == Persistent || id.kind == Ephemeral || id.kind == Watch) &&
		10*s.Leaving >= s.Operations && s.Leaving > 2*len(seats) && s.FirstHalf > 0 && 2*(s.Leaving-s.FirstHalf) >= s.FirstHalf
	return s
}
