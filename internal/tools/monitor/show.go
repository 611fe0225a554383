package monitor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
)

// Changed holds a value when there may be something new to draw since the last View.
func (f *Follower) Changed() <-chan struct{} { return f.changed }

// Open shows the children of a znode that is among the rows; they are read first. Another path
// is passed over.
func (f *Follower) Open(path string) {
	f.locked(func() {
		if n, _ := f.find(path); n != nil && !n.open {
			n.open, n.below = true, time.Time{}
			f.arranges(n)
			f.load(n)
		}
	})
}

// Shut hides the children of a znode, and forgets them.
func (f *Follower) Shut(path string) {
	f.locked(func() {
		if n, _ := f.find(path); n != nil && n.open {
			n.open = false
			f.disarrange(n)
			if !f.wanted(n) {
				f.unload(n)
			}
		}
	})
}

// NextChange gives each change once, in the order in which the follower learned of them: those
// that events told in that of their zxids. Who asks too late is told how many are not kept
// any more. The error is that of ctx. One goroutine at a time may call it.
func (f *Follower) NextChange(ctx context.Context) (Change, error) {
	for {
		c, wait := f.following()
		if wait == 0 {
			return c, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-f.changes.news:
		case <-timer.C:
		case <-ctx.Done():
		}
		if timer.Stop(); ctx.Err() != nil {
			return Change{}, context.Cause(ctx)
		}
	}
}

func (f *Follower) following() (Change, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changes.following()
}

// View is what there is to draw. What it costs grows with the rows that are asked for, and only
// when another filter is set with all that is open.
func (f *Follower) View(w Window) View {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.changed:
	default:
	}
	f.settle()
	f.dismiss()
	f.setFilter(w.Filter)
	f.arrange()
	v := View{
		Conn: f.conn, How: f.how(), Total: f.root.rows, Kept: -1, Chosen: f.choice.show(), Log: f.changes.all(),
		Counts: f.counts, Status: f.status, StatusAt: f.statusAt, Sessions: f.sessionsNow(), Meaning: f.meaning(),
	}
	v.Conn.Comparing = f.checks
	v.Counts.Changes, v.Counts.LastSecond = f.changes.ofZnodes, f.changes.rate.last(time.Now())
	v.Counts.Reads, v.Counts.Waiting = f.reads.sent, f.reads.waiting()
	v.First = f.window(w, &v.Kept)
	notes := make(map[*node]map[*node]string) // by folder
	for _, p := range f.rows(v.First, w.N) {
		if folder := p.parent; folder != nil && notes[folder] == nil {
			notes[folder] = f.notes(folder)
		}
		r := f.row(p)
		r.Note = notes[p.parent][p.node]
		v.Rows = append(v.Rows, r)
	}
	return v
}

// settle takes away what was shown long enough.
func (f *Follower) settle() {
	for len(f.ghosts) > 0 && (len(f.ghosts) > ghostMost || time.Since(f.ghosts[0].at) > ghostAge) {
		f.lay(f.ghosts[0])
		f.ghosts[0], f.ghosts = nil, f.ghosts[1:]
	}
}

func (f *Follower) how() string {
	if f.own {
		return "watches of its own for each znode: " + f.conn.Server + " is older than 3.6"
	}
	return "one recursive watch"
}

// row draws one, and has its stat read if that is not known: somebody looks.
func (f *Follower) row(p place) Row {
	n := p.node
	if !n.gone && n.statErr == nil && (n.stat == nil || n.outdated) {
		f.reads.want(&n.target, needStat, true)
	}
	r := Row{
		Path: n.path(), Name: n.name, Depth: p.depth, Open: n.open, Owner: n.owner, Mark: n.mark, At: n.at, Below: n.below,
		Loading: n.open && !n.listed && n.listErr == nil && !n.gone, Children: Unknown, Bytes: Unknown, Version: Unknown, Problem: reason(cmp.Or(n.listErr, n.statErr)),
	}
	if n.stat != nil {
		r.Children, r.Bytes, r.Version = n.stat.NumChildren, n.stat.DataLength, n.stat.Version
	}
	if n.listed {
		r.Children = int32(len(n.kids))
	}
	return r
}

// sessionsNow are the sessions that own something, and those that servers tell of.
func (f *Follower) sessionsNow() []SessionInfo {
	known := make(map[int64]SessionInfo)
	for id, n := range f.owners {
		known[id] = SessionInfo{ID: id, Znodes: n}
	}
	for _, s := range f.connections {
		known[s.ID] = SessionInfo{ID: s.ID, Znodes: f.owners[s.ID], Server: s.Server, Client: s.Client}
	}
	list := make([]SessionInfo, 0, len(known))
	for id, s := range known {
		s.Own = id == f.conn.Session
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b SessionInfo) int { return cmp.Compare(uint64(a.ID), uint64(b.ID)) })
	return list
}

// lookAgain asks the servers how they are, until ctx ends.
func (f *Follower) lookAgain(ctx context.Context) {
	for ctx.Err() == nil {
		e := status.Look(ctx, f.cfg.Client.Servers, f.cfg.Queries...)
		all := status.Sessions(ctx, f.cfg.Client.Servers, f.cfg.Queries...)
		f.locked(func() { f.status, f.statusAt, f.connections = e, time.Now(), all })
		_ = await.Sleep(ctx, lookEvery)
	}
}
