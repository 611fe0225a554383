package models

import "github.com/zklab/zklab/history"

// This file defines the values of traits, which readers of all models know. The values that only
// one object has are in the object's file.

// Grant is the value of an acquire's ok and of a write's invoke. Token is 0 for subjects without
// fencing.
type Grant struct {
	Token history.ID `json:"token,omitempty"`
}

// Held is the value of a release's invoke and a confirm's ok.
type Held struct {
	Held  bool       `json:"held"`
	Token history.ID `json:"token,omitempty"`
}

// Written is the value of a write's ok. Accepted reports whether the resource accepted the token.
// Order is the position of this write in the resource's own order, from 1.
type Written struct {
	Accepted bool       `json:"accepted"`
	Token    history.ID `json:"token,omitempty"`
	Order    int64      `json:"order"`
}

// Wish is the mode of a hold of a read-write lock.
type Wish struct {
	Mode string `json:"mode,omitempty"` // ToRead, or "" to write
}

// ToRead is the mode of a shared hold.
const ToRead = "read"

// IsZero reports whether there is nothing to say: a hold to write.
func (w Wish) IsZero() bool { return w == Wish{} }

// Item is the value of an enqueue's invoke and a dequeue's ok. Item is unique in the run.
type Item struct {
	Item string `json:"item"`
}

// Drained is the value of history.FDrained. Empty means that a fenced read showed no item; the read
// completed at the time of this event at the latest. Left is the number of items that the drain did
// not remove within its limit.
type Drained struct {
	Empty bool `json:"empty"`
	Left  int  `json:"left,omitempty"`
}

// HowRead is the value of a read's invoke.
type HowRead struct {
	Kind string `json:"kind"`
}

// Kinds of reads of a register.
const (
	ReadPlain  = "plain"  // the value on the client's server, which may be old
	ReadSync   = "sync"   // after a sync: old only if a deposed leader answers (ZOOKEEPER-1675)
	ReadFenced = "fenced" // after a quorum write on the same session: never old
)
