package monitor

// reach says which transactions the events have reported, and which ones they will report. The feed
// updates it, and the tree reads it.
type reach struct {
	// own means that the servers have no persistent watches: each znode has watches of its own.
	own  bool
	live bool // the watch reports what happens now
	// watched is the zxid at which the present watch was set: events report everything after it.
	watched int64
	// horizon is the zxid up to which all events have arrived. It stands still while there is no
	// connection.
	horizon int64
	heard   heard
}

// heard holds what events reported before the connections were lost, until the comparison is complete,
// so that the follower does not report it a second time.
type heard struct {
	spans []span
	// edge has the zxids of the last transactions before the losses, by the paths that events
	// reported: other events of these transactions may be missing.
	edge map[string]int64
}

// span is a range of zxids, after from and up to to, whose events have all arrived.
type span struct{ from, to int64 }

// begin notes that a watch reports everything after a zxid.
func (r *reach) begin(zxid int64) { r.watched, r.live = zxid, true }

// caughtUp notes that all events up to a zxid have arrived.
func (r *reach) caughtUp(zxid int64) {
	if r.live {
		r.horizon = max(r.horizon, zxid)
	}
}

// beyond reports whether no event of the present watch reports a zxid.
func (r *reach) beyond(zxid int64) bool { return r.own || r.watched == 0 || zxid <= r.watched }

// heardOf reports whether an event has already reported a change that a comparison found. The folder
// of the znode was then not loaded.
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

// end notes, when a connection is lost, what events have reported.
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
