package monitor

import (
	"cmp"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file is how events and replies change the copy.

var errTooMany = errors.New("not listed: with it there would be more znodes than may be loaded")

func (f *Follower) newNode(parent *node, name string) *node {
	n := &node{parent: parent, name: name, entry: -1}
	n.of = n
	n.rows = f.rowsOf(n)
	f.counts.Znodes++
	return n
}

// wanted says that the kids of a znode are to be known.
func (f *Follower) wanted(n *node) bool {
	return n.open || f.cfg.All || !n.helps.IsZero() || f.choice.needs(n)
}

// happened takes an event of a watch.
func (f *Follower) happened(e client.Event) {
	if folder, _ := split(e.Path); f.choice.path == e.Path || f.choice.path == folder && e.Type != wire.EventDataChanged {
		f.reads.want(&f.choice.target, needValue, true)
	}
	if f.own {
		f.happenedSomehow(e)
		return
	}
	n, above := f.find(e.Path)
	switch e.Type {
	case wire.EventCreated:
		n = f.created(e, n, above)
	case wire.EventDataChanged:
		if n != nil {
			f.dataChanged(n)
		}
	case wire.EventDeleted:
		f.deleted(e, n, above)
	default:
		return
	}
	if n != nil {
		n.told = max(n.told, e.Zxid)
		if e.Zxid == 0 { // what happened before cannot be told from this
			f.compared(n)
		}
		above = n.parent
	}
	for folder := above; folder != nil; folder = folder.parent {
		if !folder.open { // though it may be listed, for what it means
			folder.below = time.Now()
		}
	}
	f.tellOf(n, Change{Kind: kindOf[e.Type], Path: e.Path, Zxid: e.Zxid})
}

var kindOf = map[wire.EventType]Kind{
	wire.EventCreated: Created, wire.EventDataChanged: Changed, wire.EventDeleted: Deleted,
}

// created puts a new znode in, if the folder that it is in is loaded or being listed. It has no
// kids: each that it gets has an event of its own.
func (f *Follower) created(e client.Event, n, above *node) *node {
	if n != nil && n.parent != nil { // that it went was missed
		f.remove(n)
		above = n.parent
	}
	if n == f.root {
		f.rootCreated()
		return n
	}
	folder, name := split(e.Path)
	if above == nil || above.path() != folder {
		return nil
	}
	f.noted(above, name)
	f.stale(above)
	if !above.listed && above.journal == nil {
		return nil
	}
	if f.counts.Znodes >= f.cfg.Most {
		f.unread(above, errTooMany)
		return nil
	}
	kid := f.add(above, name)
	kid.listed = f.wanted(kid)
	f.reads.want(&kid.target, needStat, false)
	return kid
}

func (f *Follower) rootCreated() {
	f.unload(f.root)
	f.root.gone, f.root.mark, f.root.at = false, Created, time.Now()
	f.loadRoot()
}

// loadRoot has the root read, and its kids, if they are to be known.
func (f *Follower) loadRoot() {
	if f.wanted(f.root) {
		f.load(f.root)
	} else {
		f.reads.want(&f.root.target, needStat, true)
	}
}

func (f *Follower) dataChanged(n *node) {
	n.mark, n.at, n.past = Changed, time.Now(), true
	f.stale(n)
}

// deleted takes a znode out. n stays good for the log.
func (f *Follower) deleted(e client.Event, n, above *node) {
	if folder, name := split(e.Path); above != nil && above.path() == folder {
		f.noted(above, name)
		f.stale(above)
	}
	if n != nil {
		f.remove(n)
	}
}

// noted notes that an event told of a kid while its folder is being listed.
func (f *Follower) noted(folder *node, name string) {
	if folder.journal != nil {
		folder.journal[name] = struct{}{}
	}
}

// stale notes that a stat is not that of the present. It is read when somebody looks.
func (f *Follower) stale(n *node) {
	n.outdated = true
	if f.own {
		f.reads.want(&n.target, needStat, false) // which sets the watch again
	}
}

func (f *Follower) add(folder *node, name string) *node {
	kid := f.newNode(folder, name)
	if folder.kids == nil {
		folder.kids = make(map[string]*node)
	}
	folder.kids[name] = kid
	kid.mark, kid.at = Created, time.Now()
	if folder.order.made {
		folder.order.put(kid)
		f.resize(folder)
	}
	return kid
}

// load has the kids of a znode read.
func (f *Follower) load(n *node) {
	if n.listed || n.journal != nil {
		return
	}
	n.journal = make(map[string]struct{})
	f.reads.want(&n.target, needKids, n.open)
}

// unload forgets the kids.
func (f *Follower) unload(n *node) {
	f.disarrange(n)
	for _, kid := range n.kids {
		f.forget(kid)
	}
	n.kids, n.listed, n.journal = nil, false, nil
}

// forget takes a znode out of all sums, and all below it.
func (f *Follower) forget(n *node) {
	f.unload(n)
	n.gone = true
	f.compared(n)
	f.setOwner(n, 0)
	f.counts.Znodes--
}

// remove takes a znode out that is not there any more. For a while it is shown as gone.
func (f *Follower) remove(n *node) {
	if n == f.root {
		f.unload(n)
		f.setOwner(n, 0)
		n.gone, n.stat, n.mark, n.at = true, nil, Deleted, time.Now()
		return
	}
	f.forget(n)
	delete(n.parent.kids, n.name)
	n.mark, n.at = Deleted, time.Now()
	f.haunt(n)
}

// Ghosts are shown for so long, and so many at most.
const (
	ghostAge  = 5 * time.Second
	ghostMost = 4096
)

// haunt leaves a znode among the rows for a while.
func (f *Follower) haunt(n *node) {
	if n.parent.order.made {
		f.ghosts = append(f.ghosts, n)
	}
	f.settle()
}

// lay takes a ghost away, unless another znode has its place.
func (f *Follower) lay(n *node) {
	n.parent.order.remove(n)
	f.resize(n.parent)
}

func (f *Follower) setOwner(n *node, owner int64) {
	if n.owner == owner {
		return
	}
	if n.owner != 0 {
		if f.owners[n.owner]--; f.owners[n.owner] == 0 {
			delete(f.owners, n.owner)
		}
		f.counts.Ephemerals--
	}
	if owner != 0 {
		f.owners[owner]++
		f.counts.Ephemerals++
	}
	n.owner = owner
}

// replied takes what a read came to.
func (f *Follower) replied(r reply) {
	switch of := r.of.(type) {
	case *choice:
		of.replied(r)
	case *node:
		if !of.gone || of == f.root {
			f.answered(of, r)
		}
	}
}

func (f *Follower) answered(n *node, r reply) {
	if r.err != nil {
		f.unanswered(n, r)
		return
	}
	if n.gone {
		f.rootAnswered(r.stat)
		return
	}
	if n.statErr = nil; r.need&needKids != 0 {
		n.listErr = nil
	}
	f.setStat(n, r.stat)
	if r.need&needData != 0 && r.need&needKids == 0 {
		n.value, n.valueOf = string(r.data), r.stat.Mzxid
	}
	// A list that was asked for again since is older than the journal; without a journal it
	// was given up.
	if good := f.own || n.journal != nil && n.need&needKids == 0; r.need&needKids != 0 && f.wanted(n) && good {
		f.setKids(n, r.names)
	}
	f.compared(n)
}

// rootAnswered takes that the root is there, which was gone: again, or the reply is of before.
func (f *Follower) rootAnswered(s wire.Stat) {
	if s.Czxid <= f.root.told {
		f.compared(f.root)
		return
	}
	f.rootCreated()
	f.root.unheard = true
	f.check(f.root)
}

// unanswered takes an error. That a znode is not there, events tell, or its folder.
func (f *Follower) unanswered(n *node, r reply) {
	f.compared(n)
	switch {
	case !errors.Is(r.err, wire.NoNode) && r.need&needKids != 0:
		f.unread(n, r.err)
	case !errors.Is(r.err, wire.NoNode) && r.need&needData != 0:
		n.valueErr = r.err
		f.reads.want(&n.target, needStat, true) // which a value would have come with
	case !errors.Is(r.err, wire.NoNode):
		n.statErr = r.err
	case n == f.root && !n.gone && n.need == 0: // else it may have come back since
		f.lose(n)
	}
}

// unread notes that a folder cannot be listed.
func (f *Follower) unread(n *node, err error) {
	f.unload(n)
	n.listErr = err
	f.changes.tell(Change{Kind: Unread, Path: n.path(), Reason: err.Error()})
}

// setStat takes a stat. A znode that is to be compared has changed if it is not the one that
// is known.
func (f *Follower) setStat(n *node, s wire.Stat) {
	unheard := func(zxid int64) bool { return f.own || f.watched == 0 || zxid <= f.watched }
	missed := func(zxid int64) bool { return zxid > n.told && unheard(zxid) }
	n.stat, n.past = &s, n.past && n.outdated
	f.setOwner(n, s.EphemeralOwner)
	created := n.unheard && unheard(s.Czxid) || !n.unheard && missed(s.Czxid)
	switch {
	case !n.check:
	case created && !f.heardOf(n, s.Czxid):
		f.find1(n, Created, s.Czxid)
	case created && s.Mzxid > s.Czxid && unheard(s.Mzxid), missed(s.Mzxid):
		if !f.heardOf(n, s.Mzxid) {
			f.find1(n, Changed, s.Mzxid)
		}
	}
	n.told = max(n.told, s.Mzxid)
	f.complete(n)
}

// find1 tells a difference that was found.
func (f *Follower) find1(n *node, kind Kind, zxid int64) {
	n.mark, n.at = kind, time.Now()
	f.found++
	f.tellOf(n, Change{Kind: kind, Path: n.path(), Zxid: zxid, Found: true})
}

// setKids takes the list of a folder's kids. Of those in the journal events have told
// meanwhile, and are right.
func (f *Follower) setKids(n *node, names []string) {
	if !n.listed && f.counts.Znodes+len(names)-len(n.kids) > f.cfg.Most {
		f.unread(n, errTooMany)
		return
	}
	there := make(map[string]struct{}, len(names))
	for _, name := range names {
		there[name] = struct{}{}
	}
	for name, kid := range n.kids {
		if _, ok := there[name]; !ok && !n.heard(name) {
			f.lose(kid)
		}
	}
	news := n.unheard || n.listed && (n.check || f.own)
	if !n.listed { // it may be large: its rows are made at once, and not one by one
		f.arranges(n)
	}
	n.listed = true
	for _, name := range names {
		switch kid := n.kids[name]; {
		case kid != nil:
			f.doubted(kid)
		case !n.heard(name):
			f.list(n, name, news)
		}
	}
	n.journal = nil
}

func (n *node) heard(name string) bool {
	_, ok := n.journal[name]
	return ok
}

// list puts a znode in that a reply has named.
func (f *Follower) list(folder *node, name string, news bool) {
	kid := f.add(folder, name)
	kid.mark = ""
	kid.told = f.horizon
	if news {
		kid.unheard = true
		f.check(kid)
	}
	if f.wanted(kid) {
		f.load(kid)
	} else {
		f.reads.want(&kid.target, needStat, false)
	}
}

// lose takes a znode out that was found to be gone, and tells it of all below it, too.
func (f *Follower) lose(n *node) {
	for _, kid := range n.kids {
		f.lose(kid)
	}
	f.remove(n)
	f.find1(n, Deleted, 0)
}

// compare has all that is loaded read again, as a connection was lost.
func (f *Follower) compare() {
	if !f.comparing {
		f.comparing, f.found = true, 0
	}
	f.compareBelow(f.root)
	f.conclude()
}

func (f *Follower) compareBelow(n *node) {
	if !n.check {
		n.told = max(n.told, f.horizon)
	}
	f.check(n)
	if n.listed || n.journal != nil {
		n.journal = make(map[string]struct{})
		f.reads.want(&n.target, needKids, n.open)
	} else {
		f.reads.want(&n.target, needStat, false)
	}
	for _, kid := range n.kids {
		f.compareBelow(kid)
	}
}

func (f *Follower) check(n *node) {
	if !n.check {
		n.check = true
		f.checks++
	}
}

// compared notes that a znode is as the server has it.
func (f *Follower) compared(n *node) {
	n.unheard = false
	if n.check {
		n.check = false
		f.checks--
		f.conclude()
	}
}

func (f *Follower) conclude() {
	if f.comparing && f.checks == 0 {
		f.comparing, f.heard = false, heard{}
		f.changes.tell(Change{Kind: Compared, Number: f.found, Zxid: f.watched})
	}
}

// tellOf tells a change of a znode, with what is known of it.
func (f *Follower) tellOf(n *node, c Change) {
	c.Version, c.Bytes = Unknown, Unknown
	if n != nil && n.stat != nil && (c.Kind == Deleted || n.stat.Mzxid >= c.Zxid && c.Zxid > 0) {
		c.Owner = n.stat.EphemeralOwner
		if c.Kind != Deleted || !n.past {
			c.Version, c.Bytes = n.stat.Version, n.stat.DataLength
		}
	}
	c.pending = n != nil && c.Kind == Created && c.Version == Unknown
	if entry := f.changes.tell(c); n != nil {
		n.entry = entry
	}
}

// complete fills in what a stat tells of a znode's last change.
func (f *Follower) complete(n *node) {
	c := f.changes.at(n.entry)
	if c == nil || c.Version != Unknown || c.Kind == Deleted || cmp.Or(c.Zxid, n.stat.Mzxid) != n.stat.Mzxid {
		return
	}
	c.Version, c.Bytes, c.Owner = n.stat.Version, n.stat.DataLength, n.stat.EphemeralOwner
	c.Zxid, c.pending = n.stat.Mzxid, false
	f.changes.signal()
}
