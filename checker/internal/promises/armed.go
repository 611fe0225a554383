package promises

import (
	"sort"

	"github.com/zklab/zklab/history"
)

// A reply whose body has no stat does not show how new it is: the zxid in its header is only a
// lower bound, and later changes that were undone again left no trace in it. The watch that such a
// reply set waits for changes after the latest view from which the reply can have been made.

// absentAt returns a view from which on a znode was absent until a reply that did not find
// it set a watch; false if that is unknown.
func (w *watches) absentAt(path string, r *reply) (base history.ID, sure bool) {
	p := w.past(path)
	if p == nil {
		return r.zxid, true
	}
	base = r.zxid
	for {
		made := p.behind(base, created)
		if made == nil || !w.possible(r, made) {
			return base, true
		}
		gone := p.behind(made.zxid-1, deleted)
		switch {
		case gone != nil && w.possible(r, gone):
			base = gone.zxid
		case w.log == nil && w.vanishes(p): // it may have existed for a while unseen
			return base, false
		default:
			return base, true
		}
	}
}

// untold returns a creation of which a server must have sent an event at once, because a reply
// confirmed that a watch that waited for it was set again; nil if none is known.
func (w *watches) untold(path string, r *reply, v *view) *change {
	p := w.past(path)
	if p == nil || boot(path) {
		return nil
	}
	if w.log == nil {
		if m := p.behind(p.deleted, created); m != nil && m.zxid <= v.replied && !w.vanishes(p) {
			return m
		}
		return nil
	}
	if i := p.first(&content{absent: true}, v.replied); i >= 0 && p.versions[i].from <= w.log.committed(r.at) {
		return nil
	}
	return p.changeAt(p.versions[p.in(v.replied)].czxid)
}

// missing reports whether a server must have sent an event at once, when a reply confirmed that a
// watch was set again, because the znode had been deleted or changed: no view that the server can
// have had shows the znode as the client last knew it. The change is the one that replaced that
// state, or nil.
func (w *watches) missing(x *watch, r *reply, v *view) (*change, bool) {
	if w.log == nil || boot(x.path) {
		return nil, false
	}
	p := w.past(x.path)
	if p == nil {
		return nil, true
	}
	since := r.request.Since
	first := p.in(v.replied)
	for i := first; i < len(p.versions) && (i == first || p.versions[i].from <= since); i++ {
		if quiet := &p.versions[i]; quiet.present && (x.table == dataTable && quiet.mzxid <= since || x.table == childTable && quiet.pzxid <= since) {
			return nil, false
		}
	}
	if p.versions[first].from == 0 {
		return nil, true
	}
	return p.changeAt(p.versions[first].from), true
}

// listedAt is like absentAt, for a list of children.
func (w *watches) listedAt(path string, r *reply) (base history.ID, sure bool) {
	p := w.past(path)
	if p == nil {
		return r.zxid, true
	}
	if w.log != nil {
		is := p.withNames(hashes(r.Children))
		for i := len(is) - 1; i >= 0; i-- {
			if from := p.versions[is[i]].from; from <= r.ceiling && from <= w.log.committed(r.at) {
				return max(from, r.zxid), true
			}
		}
		return r.zxid, false
	}
	base = r.zxid
	var listed map[string]bool
	for i := sort.Search(len(p.children), func(i int) bool { return p.children[i].zxid > base }); i < len(p.children); i++ {
		m := &p.children[i]
		if !w.possible(r, m) {
			break
		}
		if listed == nil {
			listed = setOf(r.Children)
		}
		if listed[m.child] != (m.what == created) {
			return base, !w.undone(path, r, m)
		}
		base = m.zxid
	}
	return base, true
}

// undone reports whether a change of a child can have been undone when a reply was made.
func (w *watches) undone(parent string, r *reply, m *change) bool {
	p := w.past(join(parent, m.child))
	if p == nil {
		return true
	}
	if next := after(p.own, m.zxid); next != nil && w.possible(r, next) {
		return true
	}
	return m.what == created && w.vanishes(p) || m.what == deleted && p.retried
}

// vanishes reports whether a znode can have been deleted without any answer that shows
// it.
func (j *judge) vanishes(p *past) bool { return p.doubtful() || p.ephemeral || j.Removed }

// setOf returns the elements of a list as a set.
func setOf(of []string) map[string]bool {
	all := make(map[string]bool, len(of))
	for _, s := range of {
		all[s] = true
	}
	return all
}

// hashes returns the sum of the hashes of some names.
func hashes(names []string) (sum uint64) {
	for _, name := range names {
		sum += hash(name)
	}
	return sum
}
