package promises

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// This file is about znodes that servers delete by themselves ("Programmer's Guide, Container
// Nodes" and "TTL Nodes"): a container once it has had children and has none left, a znode with a
// TTL once it has not been written for that long and has no children.
//
// A leader first collects the znodes that are due. Then it deletes them one by one, without checking
// their age again (ContainerManager, PrepRequestProcessor). So a write that arrives in between is
// deleted with its znode, and so is a znode that a client has just created again.

// life is a container or a TTL znode.
type life struct {
	ttl    time.Duration // 0: the znode is a container
	writes []lifeWrite   // while transactions are applied: the creation, and the writes of the data
	again  bool          // there was such a znode before at its path
}

// there was an earlier znode of this kind at its path
type lifeWrite struct {
	*history.Txn
	by *request
}

// underWay reports whether a write may still have been under way when the servers decided what to
// delete. swept is that time by the same leader's clock.
func (w lifeWrite) underWay(swept time.Time) bool {
	if w.by == nil || w.by.reply == nil {
		return true
	}
	return swept.Sub(w.Wall) <= w.by.reply.at-w.by.at+slack
}

// shown returns the events of the znode's latest write.
func (l *life) shown() []int {
	if l == nil || l.last().by == nil {
		return nil
	}
	return l.last().by.events()
}

func (l *life) last() lifeWrite { return l.writes[len(l.writes)-1] }

// young reports whether a deletion comes too early: for a TTL znode, before the TTL has passed by
// one leader's clock; for a container, right after it was created in place of an earlier one.
func (l *life) young(swept *history.Txn) bool {
	for _, w := range slices.Backward(l.writes) {
		if w.Zxid>>32 != swept.Zxid>>32 || l.ttl > 0 && swept.Wall.Sub(w.Wall) >= l.ttl {
			return false
		}
		if !w.underWay(swept.Wall) {
			return true
		}
	}
	return !l.again
}

// lifeOfRequest returns the container or TTL znode that a request creates; nil if it creates neither.
func lifeOfRequest(r history.Request) *life {
	switch r.Op {
	case "createContainer":
		return &life{}
	case "createTTL":
		return &life{ttl: r.TTL}
	}
	return nil
}

// note follows containers and TTL znodes through the transactions.
func (b *builder) note(t *history.Txn, c change, whole *history.Txn) {
	switch {
	case t.Type == "createContainer" || t.Type == "createTTL":
		b.lives[t.Path] = &life{ttl: t.TTL, writes: []lifeWrite{{whole, c.by}}, again: b.lived[t.Path]}
		b.lived[t.Path] = true
	case kind(t.Type) == opCreate:
		delete(b.lives, t.Path)
	case kind(t.Type) == opSet && b.lives[t.Path] != nil:
		b.lives[t.Path].writes = append(b.lives[t.Path].writes, lifeWrite{whole, c.by})
	case t.Type == opDelete:
		if l := b.lives[t.Path]; l != nil && b.unasked(c) {
			b.broken(Lifetimes, l.shown(), "%s was deleted at zxid %s by a request of session %s that client %d never sent: it is %s, and it was not due for deletion", t.Path, c.zxid, c.session, b.sessions[c.session].client, l)
		}
		delete(b.lives, t.Path)
	case t.Type == "deleteContainer":
		b.swept(t, c, whole)
		delete(b.lives, t.Path)
	}
}

func (l *life) String() string {
	if l.ttl == 0 {
		return "a container"
	}
	return "a znode with a TTL of " + l.ttl.String()
}

// unasked reports whether the record has all requests of a change's session, and the change comes
// from none of them.
func (b *builder) unasked(c change) bool {
	s := b.sessions[c.session]
	if c.by != nil || s == nil {
		return false
	}
	for _, q := range s.requests {
		if b.Copied != nil && b.Copied(s.client, q.at) {
			return false
		}
	}
	return true
}

// swept decides whether the servers were allowed to delete a znode by themselves.
func (b *builder) swept(t *history.Txn, c change, whole *history.Txn) {
	l, p := b.lives[t.Path], b.past(t.Path)
	if p == nil || boot(t.Path) {
		return
	}
	b.Report[Lifetimes].count("swept", 1)
	switch v := p.now(); {
	case l == nil:
		b.broken(Lifetimes, l.shown(), "the servers deleted %s at zxid %s by themselves, though it is neither a container nor has it a TTL", t.Path, c.zxid)
	case v.children > 0:
		b.broken(Lifetimes, l.shown(), "the servers deleted %s at zxid %s by themselves, though it had %d children", t.Path, c.zxid, v.children)
	case l.ttl == 0 && v.creates == 0 && l.young(whole):
		b.broken(Lifetimes, l.shown(), "the servers deleted the container %s at zxid %s by themselves, though it had never had a child", t.Path, c.zxid)
	case l.ttl > 0 && l.young(whole):
		b.broken(Lifetimes, l.shown(), "the servers deleted %s at zxid %s by themselves, %s after it was written, at zxid %s, though it has a TTL of %s",
			t.Path, c.zxid, whole.Wall.Sub(l.last().Wall), l.last().Zxid, l.ttl)
	}
}

// misdated reports whether a wall clock was wrong at some time before. What the servers delete by age follows from what
// the clock showed when a znode was written, and when it is looked at. The next sweep follows from the one before, too,
// since servers wait for a time of the wall clock.
func (j *judge) misdated(before time.Duration) bool {
	return overlap(j.Clocks, 0, before)
}

// goneTooEarly looks for containers and TTL znodes that are missing before their time, although no
// client asked to delete them.
func (j *judge) goneTooEarly(c *conn, v *view, r *reply, of *content) {
	p := j.past(of.path)
	if p == nil {
		return
	}
	m := p.lastOwn(v.lower)
	if m == nil || m.by == nil || m.what == deleted {
		return
	}
	l, made := j.lifeAt(of.path, p, v.lower)
	if l == nil {
		return
	}
	j.Report[Lifetimes].count("looks", 1)
	if !of.absent || j.log != nil || j.Removed || p.unsure || p.behind(made.zxid, deleted) != nil {
		return
	}
	switch {
	case l.ttl > 0 && len(p.births) == 1 && !j.misdated(r.at) && r.at-made.by.at < l.ttl && made.zxid>>32 == v.lower>>32:
		j.broken(Lifetimes, append(r.request.events(), made.shown()...), "%s finds nothing, though the znode has a TTL of %s, client %d's %s was sent at %s only, and no client had asked to delete it",
			told(c, r), l.ttl, made.by.conn.client, made.by.name(), at(made.by.at))
	case j.standingChild(of.path, p, r, v.lower) != nil:
		m := j.standingChild(of.path, p, r, v.lower)
		j.broken(Lifetimes, append(r.request.events(), m.shown()...), "%s finds nothing, though %s created a child of it, and no client had asked to delete either", told(c, r), m.wrote())
	case l.ttl == 0 && !j.everHad(of.path, p):
		j.broken(Lifetimes, append(r.request.events(), made.shown()...), "%s finds nothing, though it was created as a container, and no client had asked to create a child of it or to delete it", told(c, r))
	}
}

// lifeAt returns the kind of life with which a znode was created, and its creation; nil if it was
// no container or TTL znode, or if that is not known.
func (j *judge) lifeAt(path string, p *past, z history.ID) (*life, *change) {
	for i := len(p.own) - 1; i >= 0; i-- {
		m := &p.own[i]
		if m.zxid > z || m.what == set {
			continue
		}
		if m.what != created || m.by == nil || m.by.Path != path {
			return nil, nil
		}
		return lifeOfRequest(m.by.Request), m
	}
	return nil, nil
}

// standingChild returns the creation of a child that no client can have deleted by the time of a
// reply; nil if none is known.
func (j *judge) standingChild(path string, p *past, r *reply, z history.ID) *change {
	for i := range p.children {
		child := j.past(join(path, p.children[i].child))
		if child == nil || child.ephemeral {
			continue
		}
		if m := j.standing(child, r, z); m != nil {
			return m
		}
	}
	return nil
}

// everHad reports whether a client had ever asked for a child of a path.
func (j *judge) everHad(path string, p *past) bool {
	if len(p.children) > 0 || p.unnamed {
		return true
	}
	for child := range j.pasts {
		if strings.HasPrefix(child, path+"/") {
			return true
		}
	}
	return false
}

// stayed looks for containers and TTL znodes that still exist long after they were due. The interval
// in which servers look for them must be known.
func (j *judge) stayed(c *conn, v *view, r *reply, of *content) {
	if j.log == nil || j.Sweep <= 0 || v.fence == nil || of.stat == nil {
		return
	}
	p := j.past(of.path)
	if p == nil {
		return
	}
	l, made := j.lifeAt(of.path, p, v.lower)
	there := &p.versions[p.in(v.lower)]
	if l == nil || there.children > 0 || l.ttl == 0 && there.creates == 0 {
		return
	}
	m := p.changeAt(there.from)
	if m.by == nil || m.by.reply == nil {
		return
	}
	due := m.by.reply.at + l.ttl
	asked := v.fence.at
	if asked <= due || j.interfered(due, asked) || j.misdated(asked) {
		return
	}
	j.Report[Lifetimes].count("looks_behind", 1)
	if asked-due > 2*j.Sweep+slack {
		j.broken(Lifetimes, append(append(r.request.events(), v.fence.index), append(made.shown(), m.shown()...)...), "%s shows the znode, which is %s, though it was due for deletion at %s, and the servers look for such znodes every %s",
			told(c, r), l, at(due), j.Sweep)
	}
}
