package models

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Operations on a cached subtree. Znodes are named by their paths below its root, which is "." and
// the znode of the key. The looks of a client with one subject are in order.
const (
	// FPut creates a znode or sets its data, but creates no parent: invoke CachedNode, ok nothing.
	FPut = "put"
	// FRemove deletes a znode, which may not exist: invoke CachedNode without a value, ok nothing.
	FRemove = "remove"
	// FLook reads the copy: invoke Looking, ok Copy.
	FLook = "look"
)

// CacheRoot is the root of a cached subtree.
const CacheRoot = "."

// CachedNode is a znode and its value. Each value is put once in a run.
type CachedNode struct {
	Node  string `json:"node"`
	Value string `json:"value,omitempty"`
}

// Looking tells how to look: at the copy as it is, or once the cache calls itself current.
type Looking struct {
	Current bool `json:"current,omitempty"`
}

// Copy holds what a cache shows: the values of its znodes. It is also the value of the fact
// history.FFinal of a cache: the znodes that exist at the end.
type Copy struct {
	Nodes map[string]string `json:"nodes"`
}

// Cache is a local copy of a subtree that clients change.
var Cache = &Model{
	Name: "cache", About: "a local copy of a subtree that follows its changes",
	Called: "the cache", Sessions: true, OnZnodes: true,
	Operations: []Operation{
		{F: FPut, Quorum: always, Tell: tellPutNode, Words: Words{
			Done: "did", Refused: "failed",
		}},
		{F: FRemove, Quorum: always, Tell: tellRemoveNode, Words: Words{
			Done: "did", Refused: "failed",
		}},
		{F: FLook, Tell: tellCopy, Words: Words{Refused: "got no answer"}},
	},
}

func tellPutNode(op *history.Operation, w *Words) Values {
	var v CachedNode
	_ = op.Invoke.Decode(&v)
	w.Name = "put " + shown(v.Node) + " " + shown(v.Value)
	w.Asked = fmt.Sprintf("began to put %s into %s of %s", Quoted(v.Value), Quoted(v.Node), Key(op.Key))
	return Values{}
}

func tellRemoveNode(op *history.Operation, w *Words) Values {
	var v CachedNode
	_ = op.Invoke.Decode(&v)
	w.Name = "remove " + shown(v.Node)
	w.Asked = fmt.Sprintf("began to remove %s of %s", Quoted(v.Node), Key(op.Key))
	return Values{}
}

func tellCopy(op *history.Operation, w *Words) Values {
	var how Looking
	_ = op.Invoke.Decode(&how)
	w.Name, w.Asked = "look", "looked at its copy of "+Key(op.Key)
	if how.Current {
		w.Name, w.Asked = "look: current", "asked for a current copy of "+Key(op.Key)
	}
	var v Copy
	if returned(op, &v) {
		w.Done = "was shown " + v.listed()
	}
	return Values{}
}

// listed lists the contents of a copy for people.
func (v Copy) listed() string {
	if len(v.Nodes) == 0 {
		return "no znode"
	}
	var all []string
	for _, node := range slices.Sorted(maps.Keys(v.Nodes)) {
		all = append(all, shown(node)+" "+shown(v.Nodes[node]))
	}
	most := min(len(all), mostMembers)
	text := strings.Join(all[:most], ", ")
	if more := len(all) - most; more > 0 {
		text += " and " + prose.Count(more, "other")
	}
	return text
}
