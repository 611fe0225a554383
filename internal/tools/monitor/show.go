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
func (f *Follower) Open(path string) { f.locked(func() { f.tree.open(path) }) }

// Shut hides the children of a znode, and forgets them.
func (f *Follower) Shut(path string) { f.locked(func() { f.tree.shut(path) }) }

// Choose has the value, stat and permissions of a znode read and kept fresh. "" chooses none.
func (f *Follower) Choose(path string) { f.locked(func() { f.tree.choose(path) }) }

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
	t := f.tree
	t.prepare(w.Filter)
	v := View{
		Conn: f.feed.conn, How: f.feed.how(), Total: t.root.rows, Kept: -1, Chosen: t.choice.show(), Log: f.changes.all(),
		Status: f.status, StatusAt: f.statusAt, Sessions: f.sessionsNow(), Meaning: t.meaning(),
	}
	v.Conn.Comparing = t.checks
	v.Counts = Counts{
		Znodes: t.znodes, Ephemerals: t.ephemerals, Changes: f.changes.ofZnodes, LastSecond: f.changes.rate.last(time.Now()),
		Reads: f.reads.sent, Waiting: f.reads.waiting(),
	}
	v.First = t.window(w, &v.Kept)
	v.Rows = t.drawn(v.First, w.N)
	return v
}

// sessionsNow are the sessions that own something, and those that servers tell of.
func (f *Follower) sessionsNow() []SessionInfo {
	known := make(map[int64]SessionInfo)
	for id, n := range f.tree.owners {
		known[id] = SessionInfo{ID: id, Znodes: n}
	}
	for _, s := range f.connections {
		known[s.ID] = SessionInfo{ID: s.ID, Znodes: f.tree.owners[s.ID], Server: s.Server, Client: s.Client}
	}
	list := make([]SessionInfo, 0, len(known))
	for id, s := range known {
		s.Own = id == f.feed.conn.Session
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
