package monitor

import (
	"errors"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// choice is the chosen znode, whose value is read. It need not exist.
type choice struct {
	target
	path  string
	shown Node
}

// choose chooses another znode, and reads it.
func (t *tree) choose(path string) {
	if t.choice.path == path {
		return
	}
	last, _ := t.find(t.choice.path)
	t.choice = newChoice(path)
	t.rechoose()
	if last != nil && !t.wanted(last) {
		t.unload(last)
	}
}

// rechoose reads the chosen znode again.
func (t *tree) rechoose() {
	if t.choice.path != "" {
		t.reads.want(&t.choice.target, needValue, true)
	}
}

func newChoice(path string) *choice {
	c := &choice{path: path, shown: Node{Path: path, Loading: true}}
	c.of = c
	return c
}

func (c *choice) where() string { return c.path }
func (c *choice) dropped() bool { return false } // it may be created
func (c *choice) asked()        {}

// needs reports whether the meaning of the chosen znode needs the kids of a znode.
func (c *choice) needs(n *node) bool { return c.path != "" && n.path() == c.path }

func (c *choice) show() *Node {
	if c.path == "" {
		return nil
	}
	shown := c.shown
	return &shown
}

func (c *choice) replied(r reply) {
	c.shown = Node{Path: c.path, At: time.Now()}
	switch {
	case errors.Is(r.err, wire.NoNode):
		c.shown.Gone = true
	case r.err != nil:
		c.shown.Err = r.err
	default:
		c.shown.Data, c.shown.Stat, c.shown.ACL = r.data, r.stat, r.acl
	}
}
