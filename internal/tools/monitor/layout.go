package monitor

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/zklab/zklab/recipes"
)

// This file explains recipes whose znode has children with fixed names. The meaning is in the numbers
// of their children, in their values, or in the children of another part, which is read while a
// drawing needs it.

const (
	// helpsFor is how long a folder stays listed for the meaning of another one that was drawn.
	helpsFor = 5 * time.Second
	// mostValue is the size of the largest value that is read for its meaning, in bytes.
	mostValue = 100_000
)

// layout returns the layout of a folder; ok reports whether it is the znode of such a recipe.
func (t *tree) layout(folder *node) (recipes.Layout, bool) {
	if folder == nil || !folder.listed || len(folder.kids) > mostMeant {
		return recipes.Layout{}, false
	}
	has := func(name string) bool { return folder.kids[name] != nil }
	return recipes.LayoutOf(has, maps.Keys(folder.kids))
}

// part returns the part that a folder is, and the layout of its recipe; ok reports whether it is one.
func (t *tree) part(folder *node) (l recipes.Layout, p recipes.Part, ok bool) {
	if l, ok = t.layout(folder.parent); ok {
		p, ok = l.Part(folder.name)
	}
	return l, p, ok
}

// laidOut returns the meaning of a folder and notes for its parts.
func (t *tree) laidOut(folder *node, l recipes.Layout) (summary string, notes map[*node]string) {
	notes = make(map[*node]string)
	if l.Tell != nil {
		values, all := t.values(folder, l)
		summary, told := l.Tell(values)
		for name, note := range told {
			if kid := folder.kids[name]; kid != nil {
				notes[kid] = note
			}
		}
		if !all {
			summary = notAllRead
		}
		return summary, notes
	}
	var words []string
	all := true
	for _, p := range l.Parts {
		kid := folder.kids[p.Name]
		switch {
		case kid == nil:
		case p.Leads:
			words = append(words, t.leader(kid))
		case p.What != "":
			n := t.children(kid)
			if all = all && n != Unknown; n > 0 {
				notes[kid] = fmt.Sprintf("%d × %s", n, p.What)
				words = append(words, notes[kid])
			}
		}
	}
	switch {
	case !all:
		return notAllRead, notes
	case len(words) == 0:
		return "empty", notes
	}
	return strings.Join(words, ", "), notes
}

// leader describes the leader, from the folder of the candidates.
func (t *tree) leader(folder *node) string {
	t.help(folder)
	if !folder.listed || len(folder.kids) > mostMeant {
		return "the leader is unknown"
	}
	if list := t.members(folder); len(list) > 0 && list[0].holds {
		return who(list[0], list[:1])
	}
	return "no leader"
}

// children returns the number of a znode's children, Unknown if its metadata are still to be read.
func (t *tree) children(n *node) int {
	if n.listed {
		return len(n.kids)
	}
	if n.statErr == nil && (n.stat == nil || n.outdated) {
		t.reads.want(&n.target, needStat, true)
	}
	if n.stat == nil {
		return Unknown
	}
	return int(n.stat.NumChildren)
}

// notAllRead is the meaning of a folder of which too little was read.
const notAllRead = "not everything is read yet"

// values returns the values that were read of the parts of a folder; all reports whether none is missing.
func (t *tree) values(folder *node, l recipes.Layout) (values map[string]string, all bool) {
	values, all = make(map[string]string), true
	for name, kid := range folder.kids {
		if _, ok := l.Part(name); !ok {
			continue
		}
		if value, known := t.value(kid); known {
			values[name] = value
		} else {
			all = false
		}
	}
	return values, all
}

// value returns the latest data that were read of a znode; known reports whether any were. If they may
// be outdated and are not large, value requests that they are read again.
func (t *tree) value(n *node) (value string, known bool) {
	s := n.stat
	old := s == nil || s.DataLength <= mostValue && (n.outdated || n.valueOf != s.Mzxid)
	if old && n.statErr == nil && n.valueErr == nil {
		t.reads.want(&n.target, needData, true)
	}
	return n.value, n.valueOf != 0
}

// help lists a folder for the meaning of another one, if it is not large.
func (t *tree) help(n *node) {
	if n.helps.IsZero() {
		t.helpers = append(t.helpers, n)
	}
	n.helps = time.Now()
	if s := n.stat; !n.listed && n.listErr == nil && s != nil && s.NumChildren <= mostListed {
		t.load(n)
	}
}

// dismiss unloads the folders that were listed for the meaning of others that are no longer drawn.
func (t *tree) dismiss() {
	kept := t.helpers[:0]
	for _, n := range t.helpers {
		if !n.gone && time.Since(n.helps) < helpsFor {
			kept = append(kept, n)
			continue
		}
		if n.helps = (time.Time{}); !n.gone && !t.wanted(n) {
			t.unload(n)
		}
	}
	clear(t.helpers[len(kept):])
	t.helpers = kept
}

// others returns the znodes of the part that says who holds the znodes of a folder (holders), or what
// they hold.
func (t *tree) others(folder *node) (list []member, holders, known bool) {
	l, p, ok := t.part(folder)
	if !ok {
		return nil, false, false
	}
	beside, holders := p.Holders, true
	for _, other := range l.Parts {
		if beside == "" && other.Holders == p.Name {
			beside, holders = other.Name, false
		}
	}
	n := folder.parent.kids[beside]
	if n == nil || n == folder {
		return nil, false, false
	}
	t.help(n)
	if !n.listed || len(n.kids) > mostMeant {
		return nil, false, false
	}
	return t.parsed(n), holders, true
}

// holdings notes who holds the znodes of a folder, or what they hold.
func (t *tree) holdings(folder *node, list []member) {
	others, holders, known := t.others(folder)
	owners, has := make(map[string]int64), make(map[string]int)
	for _, o := range others {
		owners[o.ID()] = o.owner
		has[o.Holder]++
	}
	for i := range list {
		m := &list[i]
		switch {
		case m.Holder != "" && holders:
			m.owned = owners[m.Holder]
		case known && !holders:
			m.has = has[m.ID()]
		}
	}
}
