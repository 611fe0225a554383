package link

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// EventRule picks the watch events to hold back.
type EventRule struct {
	// Type is the kind of change of the znode. The zero value matches any.
	Type wire.EventType
	// Path is the znode, or a pattern, as in [Rule]. "" matches any.
	Path string
	// Behind is how many later replies of the same connection overtake the event. Answers
	// to pings do not count. 0: until Release.
	Behind int
}

// HeldEvent describes one event that was held back.
type HeldEvent struct {
	Type    wire.EventType
	Path    string
	Session int64
	At      time.Duration // when it came, by Config.Clock
	Zxid    int64         // the zxid in its header; -1 from servers before 3.9
	// Overtaken is how many replies have overtaken it.
	Overtaken int
	// Delivered is true if the client can read it now, Dropped if it was lost with its
	// connection. If both are false, it is still held back.
	Delivered, Dropped bool
}

// HeldEvents is an active rule.
type HeldEvents struct {
	l        *Link
	rule     EventRule
	happened chan struct{}

	// Guarded by Link.mu.
	events []*HeldEvent
	over   bool
}

// HoldEvents holds back the watch events that the rule matches, on present and later
// connections: later replies overtake them. An event is delivered after Behind replies, or
// at Release, or is dropped with its connection.
//
// No network does that, and ZooKeeper promises that it does not happen ("Programmer's
// Guide, What ZooKeeper Guarantees about Watches": a client sees the event before the new
// data). Client libraries that deliver events on a separate thread can show it to a recipe.
// HoldEvents returns an error if the rule is malformed.
func (l *Link) HoldEvents(r EventRule) (*HeldEvents, error) {
	if err := checkPattern(r.Path); err != nil {
		return nil, err
	}
	if r.Behind < 0 {
		return nil, fmt.Errorf("behind is %d, must be 0 or more", r.Behind)
	}
	h := newHeldEvents(l, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, h)
	return h, nil
}

func newHeldEvents(l *Link, r EventRule) *HeldEvents {
	return &HeldEvents{l: l, rule: r, happened: make(chan struct{})}
}

// Happened returns a channel that is closed once an event is held back.
func (h *HeldEvents) Happened() <-chan struct{} { return h.happened }

// Events lists the events held back so far, delivered or not, the oldest first.
func (h *HeldEvents) Events() []HeldEvent {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	list := make([]HeldEvent, len(h.events))
	for i, e := range h.events {
		list[i] = *e
	}
	return list
}

// Release ends the rule and delivers the events that are still held back. It may be called more than
// once.
func (h *HeldEvents) Release() {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	h.over = true
	h.l.held = slices.DeleteFunc(h.l.held, func(x *HeldEvents) bool { return x == h })
	for _, c := range h.l.inOrder() {
		if slices.ContainsFunc(c.held, func(f heldFrame) bool { return f.rule == h }) {
			c.deadlines.interrupt() // the reader delivers them
		}
	}
}

// ruleFor returns the oldest rule that matches an event, or nil. Call it with l.mu held.
func (l *Link) ruleFor(e wire.WatchEvent) *HeldEvents {
	for _, h := range l.held {
		if h.rule.matches(e) {
			return h
		}
	}
	return nil
}

func (r EventRule) matches(e wire.WatchEvent) bool {
	return (r.Type == 0 || r.Type == e.Type) && (r.Path == "" || matchesPath(r.Path, e.Path))
}

// String describes the rule in a few words: "nodeDeleted of /locks".
func (r EventRule) String() string {
	s := "any event"
	if r.Type != 0 {
		s = r.Type.String()
	}
	if r.Path != "" {
		s += " of " + r.Path
	}
	return s
}
