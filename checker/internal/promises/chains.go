package promises

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sort"

	"github.com/zklab/zklab/history"
)

// This file is for records without transactions. It compares what replies show of a znode
// with other replies, and acknowledged writes with each other. Between the creation and
// the deletion of a znode, each write makes the next version.

// shownWrite is a reply's view of a znode as a write left it.
type shownWrite struct {
	*history.Stat
	data  []byte
	has   bool // the reply showed data
	reply *reply
}

// agreesOnWrite compares what a reply shows with what other replies showed of the same
// write, and reports whether they agree.
func (j *judge) agreesOnWrite(c *conn, r *reply, of *content) bool {
	if of.stat == nil || boot(of.path) {
		return true
	}
	if j.shownWrites == nil {
		j.shownWrites = map[string]map[history.ID]*shownWrite{}
	}
	at := j.shownWrites[of.path]
	if at == nil {
		at = map[history.ID]*shownWrite{}
		j.shownWrites[of.path] = at
	}
	s := at[of.stat.Mzxid]
	if s == nil {
		at[of.stat.Mzxid] = &shownWrite{of.stat, of.data, of.hasData, r}
		return true
	}
	if s.Czxid != of.stat.Czxid || s.Version != of.stat.Version || s.Owner != of.stat.Owner ||
		s.has && of.hasData && !bytes.Equal(s.data, of.data) {
		j.broken(SingleImage, append(r.request.events(), s.reply.request.events()...), "%s and %s show other data or another version of one write, that of zxid %s",
			told(c, r), told(s.reply.request.conn, s.reply), s.Mzxid)
		return false
	}
	if of.hasData {
		s.data, s.has = of.data, true
	}
	return true
}

// versions checks that every acknowledged write of a znode made a version, and that versions rise with
// the writes.
func (j *judge) versions() {
	for _, path := range slices.Sorted(maps.Keys(j.shownWrites)) {
		all := slices.SortedFunc(maps.Values(j.shownWrites[path]), func(x, y *shownWrite) int {
			return cmp.Or(cmp.Compare(x.Czxid, y.Czxid), cmp.Compare(x.Mzxid, y.Mzxid))
		})
		p := j.past(path)
		for i, s := range all {
			before := &shownWrite{Stat: &history.Stat{Czxid: s.Czxid, Mzxid: s.Czxid}, reply: s.reply}
			if i > 0 && all[i-1].Czxid == s.Czxid {
				before = all[i-1]
			}
			if s.Version < 0 || before.Version < 0 || s.Mzxid == before.Mzxid { // the version number may have overflowed
				continue
			}
			if grew, least := int(s.Version-before.Version), max(1, p.sets(before.Mzxid, s.Mzxid)); grew < least {
				j.broken(Durable, append(s.reply.request.events(), before.reply.request.events()...), "%s shows version %d of %s at zxid %s, after version %d at zxid %s: %d writes at least were between",
					told(s.reply.request.conn, s.reply), s.Version, path, s.Mzxid, before.Version, before.Mzxid, least)
				break
			}
			j.unjustConflict(path, before, s)
		}
	}
}

// sets returns the number of acknowledged writes of data after one zxid and up to another.
func (p *past) sets(from, to history.ID) int {
	if p == nil {
		return 0
	}
	p.behind(0, set)
	count := func(z history.ID) int {
		return sort.Search(len(p.sorts[set]), func(i int) bool { return p.own[p.sorts[set][i]].zxid > z })
	}
	return count(to) - count(from)
}

// turns checks the order of acknowledged writes of one znode: it is not created twice without a
// deletion in between, and not written or deleted while it is deleted.
func (j *judge) turns() {
	for _, path := range slices.Sorted(maps.Keys(j.pasts)) {
		p := j.pasts[path]
		for i := 1; i < len(p.own); i++ {
			a, b := &p.own[i-1], &p.own[i]
			switch {
			case a.what == deleted && b.what != created && !j.appears(path, p):
			case a.what != deleted && b.what == created && !b.numbered() && !j.vanishes(p):
			default:
				continue
			}
			j.broken(Durable, append(a.shown(), b.shown()...), "%s and %s were both acknowledged, though no request in between made the second possible: a change of %s is lost",
				a.wrote(), b.wrote(), path)
		}
	}
}

// numbered reports whether the server chose a number for the created znode: then [Names] judges it.
func (c *change) numbered() bool {
	return c.by.Sequential || slices.ContainsFunc(c.by.Parts, func(r history.Request) bool { return r.Sequential })
}

// appears reports whether a znode may have been created without any answer that shows
// it.
func (j *judge) appears(path string, p *past) bool {
	if j.Removed || p.retried {
		return true
	}
	parent, _ := split(path)
	up := j.past(parent)
	return up != nil && up.unnamed
}

// unjust checks that no write was refused for a reason that did not exist.
func (j *judge) unjust(c *conn, r *reply) {
	q := r.request
	if q.answer() != refused || r.zxid == 0 || q.Op == opMulti {
		return
	}
	j.conflict(q)
	path := q.Path
	if kind(q.Op) == opCreate && r.Error == -101 {
		path, _ = split(path)
	}
	p := j.past(path)
	if p == nil || boot(path) {
		return
	}
	var m *change
	switch {
	case r.Error == -101 && !p.ephemeral:
		m = j.standing(p, r, r.zxid)
	case r.Error == -110 && !q.Sequential && !j.appears(path, p):
		m = j.over(p, r, r.zxid)
	}
	if m != nil {
		j.broken(Durable, append(q.events(), m.shown()...), "%s says error %d, though %s was before it, and no request can have undone that", told(c, r), r.Error, m.wrote())
	}
}
