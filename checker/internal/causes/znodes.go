package causes

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
)

// nodesOf returns the znodes of each key in order of their creation: the znode with the key's name in
// the run's root, and all znodes below it.
var nodesOf = evidence.Once(func(a *evidence.Record) map[string][]*evidence.Znode {
	if a.Log == nil {
		return nil
	}
	return a.Log.Group(func(n *evidence.Znode) (key string, ok bool) { return a.KeyAt(n.Path) })
})

// rootOf returns the zxid at which the run's root was made: everything below the root is later. It
// returns 0 if the log does not show it.
var rootOf = evidence.Once(func(a *evidence.Record) uint64 {
	root := a.Params.Root
	for _, n := range a.Log.Folders[root[:max(0, strings.LastIndexByte(root, '/'))]] {
		if n.Path == root {
			return n.Created
		}
	}
	return 0
})

// whole reports whether the log is complete from above one zxid up to another, or to the log's
// end.
func (s *search) whole(low, high uint64) bool {
	high = min(high, s.Log.Last())
	return low >= high || s.Log.Covers(low, high)
}

// znodes looks for the znodes that the counterexample rests on.
func (s *search) znodes() {
	nodes := nodesOf(s.Record)[s.key.Name]
	if len(nodes) == 0 {
		return
	}
	blamed := s.named(nodes)
	explained := len(blamed) > 0
	var waits []wait
	if !explained {
		waits = s.waitsFor(nodes)
		blamed = ahead(waits)
		for _, n := range s.finals(nodes) {
			if len(blamed) < mostFinals && !slices.Contains(blamed, n) {
				blamed = append(blamed, n)
			}
		}
	}
	s.blamed, s.claims, s.grants = map[*evidence.Znode]bool{}, map[*evidence.Znode]bool{}, map[*evidence.Znode]*history.Operation{}
	for _, n := range blamed {
		s.blamed[n] = true
	}
	matter := blamed
	if !explained {
		items := s.items(nodes)
		matter = slices.Concat(blamed, s.stays(nodes), items, s.claimsOf(items, nodes))
	}
	slices.SortFunc(matter, byCreation)
	matter = slices.Compact(matter)
	for i := range waits {
		s.waited(&waits[i])
	}
	for _, n := range matter {
		s.life(n, nodes)
	}
	s.outsiders(nodes, matter)
}

// byCreation orders znodes by when they were made.
func byCreation(m, n *evidence.Znode) int {
	return cmp.Or(cmp.Compare(m.Created, n.Created), strings.Compare(m.Path, n.Path))
}

// mostFinals is how many of the znodes that were left at the end are described: the oldest, which are
// ahead of the others.
const mostFinals = 3

// named returns the znodes of the key that the violation itself names. The violation may have been
// found in another reading of the same log, so that its znodes are other values.
func (s *search) named(nodes []*evidence.Znode) (of []*evidence.Znode) {
	for _, n := range nodes {
		if slices.ContainsFunc(s.about, func(o *evidence.Znode) bool { return o.Path == n.Path && o.Created == n.Created }) {
			of = append(of, n)
		}
	}
	return of
}

// stays returns the znodes of the stays that operations of the counterexample begin, end or affirm.
// A hold counts only if the counterexample contains its beginning: a release without it shows
// something else, and so does the invocation of a granted acquire without its completion. If a
// znode is known that was ahead of waiting clients, their own znodes explain nothing.
func (s *search) stays(nodes []*evidence.Znode) (of []*evidence.Znode) {
	var all []stay
	for _, op := range s.ops {
		begin, next := s.begun(op)
		if begin == nil || s.of.State == models.Exclusive && !slices.Contains(s.ops, begin) {
			continue
		}
		if begin.Outcome() == history.OK && s.asked[begin] {
			continue
		}
		if len(s.blamed) > 0 && begin.Outcome() != history.OK {
			continue
		}
		if one := (stay{begin, next}); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	all = s.together(all)
	shared := map[string]int{} // by part: how many of the stays include it
	for _, one := range all {
		for _, part := range s.parts(one.begin) {
			shared[part]++
		}
	}
	maps.DeleteFunc(shared, func(_ string, n int) bool { return n < 2 })
	for _, one := range all {
		parts := s.parts(one.begin)
		if len(shared) > 0 {
			parts = slices.DeleteFunc(slices.Clone(parts), func(part string) bool { return shared[part] == 0 })
		} else {
			parts = []string{""}
		}
		for _, part := range parts {
			if n := s.madeBy(one.begin, one.next, inPart(nodes, part)); n != nil {
				for _, n := range s.madeWith(n, nodes) {
					s.grants[n] = one.begin
					of = append(of, n)
				}
			}
		}
	}
	return of
}

// stay is a stay that the call begin began; next is the next call with which the same
// client began a stay.
type stay struct{ begin, next *history.Operation }

// together keeps the holds that lasted at the same time as a hold of another client, or all if
// there is none. The counterexample can have a later grant of the same client, which shows only
// that its session lived.
func (s *search) together(all []stay) []stay {
	if !s.of.Held() {
		return all
	}
	until := func(one stay) time.Duration {
		if r := s.release(one.begin); r != nil {
			return evidence.Ended(r)
		}
		return evidence.Never
	}
	met := slices.DeleteFunc(slices.Clone(all), func(x stay) bool {
		return x.begin.Outcome() == history.OK && !slices.ContainsFunc(all, func(y stay) bool {
			return x.begin.Client != y.begin.Client && x.begin.Began() <= until(y) && y.begin.Began() <= until(x)
		})
	})
	if len(met) == 0 {
		return all
	}
	return met
}

// parts returns the parts of the key that a call was about, or one part without a name for the
// whole key.
func (s *search) parts(op *history.Operation) []string {
	if s.of.Parts {
		if _, v, ok := s.of.Tell(op); ok && len(v.Parts) > 0 {
			return v.Parts
		}
	}
	return []string{""}
}

// inPart returns the znodes directly below the znode of a part.
func inPart(nodes []*evidence.Znode, part string) []*evidence.Znode {
	if part == "" {
		return nodes
	}
	return slices.DeleteFunc(slices.Clone(nodes), func(n *evidence.Znode) bool { return !isIn(n, part) })
}

func isIn(n *evidence.Znode, part string) bool {
	return part == "" || strings.HasSuffix(n.Parent(), "/"+part)
}

// begun returns the operation that began the stay that op is about, and the next operation with
// which the same client began a stay; nil if there is none.
func (s *search) begun(op *history.Operation) (begin, next *history.Operation) {
	traits := s.of.Operation(op.F)
	if !traits.Begins && !traits.Ends && !traits.Affirms {
		return nil, nil
	}
	for _, o := range s.key.Ops() {
		switch {
		case o.Client != op.Client || !s.of.Operation(o.F).Begins:
		case o.Invoke.Index <= op.Invoke.Index:
			begin = o
		default:
			return begin, o
		}
	}
	return begin, nil
}

// madeBy returns the znode that an operation created to begin a stay: the one that its token names, or
// else the only possible one. It returns nil if that is not known. Ephemeral znodes are preferred to
// others, which may be folders.
func (s *search) madeBy(op, next *history.Operation, nodes []*evidence.Znode) *evidence.Znode {
	if _, v, ok := s.of.Tell(op); ok && v.Token != 0 {
		for _, n := range nodes {
			if n.Created == uint64(v.Token) && n.Owner != 0 && s.client(n.Maker) == op.Client {
				return n
			}
		}
	}
	low, high := s.span(op)
	if next != nil { // next made its own znode after everything that was seen by then
		high = min(high, s.tie.FloorAt(next.Began())+1)
	}
	low = max(low, rootOf(s.Record))
	if !s.whole(low, high) { // the log may lack what it made
		return nil
	}
	folder := s.Params.Root + "/" + op.Key
	var ephemeral, others []*evidence.Znode
	for _, n := range nodes {
		switch {
		case n.Created <= low || n.Created >= high || !s.mayBeOf(op, n.Maker):
		case n.Path == folder && n.Owner == 0 && s.of.State != models.Raised: // the znodes of others are in it
		case n.Owner != 0:
			ephemeral = append(ephemeral, n)
		default:
			others = append(others, n)
		}
	}
	if len(ephemeral) > 0 {
		return s.only(ephemeral)
	}
	return s.only(others)
}

// mayBeOf reports whether op's client had a session during the call.
func (s *search) mayBeOf(op *history.Operation, id history.ID) bool {
	return slices.ContainsFunc(s.Owners(op), func(o *evidence.Session) bool { return o.ID == id })
}

// madeWith returns a znode and, for a program's own object, the other ephemeral znodes that the same
// transaction created.
func (s *search) madeWith(n *evidence.Znode, nodes []*evidence.Znode) []*evidence.Znode {
	of := []*evidence.Znode{n}
	for _, m := range nodes {
		if m != n && m.Created == n.Created && m.Owner != 0 && n.Owner != 0 && !models.Known(s.of.Name) {
			of = append(of, m)
		}
	}
	return of
}

// only returns the only znode, among those in order of creation, that can be meant, or nil. A
// znode that was deleted before the next one was created belonged to an earlier try. Znodes of one
// transaction of a program's own object count as one.
func (s *search) only(of []*evidence.Znode) *evidence.Znode {
	for i := 1; i < len(of); i++ {
		if of[i-1].Deleted > of[i].Created && (models.Known(s.of.Name) || of[i-1].Created != of[i].Created) {
			return nil
		}
	}
	if len(of) == 0 {
		return nil
	}
	return of[len(of)-1]
}

// items returns the znodes whose data is an item that the counterexample is about.
func (s *search) items(nodes []*evidence.Znode) (of []*evidence.Znode) {
	about := map[string]bool{}
	for _, op := range s.ops {
		if t := s.of.Operation(op.F); !t.Puts && !t.Takes {
			continue
		}
		if _, v, ok := s.of.Tell(op); ok && v.Item != "" {
			about[v.Item] = true
		}
	}
	for _, n := range nodes {
		if about[string(n.Data)] {
			of = append(of, n)
		}
	}
	return of
}

// claimsOf returns the znodes that name one of the remaining items, and that remained with it: such a
// claim can keep clients from taking the item.
func (s *search) claimsOf(items, nodes []*evidence.Znode) (of []*evidence.Znode) {
	for _, item := range items {
		if item.Deleted != evidence.StillThere {
			continue
		}
		name := item.Name()
		for _, n := range nodes {
			if n != item && n.Deleted >= s.high && (strings.Contains(n.Name(), name) || strings.Contains(string(n.Data), name)) {
				s.claims[n] = true
				of = append(of, n)
			}
		}
	}
	return of
}

// finals returns the znodes that the counterexample shows to have been left at the end, in order of
// their creation, without folders.
func (s *search) finals(nodes []*evidence.Znode) (of []*evidence.Znode) {
	for _, e := range s.facts {
		var final models.Final
		if e.F != history.FFinal || e.Decode(&final) != nil {
			continue
		}
		for _, c := range final.Contenders {
			for _, n := range slices.Backward(nodes) {
				if n.Path == s.Params.Root+"/"+s.key.Name+"/"+c.Name && n.Owner == c.Owner && len(s.Log.Folders[n.Path]) == 0 {
					of = append(of, n)
					break
				}
			}
		}
	}
	slices.SortFunc(of, func(m, n *evidence.Znode) int { return cmp.Compare(m.Created, n.Created) })
	return of
}

// life describes which client created a znode and which deleted it. It mentions a deletion after the
// counterexample only in passing. For a znode that still existed then, it names the call that created
// it, how that call ended, and what happened to the call that was to delete it.
func (s *search) life(n *evidence.Znode, nodes []*evidence.Znode) {
	text := s.who(n.Maker, n.Created) + " created " + s.name(n.Path)
	if s.of.State == models.Filled && (len(n.Data) > 0 || !s.claims[n]) {
		text += " with " + holding(n.Data)
	}
	by, named, since := s.makers(n)
	w, why, stays := made, "", ""
	var calls []*history.Operation
	switch {
	case !s.whole(n.Created, n.Deleted): // it may have been deleted before
		named, since = "", evidence.Always
	case s.goneBy(n): // its end follows
	case n.Deleted == evidence.StillThere || s.blamed[n]:
		w = left
		if n.Deleted >= s.high || s.client(n.Remover) == s.client(n.Maker) { // otherwise another client took it
			stays = "; " + stayed(n)
			why, calls = s.left(by, n)
		}
	case n.Deleted >= s.high:
		stays = "; " + stayed(n)
	}
	if of := s.Log.Sessions[n.Maker]; s.claims[n] && of != nil && of.Closed != 0 && n.Owner == 0 {
		stays += ", although that session ended at " + words.Zxid(of.Closed)
	}
	text += s.also(n.Created, n.Path) + named + s.citeSince(n.Created, since) + stays
	why = strings.TrimSpace(why + " " + s.overtakes(n, nodes))
	s.add(w, n.Created, n.Maker, s.typeAt(n.Created, n.Path, "create"), n.Path, strings.TrimSpace(sentence(text)+" "+why), calls...)
	if (n.Deleted < s.high || s.goneBy(n)) && n.Deleted != evidence.StillThere && s.whole(n.Created, n.Deleted) {
		s.end(n, nodes)
	}
}

// goneBy reports whether the violation is that an item was deleted, at any time, and no call answered it.
func (s *search) goneBy(n *evidence.Znode) bool {
	return s.of.State == models.Filled && s.blamed[n] && n.Deleted != evidence.StillThere && len(s.about) > 0
}

// makers returns the calls one of which created a znode, a text that names them, and when the first of
// them began.
func (s *search) makers(n *evidence.Znode) (by []*history.Operation, named string, since time.Duration) {
	if by, named = s.callers(n, n.Maker, n.Created, makes); len(by) > 0 {
		return by, named, by[0].Began()
	}
	if op, which := s.callOf(n.Created); op != nil && !models.Known(s.of.Name) {
		return []*history.Operation{op}, which, op.Began()
	}
	return nil, "", evidence.Always
}

// overtakes explains a grant out of turn, in a line in which only the first client may be granted:
// the place of another client certainly was still ahead of the client at its grant. If the place
// directly ahead was gone by then, the text says so, since the client watches that place.
func (s *search) overtakes(n *evidence.Znode, nodes []*evidence.Znode) string {
	op := s.grants[n]
	if op == nil || op.Outcome() != history.OK || s.of.State != models.Exclusive || !s.waitsInLine(op) || !inLine(n) || !s.whole(n.Created-1, s.high) {
		return ""
	}
	shown, _, ok := s.tie.Ceil(op.Return.Time)
	var last, standing *evidence.Znode
	for _, m := range nodes {
		if m.Parent() != n.Parent() || !inLine(m) || m.Number >= n.Number || m.Deleted <= n.Created {
			continue
		}
		last = m
		if ok && m.Deleted >= shown && s.client(m.Maker) != op.Client {
			standing = m
		}
	}
	if standing == nil {
		return ""
	}
	text := "when " + s.call(op) + " succeeded, " + s.name(standing.Path) + s.maker(standing) + " was still ahead of it"
	if last != standing && last.Deleted <= s.tie.FloorAt(op.Return.Time) {
		text += ", and " + s.name(last.Path) + s.maker(last) + ", which was directly ahead of it, was gone"
	}
	return sentence(text)
}

// waitsInLine reports whether a call waits for its turn. A claim on a program's own object is
// answered at once, so its znodes have no order.
func (s *search) waitsInLine(op *history.Operation) bool {
	return models.Known(s.of.Name) || s.of.Operation(op.F).Waits
}

// inLine reports whether a znode is a place in a line.
func inLine(n *evidence.Znode) bool { return n.Owner != 0 && n.Sequential() }

// stayed returns text saying how long a znode existed.
func stayed(n *evidence.Znode) string {
	if n.Deleted == evidence.StillThere {
		return "it still existed when the log ended"
	}
	return "it existed until " + words.Zxid(n.Deleted)
}

// end describes how a znode was deleted. If it was deleted by a client that had had a znode at the same
// path before, it says so: that client may have meant its own former znode.
func (s *search) end(n *evidence.Znode, nodes []*evidence.Znode) {
	switch maker, by, kind := s.client(n.Maker), s.client(n.Remover), s.typeAt(n.Deleted, n.Path, ""); {
	case kind != "closeSession" && !strings.HasPrefix(kind, "delete"): // another znode in its place shows that it had gone
	case kind == "closeSession":
		s.add(taken, n.Deleted, n.Remover, "closeSession", n.Path, sentence(s.whoEnded(n)+", and "+s.name(n.Path)+" was deleted with it"+s.cite(n.Deleted)))
	case by == maker && by >= 0:
		text := s.who(n.Remover, n.Deleted) + " deleted " + s.name(n.Path)
		if n.Remover != n.Maker {
			text += ", which it had created in session " + n.Maker.String()
		}
		s.deleted(given, n, text, "")
	default:
		s.deleted(taken, n, s.who(n.Remover, n.Deleted)+" deleted "+s.name(n.Path)+s.whose(n), s.granted(by, n.Deleted))
		if before := s.before(n, by, nodes); before != nil && s.whole(before.Created, before.Deleted) {
			from := len(s.lines)
			s.life(before, nil)
			for i := range s.lines[from:] {
				s.lines[from+i].weight = max(s.lines[from+i].weight, given)
			}
		}
	}
}

// deleted adds that a znode was deleted, by which call and when, and, for an item, how that
// call ended: a client without an answer does not know that it has the item.
func (s *search) deleted(w weight, n *evidence.Znode, text, why string) {
	var calls []*history.Operation
	op := s.during(n.Deleted, n.Remover)
	if op == nil && !models.Known(s.of.Name) {
		op, _ = s.callOf(n.Deleted)
	}
	text += s.also(n.Deleted, n.Path)
	switch {
	case op != nil:
		text += ", during " + s.call(op)
	case s.of.State == models.Filled:
		var named string
		calls, named = s.callers(n, n.Remover, n.Deleted, deletes)
		text += named
	}
	if op != nil && s.of.State == models.Filled {
		calls = []*history.Operation{op}
	}
	if len(calls) == 1 && calls[0].Outcome() == history.OK && slices.Contains(s.ops, calls[0]) { // the counterexample shows it already
		calls = nil
	}
	if len(calls) > 0 {
		why = sentence(s.ended(calls, n.Remover))
	}
	since := evidence.Always
	if op != nil {
		since = op.Began()
	}
	text = sentence(text+s.citeSince(n.Deleted, since)) + s.another(op, &history.Txn{Type: "delete", Path: n.Path}, n.Deleted)
	s.add(w, n.Deleted, n.Remover, s.typeAt(n.Deleted, n.Path, "delete"), n.Path, strings.TrimSpace(text+" "+why), calls...)
}

// granted names the call with which a client began the last stay that it was granted before a
// transaction.
func (s *search) granted(client int, zxid uint64) string {
	var last *history.Operation
	for _, op := range s.key.Ops() {
		if op.Client == client && s.of.Operation(op.F).Begins && op.Outcome() == history.OK && s.tie.FloorAt(op.Return.Time) < zxid {
			last = op
		}
	}
	if last == nil || client < 0 {
		return ""
	}
	text := "its last " + printable.Text(last.F, mostName) + ", of " + words.At(last.Began()) + ", succeeded at " + words.At(last.Return.Time)
	if got := itemOf(last, false); got != "" && !models.Known(s.of.Name) {
		text += " with " + printable.Text(got, mostName)
	}
	return sentence(text)
}

// whose returns text naming the client that created a znode, or "" if it is not known.
func (s *search) whose(n *evidence.Znode) string {
	if c := s.client(n.Maker); c >= 0 {
		return ", which client " + words.Number(c) + " had created"
	}
	return ""
}

// maker returns " of client 3" for the client that created a znode, or "" if it is not known.
func (s *search) maker(n *evidence.Znode) string {
	if c := s.client(n.Maker); c >= 0 {
		return " of client " + words.Number(c)
	}
	return ""
}

// before returns the latest znode that a client had at the path of another znode before that
// one was made; nil if there was none, or if client is not a client.
func (s *search) before(n *evidence.Znode, client int, nodes []*evidence.Znode) (last *evidence.Znode) {
	for _, m := range nodes {
		if m.Created >= n.Created || client < 0 {
			break
		}
		if m.Path == n.Path && s.client(m.Maker) == client && m.Deleted <= n.Created {
			last = m
		}
	}
	return last
}

// whoEnded names the session whose end deleted a znode, the session's client, and the fault that
// ended the session, as far as they are known.
func (s *search) whoEnded(n *evidence.Znode) string {
	id := n.Remover
	whose := "session " + id.String()
	if c := s.client(id); c >= 0 {
		whose += " of client " + words.Number(c)
	}
	if f := s.actors.ended[id]; f != "" {
		return s.fault(f) + " ended " + whose
	}
	return whose + " ended"
}

// typeAt returns the type of the transaction about a path that the log has at a zxid; or, the last
// argument, if there is none.
func (s *search) typeAt(zxid uint64, path, or string) string {
	t := s.Log.Find(zxid)
	if t == nil {
		return or
	}
	for i := range t.Parts {
		if t.Parts[i].Path == path && t.Parts[i].Type != "check" {
			return t.Parts[i].Type
		}
	}
	return t.Type
}

// outsiders reports what parties other than clients made or deleted among the znodes of the key
// in that time, besides the znodes in matter. Everything that one party did at once is one line.
func (s *search) outsiders(nodes, matter []*evidence.Znode) {
	type deed struct{ who, did string }
	first, count := map[deed]*evidence.Znode{}, map[deed]int{}
	var order []deed
	note := func(n *evidence.Znode, by history.ID, zxid uint64, did string) {
		if s.client(by) >= 0 || zxid <= s.low || zxid >= s.high {
			return
		}
		d := deed{s.who(by, zxid), did}
		if count[d]++; count[d] == 1 {
			first[d] = n
			order = append(order, d)
		}
	}
	for _, n := range nodes {
		if slices.Contains(matter, n) {
			continue
		}
		note(n, n.Maker, n.Created, "created")
		if s.client(n.Maker) >= 0 && strings.HasPrefix(s.typeAt(n.Deleted, n.Path, ""), "delete") {
			note(n, n.Remover, n.Deleted, "deleted")
		}
	}
	for _, d := range order {
		n := first[d]
		zxid, by := n.Created, n.Maker
		if d.did == "deleted" {
			zxid, by = n.Deleted, n.Remover
		}
		text := d.who + " " + d.did + " " + s.name(n.Path)
		if more := count[d] - 1; more > 0 {
			text += " and " + words.Number(more) + " more"
		}
		s.add(aside, zxid, by, s.typeAt(zxid, n.Path, "create"), n.Path, sentence(text+s.cite(zxid)))
	}
}
