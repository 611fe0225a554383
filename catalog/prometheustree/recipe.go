// Package prometheustree is the tree cache of Prometheus' service discovery: a copy of a subtree, which is kept up to date by
// watches, and read again after a failure.
package prometheustree

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:   "prometheustree",
	Program:  "Prometheus, tree cache of the service discovery",
	File:     "prometheus/prometheus, util/treecache/treecache.go",
	Version:  "v0.316.0 (2026)",
	LeftOut:  "The discoveries of server sets and of Nerve, which use the tree cache, are left out.",
	Promises: "The cache keeps the data of all znodes below a path, updated by events. If the path does not exist, it looks again.",
	NotPromised: "After a failure the cache pauses for 10 seconds, and Prometheus does not say that it is faster. So the test grants it 12 seconds " +
		"more than usual.",
	AsIs:  workloads.Cache{New: New},
	Slack: 12 * time.Second,
	Seeds: 300,
	Originals: []entry.Original{{
		Folder: "prometheus", Code: "util/treecache of Prometheus v0.316.0", Apart: "The test makes a copy from its events, as the discoveries do.",
	}},
	Wrong: &entry.Wrong{
		Mistake: entry.ForgetsToWatch,
		Happens: "The cache reads the path's data, then its children. If the path is deleted between the two reads, the cache takes the failed read " +
			"for a success: it waits for events without a watch. When the path is created again, the cache stays empty.",
		Breaks: []string{"converge"},
		Fault:  "a failure, and a deletion at the wrong moment ([a report](../catalog/reports/prometheus-treecache/README.md))",
		Mend:   "If the path is gone at the second read, that is the same failure as at the first one, and the cache reads again after its pause.",
		Mended: workloads.Cache{New: newMended},
	},
}

// node is a znode of the copy.
type node struct {
	data     []byte
	known    bool // the cache has told of its data
	done     chan struct{}
	stopped  bool
	children map[string]*node
}

func newNode() *node { return &node{done: make(chan struct{}, 1), children: map[string]*node{}} }

// Cache is the cache of one client.
type Cache struct {
	subjects.PlainWrites
	mended bool
	head   *node
	events chan zk.Event
	retry  chan struct{}
	failed bool
	end    context.Context
	stop   context.CancelFunc

	mu    sync.Mutex
	nodes map[string]string // what the cache has told
}

// New returns the cache of a client.
func New(c *subjects.Client, path string) (subjects.Cache, error) {
	return newCache(c, path, false), nil
}

func newMended(c *subjects.Client, path string) (subjects.Cache, error) {
	return newCache(c, path, true), nil
}

func newCache(c *subjects.Client, path string, mended bool) *Cache {
	t := &Cache{
		PlainWrites: subjects.PlainWrites{Conn: c.Conn, Root: path}, mended: mended,
		head: newNode(), events: make(chan zk.Event), retry: make(chan struct{}), nodes: map[string]string{},
	}
	t.head.stopped = true // so that a deletion does not end it
	t.end, t.stop = context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { t.stop() })
	go t.loop()
	return t
}

// NeverCurrent says that the cache does not know whether it is current.
func (*Cache) NeverCurrent() {}

// Look returns what the cache has told.
func (t *Cache) Look(context.Context, bool) (models.Copy, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return models.Copy{Nodes: maps.Clone(t.nodes)}, nil
}

// Close stops the cache.
func (t *Cache) Close(context.Context) error { t.stop(); return nil }

// tell tells the data of a znode, or that it has gone.
func (t *Cache) tell(path string, data []byte, gone bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(path, t.Root), "/")
	if name == "" {
		name = models.CacheRoot
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if gone {
		delete(t.nodes, name)
	} else {
		t.nodes[name] = string(data)
	}
}

// send sends to a channel, unless the cache is stopped.
func send[T any](t *Cache, to chan<- T, value T) {
	select {
	case to <- value:
	case <-t.end.Done():
	}
}

func (t *Cache) failure() {
	t.failed = true
	go func() {
		select {
		case <-time.After(10 * time.Second):
			send(t, t.retry, struct{}{})
		case <-t.end.Done():
		}
	}()
}

func (t *Cache) loop() {
	if t.update(t.Root, t.head) != nil {
		t.failure()
	}
	for {
		select {
		case e := <-t.events:
			switch {
			case t.failed: // everything is read again anyway
			case e.Type == zk.EventNotWatching || t.update(e.Path, t.at(e.Path)) != nil || !t.head.known:
				t.failure()
			}
		case <-t.retry:
			t.resync()
		case <-t.end.Done():
			return
		}
	}
}

// at returns the node of a path.
func (t *Cache) at(path string) *node {
	n := t.head
	for _, part := range strings.Split(strings.TrimPrefix(path, t.Root), "/")[1:] {
		if n.children[part] == nil {
			n.children[part] = newNode()
		}
		n = n.children[part]
	}
	return n
}

// resync reads everything again.
func (t *Cache) resync() {
	before := t.head.children
	t.head.children = map[string]*node{}
	if t.update(t.Root, t.head) != nil {
		t.head.children = before
		t.failure()
		return
	}
	t.forgetOthers(t.Root, t.head.children, before)
	t.failed = false
}

// forgetOthers forgets the nodes that are not there any more.
func (t *Cache) forgetOthers(path string, now, before map[string]*node) {
	for name, old := range before {
		if n := now[name]; n != nil {
			t.forgetOthers(path+"/"+name, n.children, old.children)
		} else {
			t.forget(path+"/"+name, old)
		}
	}
}

var errNoPath = errors.New("the path does not exist")

// update reads a znode and what is below it, and sets the watches.
func (t *Cache) update(path string, n *node) error {
	data, _, ofData, err := t.Conn.GetW(path)
	if errors.Is(err, zk.ErrNoNode) {
		t.forget(path, n)
		if n == t.head {
			return errNoPath
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !n.known || !bytes.Equal(n.data, data) {
		n.data, n.known = data, true
		t.tell(path, data, false)
	}
	names, _, ofChildren, err := t.Conn.ChildrenW(path)
	if errors.Is(err, zk.ErrNoNode) {
		t.forget(path, n)
		if t.mended && n == t.head {
			return errNoPath
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.updateChildren(path, n, names); err != nil {
		return err
	}
	go func() {
		select {
		case e := <-ofData:
			send(t, t.events, e)
		case e := <-ofChildren:
			send(t, t.events, e)
		case <-n.done:
		case <-t.end.Done():
		}
	}()
	return nil
}

func (t *Cache) updateChildren(path string, n *node, names []string) error {
	now := map[string]bool{}
	for _, name := range names {
		now[name] = true
		if child := n.children[name]; child == nil || child.stopped {
			n.children[name] = newNode()
			if err := t.update(path+"/"+name, n.children[name]); err != nil {
				return err
			}
		}
	}
	for name, child := range n.children {
		if !now[name] || !n.known {
			t.forget(path+"/"+name, child)
			delete(n.children, name)
		}
	}
	return nil
}

// forget tells that a znode has gone, with all below it.
func (t *Cache) forget(path string, n *node) {
	if !n.stopped {
		send(t, n.done, struct{}{})
		n.stopped = true
	}
	if n.known {
		t.tell(path, nil, true)
		n.data, n.known = nil, false
	}
	for name, child := range n.children {
		t.forget(path+"/"+name, child)
	}
}
