package promises

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/zklab/zklab/history"
)

// view bounds the states that a connection can show from now on. A reply's view is at least as new
// as the zxid in its header, which the server reads before the tree, and as everything in its body.
// An event is sent while its change is made.
type view struct {
	lower history.ID // no later reply may show an older state
	by    int        // the event that shows it
	// replied is the same bound by replies only, and repliedBy the reply that set it. The next
	// event of this connection reports a change after replied.
	replied   history.ID
	repliedBy int
	// header is the highest zxid in the header of a reply, and headerBy that reply's
	// event.
	header   history.ID
	headerBy int
	fence    *request // the latest write that was answered
	sync     *request // the latest sync that was answered
	// news means that the later of fence and sync showed the session something new: only then could
	// the next read be stale.
	news bool
	// multis lists the multis of which an effect was seen, with the event that showed it.
	multis   map[history.ID]int
	children map[string]*knownChildren // by path; nil: none was needed
}

// raise notes that an event showed a view of at least z.
func (v *view) raise(z history.ID, event int) {
	if z > v.lower {
		v.lower, v.by = z, event
	}
}

// proved notes that a reply showed a view of at least z.
func (v *view) proved(z history.ID, event int) {
	v.raise(z, event)
	if z > v.replied {
		v.replied, v.repliedBy = z, event
	}
}

// contents lists what a reply shows.
func (q *request) contents() []content {
	if q.reply.Cut {
		return nil
	}
	var all []content
	q.parts(func(r history.Request, got history.Reply) {
		c := content{path: r.Path, stat: got.Stat}
		switch kind(r.Op) {
		case "exists", "getACL":
		case "getData":
			c.data, c.hasData = got.Data, true
		case "getChildren":
			c.children, c.hasNames, c.names = got.Children, true, hashes(got.Children)
		default:
			return
		}
		switch {
		case got.Error == -101:
			c.absent = true
		case got.Error != 0:
			return
		case c.stat == nil && !c.hasNames: // the reply was too long for the record
			return
		}
		all = append(all, c)
	})
	return all
}

// shows judges what a reply shows, and reports whether it is possible.
func (j *judge) shows(c *conn, v *view, r *reply, of *content) bool {
	j.countRead(c, v, r, of)
	if boot(of.path) {
		return true
	}
	if j.log == nil {
		return j.showsKnown(c, v, r, of)
	}
	p := j.past(of.path)
	if p == nil {
		if !of.absent {
			j.broken(Views, r.request.events(), "%s shows a znode that no transaction created", told(c, r))
		}
		return of.absent
	}
	upper := j.log.committed(r.at)
	i := p.first(of, v.lower)
	if i < 0 || p.versions[i].from > upper {
		j.unexplained(c, v, r, of, p, i)
		return false
	}
	found := p.versions[i]
	if need := v.sync.need(); need > v.lower {
		if k := p.first(of, need); k < 0 || p.versions[k].from > upper {
			missed := p.changeAt(p.versions[p.laterThan(i)].from)
			j.unsynced(c, v, r, missed)
		}
	}
	v.proved(found.from, r.index)
	if found.many && v.multis[found.from] == 0 {
		v.multis[found.from] = r.index
	}
	return true
}

// laterThan returns the version after i, or i if it is the last.
func (p *past) laterThan(i int) int { return min(i+1, len(p.versions)-1) }

// need returns the zxid up to which a sync or a fence makes everything visible.
func (q *request) need() history.ID {
	if q == nil || q.acked == nil {
		return 0
	}
	return q.acked.zxid
}

// changeAt returns the change that a transaction made to a path.
func (p *past) changeAt(z history.ID) *change {
	is := func(c *change) bool { return c.zxid == z }
	if c := after(p.own, z-1); c != nil && is(c) {
		return c
	}
	if c := after(p.children, z-1); c != nil && is(c) {
		return c
	}
	return &change{zxid: z}
}

// showsKnown compares a reply with the changes that clients were told of.
func (j *judge) showsKnown(c *conn, v *view, r *reply, of *content) bool {
	p := j.past(of.path)
	if p != nil {
		if m := j.missed(p, r, of, max(v.lower, latest(of.stat))); m != nil {
			j.blame(c, v, r, m)
			return false
		}
		if j.other(c, r, of, p) || of.absent && j.goneEarly(c, v, r, p) || !j.lists(c, v, r, of, p) {
			return false
		}
		if need := v.sync.need(); need > v.lower {
			if m := j.missed(p, r, of, need); m != nil {
				j.unsynced(c, v, r, m)
			}
		}
	}
	if !j.agreesOnWrite(c, r, of) {
		return false
	}
	if s := of.stat; s != nil {
		v.proved(latest(s), r.index)
		if p != nil {
			if m := after(p.own, s.Mzxid-1); m != nil && m.zxid == s.Mzxid && m.many && v.multis[m.zxid] == 0 {
				v.multis[m.zxid] = r.index
			}
		}
	}
	return true
}

// missed returns a known change up to z that a reply should show but does not.
func (j *judge) missed(p *past, r *reply, of *content, z history.ID) *change {
	up := func(c *change) *change {
		if c == nil || c.zxid > z {
			return nil
		}
		return c
	}
	switch s := of.stat; {
	case s != nil:
		// The znode existed from its creation up to the view of the reply.
		for _, what := range []changeKind{created, deleted} {
			if m := up(p.behind(s.Czxid, what)); m != nil {
				return m
			}
		}
		if m := up(after(p.own, s.Mzxid)); m != nil {
			return m
		}
		if !p.stuck {
			return up(after(p.children, s.Pzxid))
		}
	case of.absent && !p.ephemeral:
		return j.standing(p, r, z)
	}
	return nil
}

// standing returns the creation of a znode up to z, if no client can have deleted the znode before
// a reply was made; nil if it may have been deleted.
func (j *judge) standing(p *past, r *reply, z history.ID) *change {
	if j.Removed || p.doubted >= 0 && p.doubted <= r.index {
		return nil
	}
	i := sort.Search(len(p.births), func(i int) bool { return p.births[i] > z })
	if i == 0 {
		return nil
	}
	m := p.behind(p.births[i-1]-1, created)
	// A multi may have created and deleted it.
	if gone := p.behind(m.zxid-1, deleted); gone != nil && r.askedBefore(gone) {
		return nil
	}
	return m
}

// askedBefore reports whether a client had asked for a change when a reply arrived. Whatever
// arrives after the reply, such as a late event, does not count here.
func (r *reply) askedBefore(m *change) bool { return m.by == nil || m.by.at <= r.at }

// unexplained determines what is wrong with a reply that shows a state that existed at no time
// between lower and the reply's arrival. later is the version that it shows but that came too late;
// -1 if there is none.
func (j *judge) unexplained(c *conn, v *view, r *reply, of *content, p *past, later int) {
	there := p.versions[p.in(v.lower)]
	if of.absent && there.owner != 0 {
		if m := p.changeAt(there.czxid); v.torn(m) {
			j.blame(c, v, r, m)
			return
		}
		j.broken(Ephemeral, append(r.request.events(), v.by), "%s finds nothing, though session %s, which owns it, had not ended and no request had deleted it", told(c, r), there.owner)
		return
	}
	if j.miscounted(c, v, r, of, p) {
		return
	}
	if i := p.before(of, v.lower); i >= 0 && !of.hasNames {
		z, _ := p.until(i)
		j.blame(c, v, r, p.changeAt(z))
		return
	}
	switch {
	case of.hasNames:
		j.compare(c, v, r, of, p)
	case later >= 0:
		m := p.changeAt(p.versions[later].from)
		j.broken(Views, append(r.request.events(), m.shown()...), "%s shows %s, which was sent later", told(c, r), m.wrote())
	default:
		j.broken(Views, append(r.request.events(), v.by), "%s shows what never existed", told(c, r))
	}
}

// miscounted reports a reply as broken if its stat is right except for the number of children, or
// does not agree with the data and children that it shows.
func (j *judge) miscounted(c *conn, v *view, r *reply, of *content, p *past) bool {
	if of.stat == nil {
		return false
	}
	s := *of.stat
	i := p.in(max(s.Czxid, s.Mzxid, s.Pzxid))
	there := &p.versions[i]
	bare := content{stat: &s}
	if there.equals(&bare) {
		if !there.equals(of) {
			j.broken(Views, append(r.request.events(), v.by), "%s shows data or children that do not match its stat", told(c, r))
		}
		return !there.equals(of)
	}
	if there.many && there.from == there.latest() && there.latest() == max(s.Czxid, s.Mzxid, s.Pzxid) {
		m := p.changeAt(there.from)
		j.broken(Atomic, append(r.request.events(), m.shown()...), "%s shows a part of %s without the others", told(c, r), m.wrote())
		return true
	}
	more := s.NumChildren - there.children
	s.NumChildren = there.children
	if !there.equals(&bare) || more <= 0 {
		return false
	}
	m := p.lastEnd(v.lower)
	if m == nil {
		return false
	}
	j.broken(Ephemeral, append(r.request.events(), v.by), "%s counts %d children, %d too many, though session %s, which had some there, ended at zxid %s",
		told(c, r), of.stat.NumChildren, more, m.session, m.zxid)
	return true
}

// torn reports whether a change is part of a multi of which the session has seen another part, or
// whose zxid is the one up to which the reply must show everything.
func (v *view) torn(m *change) bool {
	return m.many && (v.multis[m.zxid] != 0 || m.zxid == v.lower)
}

// mostCompared is the maximum number of lists of children that are compared name by
// name.
const mostCompared = 100

// compare names the children by which a list differs from the state.
func (j *judge) compare(c *conn, v *view, r *reply, of *content, p *past) {
	if j.compared++; j.compared > mostCompared {
		j.broken(Views, append(r.request.events(), v.by), "%s lists what never existed", told(c, r))
		return
	}
	there := map[string]*change{} // name → its creation
	gone := map[string]*change{}  // name → its deletion
	for i := range p.children {
		if k := &p.children[i]; k.zxid > v.lower {
			break
		} else if k.what == created {
			there[k.child] = k
		} else {
			delete(there, k.child)
			gone[k.child] = k
		}
	}
	for _, name := range of.children {
		if there[name] != nil {
			continue
		}
		if m := gone[name]; m != nil {
			j.blame(c, v, r, m)
			return
		}
		j.broken(Views, append(r.request.events(), v.by), "%s lists %s, which was not there", told(c, r), name)
		return
	}
	listed := make(map[string]bool, len(of.children))
	for _, name := range of.children {
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		m := there[name]
		if listed[name] {
			continue
		}
		if m.owner != 0 && !v.torn(m) {
			j.broken(Ephemeral, append(r.request.events(), v.by), "%s does not list %s, though session %s, which owns it, had not ended and no request had deleted it", told(c, r), m.child, m.owner)
			return
		}
		j.blame(c, v, r, m)
		return
	}
	j.broken(Views, append(r.request.events(), v.by), "%s shows what never existed", told(c, r))
}

// blame reports the promise that is broken by a reply that does not show a change.
func (j *judge) blame(c *conn, v *view, r *reply, m *change) {
	counterexample := append(append(r.request.events(), v.by), m.shown()...)
	said := fmt.Sprintf("%s does not show %s", told(c, r), m.wrote())
	switch {
	case m.closing:
		j.broken(Ephemeral, counterexample, "%s shows an ephemeral znode of session %s, though it shows the state at zxid %s, and the session ended at zxid %s", told(c, r), m.session, v.lower, m.zxid)
	case m.by != nil && m.by.conn.session == c.session && m.by.answer() == done && m.by.reply.index < r.index:
		j.broken(OwnWrites, counterexample, "%s, which the same session had made and got an answer to", said)
	case v.torn(m) && v.multis[m.zxid] != 0:
		j.broken(Atomic, append(counterexample, v.multis[m.zxid]), "%s, of which the session had seen another part", said)
	case v.torn(m):
		j.broken(Atomic, counterexample, "%s, though that is the zxid of the state that the session had seen", said)
	case v.fence == nil:
		j.broken(SingleImage, counterexample, "%s, though the session had seen the state at zxid %s", said, v.lower)
	case v.fence.need() >= m.zxid && v.fence.at >= j.Final:
		j.broken(Durable, append(counterexample, v.fence.events()...), "%s, although all clients had finished and a write of the same session preceded it: the change is lost", said)
	case v.fence.need() >= m.zxid:
		j.broken(Fenced, append(counterexample, v.fence.events()...), "%s, which had been acknowledged when the session sent a write before it, at %s", said, at(v.fence.at))
	default:
		j.broken(SingleImage, counterexample, "%s, though the session had seen the state at zxid %s", said, v.lower)
	}
}

// unsynced reports a read after a sync that is not fresh.
func (j *judge) unsynced(c *conn, v *view, r *reply, m *change) {
	if j.disturbed(v.sync.at, r.at) {
		j.Report[Sync].count("stale_when_disturbed", 1)
		j.note(Sync, "reads behind a sync that were not fresh are not counted while servers were disturbed: a deposed leader answers a sync, too")
		return
	}
	j.broken(Sync, slices.Concat(r.request.events(), v.sync.events(), m.shown()),
		"%s does not show %s, which had been acknowledged when the session sent a sync before it, at %s", told(c, r), m.wrote(), at(v.sync.at))
}

// countRead counts what the exercise conditions require.
func (j *judge) countRead(c *conn, v *view, r *reply, of *content) {
	j.Report[Views].count("reads", 1)
	p := j.past(of.path)
	if p == nil {
		return
	}
	if c.wrote[of.path] {
		j.Report[OwnWrites].count("reads", 1)
	}
	if m := p.lastOwn(v.lower); m != nil {
		if m.many {
			j.Report[Atomic].count("reads", 1)
		}
		if m.closing {
			j.Report[Ephemeral].count("ends_seen", 1)
		}
	}
	if v.fence != nil && v.fence.at >= j.Final {
		j.Report[Durable].count("final_reads", 1)
	}
	switch {
	case !v.news:
	case v.sync == nil || v.fence != nil && v.fence.index > v.sync.index:
		j.Report[Fenced].count("reads", 1)
	case !j.disturbed(v.sync.at, r.at):
		j.Report[Sync].count("reads", 1)
	}
	v.news = false
}

// lastOwn returns the latest change of a znode up to z; nil if there is none.
func (p *past) lastOwn(z history.ID) *change {
	i, _ := slices.BinarySearchFunc(p.own, z+1, func(c change, z history.ID) int {
		if c.zxid < z {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return &p.own[i-1]
}

// told describes which client got a reply, and when.
func told(c *conn, r *reply) string {
	return fmt.Sprintf("the reply that client %d got at %s to its %s", c.client, at(r.at), r.request.name())
}
