package monitor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
)

// Changed returns a channel that has a value when there may be something new to draw since the last
// View.
func (f *Follower) Changed() <-chan struct{} { return f.changed }

// Open opens a folder that is among the rows: it reads its children, and shows them. It ignores other
// paths.
func (f *Follower) Open(path string) { f.locked(func() { f.tree.open(path) }) }

// Shut closes a folder: it hides its children, and forgets them.
func (f *Follower) Shut(path string) { f.locked(func() { f.tree.shut(path) }) }

// Choose chooses a znode, and keeps its value, metadata and permissions up to date; "" chooses none.
func (f *Follower) Choose(path string) { f.locked(func() { f.tree.choose(path) }) }

// NextChange waits for the next change and returns it. It returns each change once, in the order in
// which the follower learned of them: changes that events reported are in the order of their zxids.
// If the log has dropped changes that NextChange has not returned, it returns a Change of kind Missed.
// It returns the cause of ctx when ctx ends. It is not safe for concurrent calls.
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

// View returns what there is to draw. Its cost grows with the number of rows of the window; with a new
// filter, with the number of all open rows.
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

// sessionsNow returns the sessions that own loaded znodes, and those that servers report.
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

// lookAgain queries the state of the servers, until ctx ends.
func (f *Follower) lookAgain(ctx context.Context) {
	for ctx.Err() == nil {
		e := status.Look(ctx, f.cfg.Client.Servers, f.cfg.Queries...)
		all := status.Sessions(ctx, f.cfg.Client.Servers, f.cfg.Queries...)
		f.locked(func() { f.status, f.statusAt, f.connections = e, time.Now(), all })
		_ = await.Sleep(ctx, lookEvery)
	}
}
