// Package commonsgroup is the group of Twitter's commons, on which its server sets are built: a member is an
// ephemeral sequential znode.
package commonsgroup

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "commonsgroup",
	Program: "Twitter commons, Group",
	File:    "twitter-archive/commons, src/java/com/twitter/common/zookeeper/Group.java",
	Version: "commit 17019221 (May 2013)",
	LeftOut: "A member's data is its name. Lists are read as server sets read them: first the names, then the data of each.",
	Promises: "A member that has joined stays a member until it cancels, even if its session ends and it gets another one. A member that has " +
		"cancelled is not listed any more.",
	NotPromised: "A list is read znode by znode, so it need not show the group at one moment.",
	AsIs:        workloads.Membership{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The reply to the create of a member's znode is lost, and join creates a second znode. The member knows only that one, and deletes " +
			"only that one when it cancels. Because of the first znode, the member stays in the group as long as its session lives.",
		Breaks: []string{"converge", "fresh", "log"},
		Fault:  "a lost reply",
		Mend: "Before a member creates its znode again, it looks for one with its name that its session owns. When it cancels, it deletes all of " +
			"them. A membership whose join or cancel failed is not renewed; what is left of it is deleted as soon as a server answers. The list " +
			"is also read again each second.",
		Mended: workloads.Membership{New: newMended},
	},
}

// Group is the group, for one client.
type Group struct {
	c       *subjects.Client
	path    string
	mended  bool
	m       *membership
	monitor port.List // GroupMonitor
	end     context.Context
	stop    context.CancelFunc
}

// membership is the source's ActiveMembership.
type membership struct {
	g         *Group
	name      string
	mu        chan struct{} // synchronized
	node      string
	cancelled bool
}

// New returns the group of a client.
func New(c *subjects.Client, path string) (subjects.Group, error) {
	g := &Group{c: c, path: path}
	g.end, g.stop = context.WithCancel(context.Background())
	g.monitor.Read = func() ([]string, <-chan zk.Event, error) { return g.list(true) }
	g.monitor.Pause, g.monitor.End = 200*time.Millisecond, g.end
	return g, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Group, error) {
	g, err := New(c, path)
	g.(*Group).mended, g.(*Group).monitor.Again = true, time.Second
	return g, err
}

// join creates the member's znode, and starts the goroutines that join again when the session expires or the
// znode is deleted. Callers hold mu.
func (m *membership) join() error {
	if m.cancelled {
		return nil
	}
	if m.node == "" {
		go m.followSession(m.g.c.Subscribe(m.g.end))
	}
	node, err := m.create()
	if err != nil {
		return err
	}
	m.node = node
	_, _, gone, err := m.g.c.Conn.ExistsW(node)
	if err != nil {
		return err
	}
	go func() {
		select {
		case e := <-gone:
			if e.Type == zk.EventNodeDeleted {
				m.tryJoin()
			}
		case <-m.g.end.Done():
		}
	}()
	return nil
}

func (m *membership) create() (node string, err error) {
	if m.g.mended {
		if ours, err := m.ours(); err != nil || len(ours) > 0 {
			return slices.Concat(ours, []string{""})[0], err
		}
	}
	return m.g.c.Conn.Create(m.g.path+"/member_", []byte(m.name), port.EphSeq, port.ACL)
}

// ours returns the znodes of this session with the member's name.
func (m *membership) ours() (nodes []string, err error) {
	conn := m.g.c.Conn
	if _, err := conn.Sync(m.g.path); err != nil {
		return nil, err
	}
	names, _, err := conn.Children(m.g.path)
	if err != nil {
		return nil, err
	}
	for _, name := range port.WithPrefix(names, "member_") {
		path := m.g.path + "/" + name
		data, stat, err := conn.Get(path)
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		if err == nil && string(data) == m.name && stat.EphemeralOwner == conn.SessionID() {
			nodes = append(nodes, path)
		}
	}
	return nodes, nil
}

// remove deletes what stands for the member.
func (m *membership) remove() error {
	nodes := []string{m.node}
	if m.g.mended {
		ours, err := m.ours()
		if err != nil {
			return err
		}
		nodes = append(ours, nodes...)
	}
	for _, node := range nodes {
		if err := m.g.c.Conn.Delete(node, -1); node != "" && err != nil && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return nil
}

func (m *membership) followSession(events <-chan zk.Event) {
	for e := range events {
		if e.State == zk.StateExpired {
			m.tryJoin()
		}
	}
}

// backoff is the source's doUntilSuccess.
func (m *membership) backoff(ctx context.Context, request func() error) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := request()
		if !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || !port.Wait(ctx, pause) {
			return err
		}
	}
}

func (m *membership) tryJoin() {
	select {
	case m.mu <- struct{}{}:
	case <-m.g.end.Done():
		return
	}
	defer func() { <-m.mu }()
	_ = m.backoff(m.g.end, m.join) // after another error the thread ends, as in the source
}

// Join is the source's join.
func (g *Group) Join(ctx context.Context, name string) error {
	m := &membership{g: g, name: name, mu: make(chan struct{}, 1)}
	g.m = m
	m.mu <- struct{}{}
	defer func() { <-m.mu }()
	err := m.backoff(ctx, m.join)
	if err != nil && g.mended {
		m.forget()
	}
	return err
}

// forget makes sure that a membership is not renewed, and that nothing of it stays. Callers hold mu.
func (m *membership) forget() {
	m.cancelled = true
	go func() { port.Surely(m.g.end, m.remove) }()
}

// Leave is the source's cancel.
func (g *Group) Leave(ctx context.Context) error {
	m := g.m
	select {
	case m.mu <- struct{}{}:
	case <-ctx.Done():
		if g.mended {
			go func() { m.mu <- struct{}{}; m.forget(); <-m.mu }()
		}
		return ctx.Err()
	}
	defer func() { <-m.mu }()
	if m.cancelled {
		return nil
	}
	err := m.backoff(ctx, m.remove)
	m.cancelled = err == nil
	if err != nil && g.mended {
		m.forget()
	}
	return err
}

func (g *Group) list(watch bool) (names []string, events <-chan zk.Event, err error) {
	var nodes []string
	if watch {
		nodes, _, events, err = g.c.Conn.ChildrenW(g.path)
	} else {
		nodes, _, err = g.c.Conn.Children(g.path)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, node := range port.WithPrefix(nodes, "member_") {
		data, _, err := g.c.Conn.Get(g.path + "/" + node)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if !slices.Contains(names, string(data)) {
			names = append(names, string(data))
		}
	}
	slices.Sort(names)
	return names, events, nil
}

// Members reads the group.
func (g *Group) Members(context.Context) ([]string, error) {
	names, _, err := g.list(false)
	return names, err
}

// Changed waits until the group differs from the one that it returned last.
func (g *Group) Changed(ctx context.Context) ([]string, error) { return g.monitor.Changed(ctx) }

// Close ends the background work.
func (g *Group) Close(context.Context) error { g.stop(); return nil }
