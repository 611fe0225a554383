package causes

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file completes what is told of a znode of a program's own object: all that changed it, from the
// first change that is told up to the end of the counterexample, whichever call did it. What does not
// fit is counted.

// trail holds what changed the znodes of a path, in order of zxids.
type trail struct {
	key     *evidence.Key
	path    string
	changes []evidence.Change
}

// changesAt returns what changed the znodes at each path of a key, also the ends of sessions.
var changesAt = evidence.OncePerKey(func(k *evidence.Key) map[string][]evidence.Change {
	of := map[string][]evidence.Change{}
	for _, c := range evidence.AllChanges(k) {
		for i, part := range c.Parts {
			one := c
			one.Parts = c.Parts[i : i+1]
			if n := len(of[part.Path]); n == 0 || of[part.Path][n-1].Zxid != c.Zxid {
				of[part.Path] = append(of[part.Path], one)
			}
		}
	}
	for _, n := range nodesOf(k.Record)[k.Name] {
		if n.Deleted != evidence.StillThere && k.Log.EndedWith(n) {
			of[n.Path] = append(of[n.Path], evidence.Change{
				Zxid: n.Deleted, Session: n.Remover, Client: k.Session(n.Remover).Client, Parts: []history.Txn{{Type: "closeSession", Path: n.Path}},
			})
		}
	}
	for _, all := range of {
		slices.SortStableFunc(all, func(x, y evidence.Change) int { return cmp.Compare(x.Zxid, y.Zxid) })
	}
	return of
})

// fill adds what else changed the znodes that are told of, the last changes first; if none is, the last
// changes that the counterexample can rest on. A znode that one call
// created and deleted again, such as a lock, matters to that call only.
func (s *search) fill() {
	from, end, low := map[string]uint64{}, s.lastSeen(), s.low
	if len(s.lines) == 0 && len(s.ops) > 0 {
		all := slices.DeleteFunc(slices.Clone(evidence.ChangesOf(s.key)), func(c evidence.Change) bool { return c.Zxid > end })
		for _, c := range all[max(0, len(all)-mostChanges):] {
			s.change(changed, c)
		}
	}
	s.answers()
	for _, op := range s.ops {
		low = min(low, s.tie.Floor(op.Began()))
	}
	if !slices.ContainsFunc(s.lines, func(l line) bool { return uint64(l.Zxid) > low }) {
		low = 0
	}
	for i, l := range s.lines {
		if uint64(l.Zxid) <= low { // what was long before explains least
			s.lines[i].weight = aside
			continue
		}
		for path, all := range changesAt(s.key) {
			at := slices.IndexFunc(all, func(c evidence.Change) bool { return c.Zxid == uint64(l.Zxid) })
			if at >= 0 && l.weight != aside && !s.passing(all, at) && (from[path] == 0 || uint64(l.Zxid) < from[path]) {
				from[path] = uint64(l.Zxid)
			}
		}
	}
	var more []evidence.Change
	for _, path := range slices.Sorted(maps.Keys(from)) {
		t := trail{s.key, path, nil}
		for _, c := range changesAt(s.key)[path] {
			if c.Zxid >= from[path] && c.Zxid <= end {
				t.changes = append(t.changes, c)
			}
		}
		s.trails = append(s.trails, t)
		more = append(more, t.changes...)
	}
	slices.SortStableFunc(more, func(x, y evidence.Change) int { return cmp.Compare(y.Zxid, x.Zxid) })
	for _, c := range more[:min(len(more), 2*most)] {
		if c.Parts[0].Type != "closeSession" {
			w := between
			if s.overHold(c) {
				w = taken
			}
			s.change(w, c)
			continue
		}
		for _, n := range nodesOf(s.Record)[s.key.Name] {
			if n.Path == c.Parts[0].Path && n.Deleted == c.Zxid {
				s.end(n, nil)
			}
		}
	}
}

// overHold reports whether a client replaced what another client had written to begin a hold of the counterexample.
func (s *search) overHold(c evidence.Change) bool {
	all, at := s.placeOf(c)
	if at < 1 || s.of.State != models.Exclusive {
		return false
	}
	op, _ := s.callOf(all[at-1].Zxid)
	return op != nil && slices.Contains(s.ops, op) && s.of.Operation(op.F).Begins && op.Client != c.Client
}

// lastSeen returns the last zxid that the calls of the counterexample can rest on.
func (s *search) lastSeen() (last uint64) {
	for _, op := range s.ops {
		if op.Return == nil || op.Return.Seen == 0 {
			return s.high - 1
		}
		last = max(last, uint64(op.Return.Seen))
	}
	return min(last, s.high-1)
}

// passing reports whether a change is one of those with which one call created a znode and deleted it
// again.
func (s *search) passing(all []evidence.Change, at int) bool {
	first, last := at, at
	for first > 0 && !isDelete(all[first-1]) {
		first--
	}
	for last < len(all)-1 && !isDelete(all[last]) {
		last++
	}
	op, _ := s.callOf(all[first].Zxid)
	until, _ := s.callOf(all[last].Zxid)
	return op != nil && op == until && isDelete(all[last])
}

func isDelete(c evidence.Change) bool { return c.Parts[0].Type == "delete" }

// leaveOut says, after each change of a trail that is told, which changes before it are not. After the
// last one it counts those that follow.
func (s *search) leaveOut(t *trail) {
	s.key = t.key
	var last *line
	var out []evidence.Change
	for _, c := range t.changes {
		i := slices.IndexFunc(s.lines, func(l line) bool { return uint64(l.Zxid) == c.Zxid })
		if i < 0 {
			out = append(out, c)
			continue
		}
		last = &s.lines[i]
		s.count(last, t.path, out, "before")
		out = nil
	}
	if last != nil {
		s.count(last, t.path, out, "after")
	}
}

// count adds to a line how many changes of a path are left out before or after it, and which calls made them.
func (s *search) count(l *line, path string, out []evidence.Change, where string) {
	if len(out) == 0 {
		return
	}
	type party struct {
		f      string
		client int
	}
	calls, order := map[party]map[*history.Operation]bool{}, []party(nil)
	for _, c := range out {
		p := party{client: c.Client}
		op, _ := s.callOf(c.Zxid)
		if op != nil {
			p.f = op.F
		}
		if calls[p] == nil {
			calls[p] = map[*history.Operation]bool{}
			order = append(order, p)
		}
		calls[p][op] = true
	}
	var by []string
	for _, p := range order[:min(len(order), mostCallers)] {
		who := "requests of other parties"
		if p.client >= 0 {
			who = "client " + words.Number(p.client)
		}
		if p.f != "" {
			who = prose.Count(len(calls[p]), "call") + " of " + printable.Text(p.f, mostName) + " by " + who
		} else if p.client >= 0 {
			who = "requests of " + who
		}
		by = append(by, who)
	}
	if more := len(order) - mostCallers; more > 0 {
		by = append(by, words.Number(more)+" more")
	}
	l.Text += " Left out " + where + " this: " + prose.Count(len(out), "change") + " of " + s.name(path) + ", in " + prose.List(by, "and") + "."
}
