package monitor

// reach says of which transactions events have told, and of which they will. The feed updates
// it, and the tree reads it.
type reach struct {
	// own says that the servers know no persistent watches: each znode has watches of its own.
	own  bool
	live bool // a watch tells what happens now
	// watched is the zxid at which the present watch was set: what is later, events tell.
	watched int64
	// horizon is the zxid up to which all events came; while a connection is lost that of the
	// loss.
	horizon int64
	heard   heard
}

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

// begin notes that a watch tells what is later than a zxid.
func (r *reach) begin(zxid int64) { r.watched, r.live = zxid, true }

// caughtUp notes that all events up to a zxid came.
func (r *reach) caughtUp(zxid int64) {
	if r.live {
		r.horizon = max(r.horizon, zxid)
	}
}

// beyond says that no event of the present watch tells of a zxid.
func (r *reach) beyond(zxid int64) bool { return r.own || r.watched == 0 || zxid <= r.watched }

// heardOf says that an event has told of a change of a path that was found, though the folder of
// the znode was not loaded then.
func (r *reach) heardOf(path string, zxid int64) bool {
	if zxid == 0 || r.own {
		return false
	}
	for _, s := range r.heard.spans {
		if zxid > s.from && zxid <= s.to {
			return true
		}
	}
	return r.heard.edge[path] == zxid
}

// end notes what was told, when a connection is lost.
func (r *reach) end(told *changes) {
	if !r.live {
		return
	}
	r.live = false
	r.heard.spans = append(r.heard.spans, span{r.watched, r.horizon})
	if r.heard.edge == nil {
		r.heard.edge = make(map[string]int64)
	}
	var last int64
	for i := told.next - 1; ; i-- {
		c := told.at(i)
		switch {
		case c == nil || c.ofEvent() && c.Zxid < last:
			return
		case c.ofEvent() && c.Zxid > 0:
			last = c.Zxid
			r.heard.edge[c.Path] = c.Zxid
		}
	}
}
