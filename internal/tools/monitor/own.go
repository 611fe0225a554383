package monitor

import (
	"context"
	"errors"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// ownWords say what is done with servers that know no recursive watches.
const ownWords = "it is older than 3.6: each znode that is loaded is watched by itself, and changes in close succession are told as one"

// happenedSomehow takes an event of a watch that fires once, of a server that has no others.
// Which children came and went only a new list tells; until it was read again, which sets
// the watch again, a znode can change many times.
func (t *tree) happenedSomehow(e client.Event) {
	n, _ := t.find(e.Path)
	switch {
	case n == nil:
	case n != t.root && e.Type == wire.EventDeleted: // and perhaps created again, which its folder's list tells
		n.doubt = true
		t.reads.want(&n.parent.target, needKids, true)
	case n != t.root && e.Type == wire.EventCreated: // again: the list that it is known from was of before
		t.readAgain(n)
	case e.Type == wire.EventChildrenChanged:
		if t.wanted(n) {
			t.reads.want(&n.target, needKids, true)
		}
	case e.Type == wire.EventDataChanged:
		t.dataChanged(n)
		n.told = max(n.told, e.Zxid)
		t.tellOf(n, Change{Kind: Changed, Path: e.Path, Zxid: e.Zxid})
	case n == t.root && e.Type == wire.EventCreated:
		t.rootCreated()
		n.unheard = true // no event tells what was created in it since
		t.tellOf(n, Change{Kind: Created, Path: e.Path, Zxid: e.Zxid})
	case n == t.root && e.Type == wire.EventDeleted:
		t.lose(n)
		t.reads.want(&n.target, needStat, false) // which waits for it to come back
	}
}

// doubted reads a znode again that is in its folder's list though an event told that it was
// deleted, which has ended its watches.
func (t *tree) doubted(n *node) {
	if n.doubt {
		n.doubt = false
		t.readAgain(n)
	}
}

// readAgain has all that is known of a znode read again, and tells what is found.
func (t *tree) readAgain(n *node) {
	t.check(n)
	if n.listed || n.journal != nil {
		t.reads.want(&n.target, needKids, false)
	} else {
		t.reads.want(&n.target, needStat, false)
	}
}

// value reads a chosen znode. Watches of its own tell that it is changed, or created again.
func (j *job) value(ctx context.Context) (data []byte, stat wire.Stat, err error) {
	for {
		data, stat, err = j.client.Get(ctx, j.path, j.own)
		if !j.own || !errors.Is(err, wire.NoNode) {
			return data, stat, err
		}
		if stat, err = j.client.Exists(ctx, j.path, true); err != nil {
			return nil, stat, err
		}
	}
}
