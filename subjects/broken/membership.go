package broken

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// snapshots promises lists of one moment.
type snapshots struct{}

// Snapshots implements [subjects.Snapshots].
func (snapshots) Snapshots() {}

// plainGroup has an ephemeral znode for each member. It is correct as long as no session
// ends; then the member stays away.
type plainGroup struct {
	conn *zk.Conn
	path string
	node string   // of this client's member
	told []string // what Changed returned last
	list func(ctx context.Context, watch bool) ([]string, <-chan zk.Event, error)
}

func newPlainGroup(conn *zk.Conn, path string) *plainGroup {
	g := &plainGroup{conn: conn, path: path}
	g.list = g.read
	return g
}

// RejoinLost returns a group whose members do not join again in a new session (as in kazoo 2.8.0's
// Party). Property "converge" finds it when sessions expire.
func RejoinLost(c *subjects.Client, path string) (subjects.Group, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Group { return newPlainGroup(conn, path) })
}

func (g *plainGroup) Join(_ context.Context, member string) (err error) {
	g.node, err = g.conn.Create(g.path+"/member-", []byte(member), zk.FlagEphemeral|zk.FlagSequence, openACL)
	return err
}

func (g *plainGroup) Leave(context.Context) error {
	if err := g.conn.Delete(g.node, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil
}

// GivesUpLeaving returns a group whose member stays when the call to leave fails: leaving is not
// retried, and the znode stays until the session ends. Property "converge" finds it when requests
// are lost.
func GivesUpLeaving(c *subjects.Client, path string) (subjects.Group, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Group { return newPlainGroup(conn, path) })
}

func (g *plainGroup) Members(ctx context.Context) ([]string, error) {
	members, _, err := g.list(ctx, false)
	return members, withoutEffect(err)
}

func (g *plainGroup) Changed(ctx context.Context) ([]string, error) {
	for {
		members, changed, err := g.list(ctx, true)
		if err != nil {
			return nil, withoutEffect(err)
		}
		if !slices.Equal(members, g.told) {
			g.told = members
			return members, nil
		}
		if err := waitFor(ctx, changed); err != nil {
			return nil, withoutEffect(err)
		}
	}
}

// withoutEffect marks an error of a read as without effect.
func withoutEffect(err error) error {
	if err != nil {
		err = subjects.WithoutEffect(err)
	}
	return err
}

// read lists the members of one view: if one of them goes meanwhile, it starts again.
func (g *plainGroup) read(ctx context.Context, watch bool) ([]string, <-chan zk.Event, error) {
	for {
		names, changed, err := g.children(watch)
		if err != nil {
			return nil, nil, err
		}
		members, torn, err := g.readAll(names)
		switch {
		case err != nil:
			return nil, nil, err
		case !torn:
			return members, changed, nil
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		}
	}
}

func (g *plainGroup) children(watch bool) (names []string, changed <-chan zk.Event, err error) {
	if watch {
		names, _, changed, err = g.conn.ChildrenW(g.path)
	} else {
		names, _, err = g.conn.Children(g.path)
	}
	return names, changed, err
}

// readAll returns the data of the znodes, except of those that have gone.
func (g *plainGroup) readAll(names []string) (members []string, torn bool, err error) {
	for _, name := range names {
		data, _, err := g.conn.Get(g.path + "/" + name)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			torn = true
		case err != nil:
			return nil, false, err
		default:
			members = append(members, string(data))
		}
	}
	slices.Sort(members)
	return slices.Compact(members), torn, nil
}

// persistentMember has a znode that outlives the session.
type persistentMember struct {
	*plainGroup
	session int64
}

// PersistentMember returns a group that treats its persistent znodes as ephemeral: a member that
// leaves after its session has ended assumes that its znode is gone, and a crashed member stays for
// ever. Property "converge" finds it when sessions expire, and "gone" when clients crash.
func PersistentMember(c *subjects.Client, path string) (subjects.Group, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Group {
		return &persistentMember{plainGroup: newPlainGroup(conn, path)}
	})
}

func (g *persistentMember) Join(_ context.Context, member string) (err error) {
	g.session = g.conn.SessionID()
	g.node, err = g.conn.Create(g.path+"/member-", []byte(member), zk.FlagSequence, openACL)
	return err
}

func (g *persistentMember) Leave(ctx context.Context) error {
	if g.conn.SessionID() != g.session {
		return nil
	}
	return g.plainGroup.Leave(ctx)
}

// oneShotWatch treats a one-shot watch as persistent.
type oneShotWatch struct {
	subjects.Group
	plain *plainGroup
	watch <-chan zk.Event
	look  bool // it must look: it was asked for the first time, or did something itself since the last look
}

// OneShotWatch returns a group that watches once, and is told only of the first change of others.
// Property "converge" finds it whenever a client waits for changes.
func OneShotWatch(c *subjects.Client, path string) (subjects.Group, error) {
	right, err := subjects.NewGroup(c, path)
	if err != nil {
		return nil, err
	}
	return opened(c, path, func(conn *zk.Conn) subjects.Group {
		return &oneShotWatch{Group: right, plain: newPlainGroup(conn, path), look: true}
	})
}

func (g *oneShotWatch) Join(ctx context.Context, member string) error {
	g.look = true
	return g.Group.Join(ctx, member)
}

func (g *oneShotWatch) Leave(ctx context.Context) error {
	g.look = true
	return g.Group.Leave(ctx)
}

func (g *oneShotWatch) Changed(ctx context.Context) (members []string, err error) {
	for {
		if g.watch == nil {
			if _, g.watch, err = g.plain.children(true); err != nil {
				return nil, withoutEffect(err)
			}
		}
		if g.look {
			if members, err = g.Group.Members(ctx); err != nil {
				return nil, err
			}
			if g.look = false; !slices.Equal(members, g.plain.told) {
				g.plain.told = members
				return members, nil
			}
		}
		select {
		case e, ok := <-g.watch:
			if g.look = ok && e.Err == nil; !g.look {
				<-ctx.Done()
			}
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return nil, withoutEffect(context.Cause(ctx))
		}
	}
}

// cacheForgetsLate keeps what it has read for too long.
type cacheForgetsLate struct {
	subjects.Group
	snapshots
	own  string
	seen map[string]time.Time
}

// CacheForgetsLate returns a group that lists other members from a cache for a second after they
// have left. Property "fresh" finds it whenever members leave.
func CacheForgetsLate(c *subjects.Client, path string) (subjects.Group, error) {
	right, err := subjects.NewGroup(c, path)
	return &cacheForgetsLate{Group: right, seen: map[string]time.Time{}}, err
}

func (g *cacheForgetsLate) Join(ctx context.Context, member string) error {
	g.own = member
	return g.Group.Join(ctx, member)
}

func (g *cacheForgetsLate) Members(ctx context.Context) ([]string, error) {
	members, err := g.Group.Members(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, m := range members {
		if m != g.own {
			g.seen[m] = now
		}
	}
	for m, at := range g.seen {
		if now.Sub(at) > time.Second {
			delete(g.seen, m)
		} else if !slices.Contains(members, m) {
			members = append(members, m)
		}
	}
	slices.Sort(members)
	return members, nil
}

// tellsThePast repeats old lists.
type tellsThePast struct {
	subjects.Group
	last, before []string
	n            int
	back         bool // the list that it reported last is an old one
}

// TellsThePast returns a group that, after every third change, reports the former list once more,
// if that had several members, and then the present one. Property "monotone" finds it whenever a
// client follows the changes.
func TellsThePast(c *subjects.Client, path string) (subjects.Group, error) {
	right, err := subjects.NewGroup(c, path)
	return &tellsThePast{Group: right}, err
}

func (g *tellsThePast) Changed(ctx context.Context) ([]string, error) {
	if g.back {
		g.back = false
		return g.last, nil
	}
	if g.n++; g.n%3 == 0 && len(g.before) > 1 {
		g.back = true
		return g.before, nil
	}
	members, err := g.Group.Changed(ctx)
	if err == nil {
		g.last, g.before = members, g.last
	}
	return members, err
}

// TornList returns a group that lists members one by one, and leaves out those that go meanwhile,
// although others have joined before: the list was never the whole group. Property "snapshots"
// finds it whenever members come and go.
func TornList(c *subjects.Client, path string) (subjects.Group, error) {
	right, err := subjects.NewGroup(c, path)
	if err != nil {
		return nil, err
	}
	return opened(c, path, func(conn *zk.Conn) subjects.Group { return &tornList{Group: right, plain: newPlainGroup(conn, path)} })
}

type tornList struct {
	subjects.Group
	snapshots
	plain *plainGroup
}

func (g *tornList) Members(context.Context) ([]string, error) {
	names, _, err := g.plain.children(false)
	if err != nil {
		return nil, withoutEffect(err)
	}
	time.Sleep(3 * lookAgain) // as long as reading many members one by one takes
	members, _, err := g.plain.readAll(names)
	return members, withoutEffect(err)
}
