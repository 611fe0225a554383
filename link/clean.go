package link

import (
	"errors"
	"fmt"
	"strings"
)

// Clean returns an error that names what is still in force on the link: holds, refusals,
// stalls, shapes, bars, routes, losses that may still happen, rules about events,
// breakpoints. It returns nil if nothing is.
func (l *Link) Clean() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.in.list()
	for _, x := range l.losses {
		left = append(left, "loss of "+x.rule.String())
	}
	for _, h := range l.held {
		left = append(left, "holding back "+h.rule.String())
	}
	for _, b := range l.breakpoints {
		left = append(left, "breakpoint at "+b.where())
	}
	if len(left) == 0 {
		return nil
	}
	return errors.New("still in force on the link: " + strings.Join(left, ", "))
}

// where describes, for people, what the breakpoint stops.
func (b *Breakpoint) where() string {
	switch {
	case b.owners != 0:
		return "an answer about a znode of " + b.owners.String()
	case b.wants != nil:
		return "any message"
	}
	return b.point.String()
}

// list names what is in force.
func (in *conditions) list() (left []string) {
	add := func(what string) { left = append(left, what) }
	if in.holds > 0 {
		add(several(in.holds, "hold"))
	}
	if in.refusals > 0 {
		add(several(in.refusals, "refusal"))
	}
	for _, s := range in.stalls {
		add("stall " + s.way.String())
	}
	for _, s := range in.shapes {
		add("slow " + s.String())
	}
	for _, addr := range in.bars {
		add("barred from " + *addr)
	}
	for _, addr := range in.routes {
		add("routed to " + *addr)
	}
	return left
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
