package monitor

import (
	"context"
	"errors"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// ownWords says how the follower works with a server that has no recursive watches.
const ownWords = "it is older than 3.6: the monitor watches each loaded znode by itself, and combines changes that follow each other closely"

// happenedSomehow applies an event of a watch that fires once, on a server that has no other watches.
// Only a new list shows which children were created and deleted. Until the next read, which sets the
// watch again, a znode can change many times.
func (t *tree) happenedSomehow(e client.Event) {
	n, _ := t.find(e.Path)
	switch {
	case n == nil:
	case n != t.root && e.Type == wire.EventDeleted: // and perhaps created again, which the list of its folder shows
		n.doubt = true
		t.reads.want(&n.parent.target, needKids, true)
	case n != t.root && e.Type == wire.EventCreated: // again: the list that has it is older
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
		n.unheard = true // no event reports what was created below since
		t.tellOf(n, Change{Kind: Created, Path: e.Path, Zxid: e.Zxid})
	case n == t.root && e.Type == wire.EventDeleted:
		t.lose(n)
		t.reads.want(&n.target, needStat, false) // this read sets a watch for its creation
	}
}

// doubted reads a znode again if the list of its folder has it although an event reported it as
// deleted, which ended its watches.
func (t *tree) doubted(n *node) {
	if n.doubt {
		n.doubt = false
		t.readAgain(n)
	}
}

// readAgain reads again what is known about a znode, and reports differences.
func (t *tree) readAgain(n *node) {
	t.check(n)
	if n.listed || n.journal != nil {
		t.reads.want(&n.target, needKids, false)
	} else {
		t.reads.want(&n.target, needStat, false)
	}
}

// value reads the chosen znode. If reads set watches, one reports its next change or creation.
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
