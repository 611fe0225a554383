package treewatch

import (
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Sight is what one connection to a server saw. A server tells a connection everything in the order of its transactions, so
// Events has every change with a zxid above From, up to To.
type Sight struct {
	Server   string
	From, To int64
	Events   []Event        // in order; some may lie outside
	Seen     []Seen         // in order
	Readings []Reading      // the first one and the last one suffice
	Owners   map[Born]int64 // the sessions that own ephemeral znodes that were read

	took time.Duration // the last reading
}

// closed reports whether the ACL of a znode had been changed.
func (s Sight) closed() bool {
	return slices.ContainsFunc(s.Seen, func(x Seen) bool { return x.Stat.Aversion > 0 })
}

// Born identifies a znode.
type Born struct {
	Path  string
	Czxid int64
}

// thin drops the last reading but one, unless it is the first one. It returns the number of things that it drops.
func (s *Sight) thin() int {
	last := len(s.Readings) - 1
	if last < 2 {
		return 0
	}
	drop, keep := s.Readings[last-1], s.Readings[last]
	s.Seen = slices.Delete(s.Seen, drop.First, keep.First)
	n := keep.First - drop.First
	s.Readings = append(s.Readings[:last-1], Reading{keep.First - n, keep.Last - n})
	return n
}

// Event is a watch event.
type Event struct {
	Zxid int64
	Type string // as in history.TreeChange
	Path string
}

// types are the events that recursive watches deliver ("Programmer's Guide, Persistent, Recursive Watches").
var types = map[wire.EventType]string{wire.EventCreated: "create", wire.EventDeleted: "delete", wire.EventDataChanged: "setData"}

// Seen is the metadata of a znode after the transaction with a zxid.
type Seen struct {
	Zxid int64
	Path string
	Gone bool // there was no such znode
	Stat wire.Stat
}

// Reading is a reading of the whole tree: Seen[First:Last]. Last is 0 if the connection ended before.
type Reading struct{ First, Last int }
