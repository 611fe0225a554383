package link

import (
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
	in       *active[*HeldEvents]
	wake     func(*HeldEvents) // makes the readers deliver its events
	rule     EventRule
	happened chan struct{}

	// Guarded by Link.mu.
	events []*HeldEvent
	over   bool
}

func newHeldEvents(in *active[*HeldEvents], wake func(*HeldEvents), r EventRule) *HeldEvents {
	return &HeldEvents{in: in, wake: wake, rule: r, happened: make(chan struct{})}
}

// Happened returns a channel that is closed once an event is held back.
func (h *HeldEvents) Happened() <-chan struct{} { return h.happened }

// Events lists the events held back so far, delivered or not, the oldest first.
func (h *HeldEvents) Events() []HeldEvent {
	h.in.mu.Lock()
	defer h.in.mu.Unlock()
	list := make([]HeldEvent, len(h.events))
	for i, e := range h.events {
		list[i] = *e
	}
	return list
}

// Release ends the rule and delivers the events that are still held back. It may be called more than
// once.
func (h *HeldEvents) Release() {
	h.in.mu.Lock()
	defer h.in.mu.Unlock()
	h.over = true
	h.in.remove(h)
	h.wake(h)
}

// ruleFor returns the oldest rule that matches an event, or nil. Call it with Link.mu held.
func ruleFor(held []*HeldEvents, e wire.WatchEvent) *HeldEvents {
	for _, h := range held {
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

// heldFrame is a held-back watch event. It is guarded by Link.mu.
type heldFrame struct {
	frame []byte // length included
	event *HeldEvent
	rule  *HeldEvents
}

// due reports whether the client may have the event now.
func (h heldFrame) due() bool {
	return h.rule.over || h.rule.rule.Behind > 0 && h.event.Overtaken >= h.rule.rule.Behind
}
