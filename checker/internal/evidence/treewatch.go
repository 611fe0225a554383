package evidence

import (
	"math"
	"strconv"

	"github.com/zklab/zklab/history"
)

// This file reads what zklab's own sessions saw change (history.TreeWatch). That is less than a transaction log: the session that
// made a change is not always known, and the end of a session shows only in the ephemeral znodes that it deletes. So a check may use
// it if it concludes something only from what is there, or from what is missing among creates and deletes.

// WhyUnwatched returns text, behind another reason, that says why the tree watch told nothing; "" if there was none.
func (a *Record) WhyUnwatched() string {
	for _, w := range a.treeWatch {
		if w.Why != "" {
			return ", and the tree watch is not complete: " + w.Why
		}
	}
	return ""
}

// indexTreeWatch returns what parts of a list tell; nil if that is nothing.
func indexTreeWatch(parts []history.TreeWatch) *Znodes {
	x := newZnodes()
	for _, part := range parts {
		for _, s := range part.Stretches {
			x.whole = append(x.whole, Stretch{uint64(s.From) + 1, uint64(s.To)})
		}
		for i := range part.Changes {
			x.see(&part.Changes[i])
		}
	}
	if len(x.whole) == 0 {
		return nil
	}
	x.path = nil
	return &x
}

// see adds a change.
func (x *Znodes) see(c *history.TreeChange) {
	switch c.Type {
	case "create":
		x.add(&Znode{
			Path: c.Path, Type: c.Type, Number: numberOf(c), Owner: c.Owner, Maker: c.Session,
			Created: uint64(c.Zxid), Deleted: StillThere,
		})
	case "delete":
		x.remove(c.Path, uint64(c.Zxid), c.Session)
	}
}

// noNumber is the number of a znode whose number is not known.
const noNumber = math.MinInt32

// numberOf returns the number that the servers gave a znode, at the end of its name. After 2147483647 come negative ones
// ("Programmer's Guide, Sequence Nodes"). A number of ten digits behind a hyphen may be either, so it is not known.
func numberOf(c *history.TreeChange) int32 {
	const digits = 10
	at := len(c.Path) - digits
	if !c.Sequential || at < 1 {
		return noNumber
	}
	n, err := strconv.ParseInt(c.Path[at:], 10, 32)
	if err != nil || n >= 1e9 && c.Path[at-1] == '-' {
		return noNumber
	}
	return int32(n)
}
