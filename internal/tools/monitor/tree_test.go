package monitor

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// asked records what a tree wants to read.
type asked []string

func (a *asked) want(t *target, n need, _ bool) {
	t.need |= n
	*a = append(*a, fmt.Sprintf("%s %d", t.of.where(), n))
}

// treeAlone returns a tree whose watch is set, without a connection: the test supplies the events and
// the replies.
func treeAlone() (*tree, *asked) {
	reads := new(asked)
	t := newTree(Config{Root: "/", All: true, Most: 100}, new(reach), reads, newChanges(100))
	t.reach.begin(10)
	t.begin()
	t.reach.caughtUp(10)
	return t, reads
}

func (t *tree) event(kind wire.EventType, path string, zxid int64) {
	t.reach.caughtUp(zxid - 1)
	t.happened(client.Event{Type: kind, Path: path, Zxid: zxid})
}

// answer passes the tree a reply about a znode that exists.
func (t *tree) answer(path string, stat wire.Stat, names ...string) {
	n, _ := t.find(path)
	kind := needStat
	if names != nil {
		kind = needKids
	}
	n.need = 0
	t.replied(reply{job: &job{target: &n.target, need: kind}, names: names, stat: stat})
}

func (t *tree) kids() []string { return slices.Sorted(maps.Keys(t.root.kids)) }

// told returns the reported changes of znodes, without those of the tree itself.
func (t *tree) told() (list []string) {
	for _, c := range t.changes.all() {
		if c.Kind.OfZnode() {
			list = append(list, fmt.Sprintf("%s %s %d %v", c.Kind, c.Path, c.Zxid, c.Found))
		}
	}
	return list
}

// What an event reported about a child is right, whether the list of its folder was read before or after the
// event.
func TestTreeListsAfterEvents(t *testing.T) {
	for name, list := range map[string][]string{
		"before the events": {"came-and-went", "kept", "went"},
		"after the events":  {"came", "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, reads := treeAlone()
			if d := cmp.Diff(asked{"/ 1"}, *reads); d != "" {
				t.Error(d)
			}
			tree.event(wire.EventCreated, "/came", 11)
			tree.event(wire.EventCreated, "/came-and-went", 12)
			tree.event(wire.EventDeleted, "/came-and-went", 13)
			tree.event(wire.EventDeleted, "/went", 14)
			tree.answer("/", wire.Stat{}, list...)
			if d := cmp.Diff([]string{"came", "kept"}, tree.kids()); d != "" {
				t.Error(d)
			}
			if tree.znodes != 3 {
				t.Errorf("%d znodes are counted", tree.znodes)
			}
		})
	}
}

// What happened without a watch is found when everything is read again, and reported once.
func TestTreeFindsWhatNoWatchTold(t *testing.T) {
	tree, _ := treeAlone()
	tree.answer("/", wire.Stat{}, "changed", "deleted", "same")
	for _, name := range tree.kids() {
		tree.answer("/"+name, wire.Stat{Czxid: 5, Mzxid: 5}, []string{}...)
	}
	tree.event(wire.EventDataChanged, "/same", 20)
	tree.reach.caughtUp(20)
	tree.reach.end(tree.changes)

	tree.reach.begin(30)
	tree.begin()
	tree.answer("/", wire.Stat{}, "changed", "created", "same")
	tree.answer("/changed", wire.Stat{Czxid: 5, Mzxid: 25}, []string{}...)
	tree.answer("/created", wire.Stat{Czxid: 26, Mzxid: 26}, []string{}...)
	tree.answer("/same", wire.Stat{Czxid: 5, Mzxid: 20}, []string{}...)
	want := []string{"changed /same 20 false", "deleted /deleted 0 true", "changed /changed 25 true", "created /created 26 true"}
	if d := cmp.Diff(want, tree.told()); d != "" {
		t.Error(d)
	}
	all := tree.changes.all()
	if last := all[len(all)-1]; last.Kind != Compared || last.Number != 3 || tree.checks != 0 {
		t.Errorf("%s; %d to be compared", last, tree.checks)
	}
}
