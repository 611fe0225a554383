package link

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// This file finds out which znodes a client uses each of its sessions for. A client may have several sessions
// at one time, and what the client is granted or shown at one znode concerns only the sessions with requests
// about znodes there.

// Used returns the sessions that have sent requests about the znode of a key, or those below it, in
// the order of their latest connects; none if the link has carried only one session.
func (l *Link) Used(key string) []history.Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sessions) < 2 {
		return nil
	}
	var used []*session
	for _, s := range l.sessions {
		if s.any || s.keys[key] {
			used = append(used, s)
		}
	}
	slices.SortFunc(used, func(a, b *session) int { return a.order - b.order })
	of := make([]history.Use, len(used))
	for i, s := range used {
		made := l.now.made[place{s.ID, key}]
		of[i] = history.Use{Session: history.ID(s.ID), Alive: s.Alive, Seen: history.ID(s.Zxid), Made: made != nil && *made > 0}
	}
	return of
}

// use records which keys the latest request of the connection is about, and whether it creates an
// ephemeral znode there. Call it with l.mu held.
func (c *conn) use(op wire.Op, f wire.Frame, record []byte) {
	if c.session == nil { // the client does not wait for the connect response
		c.early = true
		return
	}
	paths, err := wire.Paths(op, record)
	c.session.any = c.session.any || err != nil || op == wire.AddWatch // the watch may be on a znode above the keys
	last := ""
	for _, path := range paths {
		key := c.l.keyOf(path)
		if key == "" || key == last {
			continue
		}
		last = key
		if c.session.keys == nil {
			c.session.keys = map[string]bool{}
		}
		c.session.keys[key] = true
	}
	if last == "" || op.Kind() != wire.Create && op != wire.Multi {
		return
	}
	if path := content.Ephemeral(op, f, record); path != "" {
		at := place{c.session.ID, c.l.keyOf(path)}
		if c.l.now.made[at] == nil {
			c.l.now.made[at] = new(int)
		}
		*c.l.now.made[at]++
		c.waiting.list[len(c.waiting.list)-1].makes = c.l.now.made[at]
	}
}

// keyOf returns the key that a znode belongs to; "" if it belongs to none.
func (l *Link) keyOf(path string) string {
	below, ok := strings.CutPrefix(path, l.cfg.Root+"/")
	if !ok {
		return ""
	}
	key, _, _ := strings.Cut(below, "/")
	return key
}
