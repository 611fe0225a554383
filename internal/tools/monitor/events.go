package monitor

import (
	"time"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file applies events to the tree.

// happened applies an event of a watch.
func (t *tree) happened(e client.Event) {
	if folder, _ := split(e.Path); t.choice.path == e.Path || t.choice.path == folder && e.Type != wire.EventDataChanged {
		t.reads.want(&t.choice.target, needValue, true)
	}
	if t.reach.own {
		t.happenedSomehow(e)
		return
	}
	n, above := t.find(e.Path)
	switch e.Type {
	case wire.EventCreated:
		n = t.created(e, n, above)
	case wire.EventDataChanged:
		if n != nil {
			t.dataChanged(n)
		}
	case wire.EventDeleted:
		t.deleted(e, n, above)
	default:
		return
	}
	if n != nil {
		n.told = max(n.told, e.Zxid)
		if e.Zxid == 0 { // without a zxid the change cannot be told from earlier ones
			t.compared(n)
		}
		above = n.parent
	}
	for folder := above; folder != nil; folder = folder.parent {
		if !folder.open { // it may be listed all the same, for its meaning
			folder.below = time.Now()
		}
	}
	t.tellOf(n, Change{Kind: kindOf[e.Type], Path: e.Path, Zxid: e.Zxid})
}

var kindOf = map[wire.EventType]Kind{
	wire.EventCreated: Created, wire.EventDataChanged: Changed, wire.EventDeleted: Deleted,
}

// created adds a new znode, if its folder is loaded or being listed. The znode has no kids: each new
// kid has an event of its own.
func (t *tree) created(e client.Event, n, above *node) *node {
	if n != nil && n.parent != nil { // its deletion was missed
		t.remove(n)
		above = n.parent
	}
	if n == t.root {
		t.rootCreated()
		return n
	}
	folder, name := split(e.Path)
	if above == nil || above.path() != folder {
		return nil
	}
	t.noted(above, name)
	t.stale(above)
	if !above.listed && above.journal == nil {
		return nil
	}
	if t.znodes >= t.most {
		t.unread(above, errTooMany)
		return nil
	}
	kid := t.add(above, name)
	kid.listed = t.wanted(kid)
	t.reads.want(&kid.target, needStat, false)
	return kid
}

func (t *tree) rootCreated() {
	t.unload(t.root)
	t.root.gone, t.root.mark, t.root.at = false, Created, time.Now()
	t.loadRoot()
}

func (t *tree) dataChanged(n *node) {
	n.mark, n.at, n.past = Changed, time.Now(), true
	t.stale(n)
}

// deleted removes a znode. The log can still use n.
func (t *tree) deleted(e client.Event, n, above *node) {
	if folder, name := split(e.Path); above != nil && above.path() == folder {
		t.noted(above, name)
		t.stale(above)
	}
	if n != nil {
		t.remove(n)
	}
}

// noted notes that an event reported a kid while its folder is being listed.
func (t *tree) noted(folder *node, name string) {
	if folder.journal != nil {
		folder.journal[name] = struct{}{}
	}
}

// stale notes that the metadata of a znode is outdated. It is read again when the znode is drawn.
func (t *tree) stale(n *node) {
	n.outdated = true
	if t.reach.own {
		t.reads.want(&n.target, needStat, false) // the read sets the watch again
	}
}
