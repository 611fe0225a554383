package promises

import "github.com/zklab/zklab/history"

// counted checks that a znode's cversion stays the same as long as its pzxid does: both change
// with its children, and with nothing else ("Programmer's Guide, ZooKeeper Stat Structure").
func (j *judge) counted(c *conn, r *reply, of *content) {
	s, p := of.stat, j.past(of.path)
	if s == nil || boot(of.path) || p != nil && (p.stuck || p.recounted) {
		return
	}
	if j.counts == nil {
		j.counts = map[childrenOf]shownCount{}
	}
	key := childrenOf{of.path, s.Pzxid}
	before, ok := j.counts[key]
	if !ok {
		j.counts[key] = shownCount{s.Cversion, r}
		return
	}
	if before.cversion != s.Cversion {
		j.broken(SingleImage, append(r.request.events(), before.reply.request.events()...), "%s shows cversion %d, and %s cversion %d, though both show pzxid %s: no child was created or deleted in between",
			told(c, r), s.Cversion, told(before.reply.request.conn, before.reply), before.cversion, s.Pzxid)
	}
}

// childrenOf identifies the children of a path from one change of them to the next.
type childrenOf struct {
	path  string
	pzxid history.ID
}

// shownCount is the number of changes of children that a reply showed.
type shownCount struct {
	cversion int32
	reply    *reply
}
