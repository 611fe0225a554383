package monitor

// heard is what events told before connections were lost of which not all is compared yet. What is
// found then is not told twice.
type heard struct {
	spans []span
	// edge is what was told of the last transactions before the losses, by path: others of the
	// same transaction may not have been.
	edge map[string]int64
}

// span is zxids of which events told all: those behind from, up to to.
type span struct{ from, to int64 }

// heardOf says that an event has told of a change that was found, though the folder of the znode
// was not loaded then.
func (f *Follower) heardOf(n *node, zxid int64) bool {
	if zxid == 0 || f.own {
		return false
	}
	for _, s := range f.heard.spans {
		if zxid > s.from && zxid <= s.to {
			return true
		}
	}
	return f.heard.edge[n.path()] == zxid
}

// hearNoMore notes what was told, when a connection is lost.
func (f *Follower) hearNoMore() {
	f.heard.spans = append(f.heard.spans, span{f.watched, f.horizon})
	if f.heard.edge == nil {
		f.heard.edge = make(map[string]int64)
	}
	var last int64
	for i := f.changes.next - 1; ; i-- {
		c := f.changes.at(i)
		switch {
		case c == nil || c.ofEvent() && c.Zxid < last:
			return
		case c.ofEvent() && c.Zxid > 0:
			last = c.Zxid
			f.heard.edge[c.Path] = c.Zxid
		}
	}
}
