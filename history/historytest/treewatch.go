package historytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// TreeWatch returns what a tree watch that knows every author would tell of transactions: the changes at and below root. It has
// holes where their zxids have some. A znode counts as sequential if its name ends in its number.
func TreeWatch(txns []history.Txn, root string) history.TreeWatch {
	w := history.TreeWatch{}
	for i := range txns {
		t := &txns[i]
		w.Changes = append(w.Changes, treeChanges(t)...)
		switch n := len(w.Stretches); {
		case n > 0 && (t.Zxid == w.Stretches[n-1].To+1 || t.Zxid&0xffffffff == 1):
			w.Stretches[n-1].To = t.Zxid
		default:
			w.Stretches = append(w.Stretches, history.ZxidStretch{From: t.Zxid - 1, To: t.Zxid})
		}
	}
	w.Changes = slices.DeleteFunc(w.Changes, func(c history.TreeChange) bool {
		return c.Path != root && !strings.HasPrefix(c.Path, root+"/")
	})
	return w
}

// treeChanges returns the changes of znodes that a transaction made.
func treeChanges(t *history.Txn) (all []history.TreeChange) {
	for _, path := range t.Paths { // the ephemeral znodes of a session that was closed
		all = append(all, history.TreeChange{Zxid: t.Zxid, Type: "delete", Path: path})
	}
	for p := range t.Changes() {
		c := history.TreeChange{Zxid: t.Zxid, Path: p.Path, Session: t.Session, Cxid: t.Cxid, Owner: p.Owner}
		switch {
		case p.Creates():
			c.Type, c.Sequential = "create", strings.HasSuffix(p.Path, fmt.Sprintf("%010d", p.ParentCversion-1))
		case p.Type == "delete" || p.Type == "deleteContainer":
			c.Type = "delete"
		default:
			continue
		}
		all = append(all, c)
	}
	return all
}

// InPlaceOf returns what transactions say in the stretches of a tree watch, as far as the tree watch knows each change.
func InPlaceOf(w history.TreeWatch, txns []history.Txn, root string) (all []history.TreeChange) {
	type id struct {
		zxid       history.ID
		what, path string
	}
	known := map[id]history.TreeChange{}
	for _, c := range w.Changes {
		known[id{c.Zxid, c.Type, c.Path}] = c
	}
	for _, c := range TreeWatch(txns, root).Changes {
		if !slices.ContainsFunc(w.Stretches, func(s history.ZxidStretch) bool { return s.From < c.Zxid && c.Zxid <= s.To }) {
			continue
		}
		k := known[id{c.Zxid, c.Type, c.Path}]
		if k.Session == 0 {
			c.Session, c.Cxid = 0, 0
		}
		if k.Owner == 0 && k.Session == 0 {
			c.Owner = 0
		}
		c.Sequential = c.Sequential && k.Sequential // a name can end like that by itself
		all = append(all, c)
	}
	return all
}

// ToldBy returns all that the tree watch of a run told.
func ToldBy(h *history.History) (all history.TreeWatch, err error) {
	for e := range h.All() {
		if e.F != history.FTreeWatch {
			continue
		}
		var w history.TreeWatch
		if err := e.Decode(&w); err != nil {
			return all, err
		}
		all.Why += w.Why
		all.Stretches, all.Changes = append(all.Stretches, w.Stretches...), append(all.Changes, w.Changes...)
	}
	return all, nil
}
