package promises

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// This file follows watches that stay when they fire ("Programmer's Guide, Persistent, Recursive
// Watches"): each change has its event, until they are removed. A server forgets them with
// the connection.

// standing is a persistent watch on one connection.
type standing struct {
	*request
	set      bool     // the server has confirmed it
	removing *request // the request to remove it; nil if none has been sent
	removed  bool     // the server has confirmed that
	due      []expected
	next     int // the first of due that no reply has shown
}

// expected is a change for which a watch must bring an event.
type expected struct {
	occurrence
	*change
}

// occurrence is a change as an event describes it.
type occurrence struct {
	history.WatchEvent
	zxid history.ID
}

// covers reports whether a watch can bring an event.
func (s *standing) covers(e history.WatchEvent) bool {
	if !s.Recursive {
		return e.Path == s.Path
	}
	return e.Type != nodeChildrenChanged && s.above(e.Path)
}

// above reports whether a path is the watched path or below it.
func (s *standing) above(path string) bool {
	return path == s.Path || s.Path == "/" || strings.HasPrefix(path, s.Path+"/")
}

// The types of events.
const (
	nodeCreated         = "nodeCreated"
	nodeDeleted         = "nodeDeleted"
	nodeDataChanged     = "nodeDataChanged"
	nodeChildrenChanged = "nodeChildrenChanged"
)

var eventOf = map[changeKind]string{created: nodeCreated, set: nodeDataChanged, deleted: nodeDeleted}

// anyWatcher is the number with which removeWatches removes watches of all kinds. The numbers for
// single kinds follow.
const (
	anyWatcher        = 3
	persistentWatcher = 4
	recursiveWatcher  = 5
)

// removes reports whether a removeWatches request ends a watch.
func (q *request) removes(s *standing) bool {
	switch q.Watcher {
	case anyWatcher:
	case persistentWatcher:
		return q.Path == s.Path && !s.Recursive
	case recursiveWatcher:
		return q.Path == s.Path && s.Recursive
	default:
		return false
	}
	return q.Path == s.Path
}

// stands records what a request does to persistent watches.
func (w *watches) stands(q *request) {
	switch q.Op {
	case "addWatch":
		w.standing = append(w.standing, &standing{request: q})
	case "removeWatches":
		for _, s := range w.standing {
			if s.removing == nil && q.removes(s) {
				s.removing = q
			}
		}
	case "setWatches2":
		w.setAgain = w.setAgain || len(q.PersistentWatches) > 0
	}
}

// stood records the replies to requests about persistent watches.
func (w *watches) stood(r *reply) {
	for _, s := range w.standing {
		switch {
		case r.Error != 0:
		case s.request == r.request:
			s.set = true
			w.expect(s, r)
		case s.removing == r.request:
			s.removed = true
		}
	}
}

// expect collects the changes for which a watch must bring an event: all changes that were
// requested after the client knew that the watch was set.
func (w *watches) expect(s *standing, r *reply) {
	behind := func(m *change) bool {
		if m.by != nil {
			return m.by.at > r.at
		}
		return w.log != nil && m.zxid > w.log.committed(r.at)
	}
	add := func(path, typ string, m *change) {
		if behind(m) {
			s.due = append(s.due, expected{occurrence{history.WatchEvent{Type: typ, Path: path}, m.zxid}, m})
		}
	}
	for path, p := range w.pasts {
		if !s.above(path) || boot(path) || w.hidden(path) {
			continue
		}
		if s.Recursive || path == s.Path {
			for i := range p.own {
				add(path, eventOf[p.own[i].what], &p.own[i])
			}
		}
		if !s.Recursive && path == s.Path && !p.stuck {
			for i := range p.children {
				add(path, nodeChildrenChanged, &p.children[i])
			}
		}
	}
	slices.SortFunc(s.due, func(x, y expected) int {
		return cmp.Or(cmp.Compare(x.occurrence.zxid, y.occurrence.zxid), strings.Compare(x.Path, y.Path), strings.Compare(x.Type, y.Type))
	})
}

// heard checks an event on a connection with persistent watches.
func (w *watches) heard(e *event) {
	if len(w.standing) == 0 || w.setAgain {
		return
	}
	w.Report[PersistentWatches].count("events", 1)
	of := occurrence{e.WatchEvent, e.zxid}
	if w.occurred == nil {
		w.occurred = map[occurrence]int{}
	}
	w.occurred[of]++
	switch last := w.covering(e); {
	case last == nil:
		w.broken(PersistentWatches, []int{w.c.from(), e.index}, "client %d got %s of %s at %s, on which it had set no watch on this connection",
			w.c.client, e.Type, e.Path, at(e.at))
	case last.removed:
		w.broken(PersistentWatches, append(append(last.events(), last.removing.events()...), e.index), "client %d got %s of %s at %s, though it had removed its watch on %s, and had the answer at %s",
			w.c.client, e.Type, e.Path, at(e.at), last.Path, at(last.removing.reply.at))
	case w.log != nil && e.zxid > 0 && w.occurred[of] > max(1, w.happened(e)):
		w.broken(PersistentWatches, append(last.events(), e.index), "client %d got %s of %s with zxid %s once more at %s",
			w.c.client, e.Type, e.Path, e.zxid, at(e.at))
	}
}

// covering returns a watch that can bring an event, preferably one that was not removed; nil if
// there is none, or if a one-time watch of the connection can bring the event as well.
func (w *watches) covering(e *event) (found *standing) {
	for _, s := range w.standing {
		if s.covers(e.WatchEvent) && (found == nil || found.removed) {
			found = s
		}
	}
	return found
}

// happened counts how often a transaction made the change that an event describes.
func (w *watches) happened(e *event) (n int) {
	p := w.past(e.Path)
	if p == nil {
		return 0
	}
	of := p.own
	if e.Type == nodeChildrenChanged {
		of = p.children
	}
	for i := range of {
		if of[i].zxid == e.zxid && (e.Type == nodeChildrenChanged || eventOf[of[i].what] == e.Type) {
			n++
		}
	}
	return n
}

// missedEvents checks that a reply shows no change whose event a persistent watch has not brought yet.
func (w *watches) missedEvents(r *reply, v *view) {
	if w.setAgain {
		return
	}
	for _, s := range w.standing {
		if !s.set || s.removing != nil {
			continue
		}
		for ; s.next < len(s.due) && s.due[s.next].occurrence.zxid <= v.lower; s.next++ {
			d := s.due[s.next]
			w.Report[PersistentWatches].count("told", 1)
			if w.occurred[d.occurrence] > 0 || w.untellable {
				continue
			}
			w.broken(PersistentWatches, slices.Concat(r.request.events(), s.events(), d.shown()), "%s is from the state at zxid %s, but the persistent watch on %s, which it had set at %s, had not reported %s: %s of %s",
				told(w.c, r), v.lower, s.Path, at(s.at), d.wrote(), d.Type, d.Path)
		}
	}
}
