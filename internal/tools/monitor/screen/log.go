package screen

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// logLines draws the log of changes, the newest last.
func logLines(v *monitor.View, s *state, r rect) []string {
	log, right := v.Log, plural(v.Counts.Changes, "change")+" of znodes since the beginning"
	if s.logHeld != nil {
		log, right = s.logHeld, "scrolled: G follows again"
	}
	height := r.inner().h
	s.logBack = max(min(s.logBack, len(log)-height), 0)
	end := len(log) - s.logBack
	out := []string{title(s, logPane, r.w, "Log", right).String()}
	for i := max(end-height, 0); i < end; i++ {
		out = append(out, logLine(&log[i], s, r.w))
	}
	for len(out) < r.h {
		out = append(out, newLine(r.w).String())
	}
	return out[:r.h]
}

func logLine(c *monitor.Change, s *state, width int) string {
	p := s.palette()
	l := newLine(width).add(nil, " ").add(p.muted, s.at(c.Time).Format("15:04:05.000")+" ")
	style := p.kind(c.Kind)
	if width >= 60 {
		zxid := ""
		if c.Zxid != 0 {
			zxid = hexa(c.Zxid)
		}
		l.add(p.muted, pad(zxid, 13)+" ")
	}
	glyph, known := glyphs[c.Kind]
	if !known {
		return l.add(style, "* "+eventWords(c)).String()
	}
	l.add(style, glyph+" ")
	if width >= 100 {
		l.add(style, pad(string(c.Kind), 8))
	}
	rest := changeWords(p, c)
	room := l.left()
	if rowWidth(rest) < room/2 {
		room -= rowWidth(rest)
	} else {
		rest = nil
	}
	return l.add(nil, cutLeft(clean(c.Path, 2000), room)).adding(rest).String()
}

// changeWords returns what is known about a change, without its path.
func changeWords(p *palette, c *monitor.Change) (parts []part) {
	if c.Owner != 0 {
		parts = append(parts, part{p.ephem, "  of " + hexa(c.Owner)})
	}
	if c.Version != monitor.Unknown && c.Kind == monitor.Changed {
		parts = append(parts, part{p.muted, fmt.Sprintf("  version %d", c.Version)})
	}
	if c.Bytes != monitor.Unknown && c.Kind != monitor.Deleted {
		parts = append(parts, part{p.muted, "  " + size(c.Bytes)})
	}
	if c.Found {
		parts = append(parts, part{p.warn, "  found afterwards"})
	}
	return parts
}

// eventWords describes an event of the follower itself.
func eventWords(c *monitor.Change) string {
	var words []string
	switch c.Kind {
	case monitor.Connected:
		words = append(words, "connected to "+clean(c.Server, 100))
	case monitor.Disconnected:
		words = append(words, "connection to "+clean(c.Server, 100)+" lost"+because(c.Reason))
	case monitor.Expired:
		words = append(words, "the session expired, beginning a new one"+because(c.Reason))
	case monitor.Compared:
		words = append(words, "compared everything again: "+plural(c.Number, "difference"))
	case monitor.Unwatched:
		words = append(words, "no recursive watch at "+clean(c.Server, 100)+because(c.Reason))
	case monitor.Missed:
		words = append(words, plural(c.Number, "change")+" missed")
	default:
		words = append(words, clean(string(c.Kind), 40), clean(c.Path, 1000))
	}
	return strings.Join(words, " ")
}
