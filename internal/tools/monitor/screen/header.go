package screen

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/tools/monitor"
)

// This file draws the lines above and below the panes.

// header draws the connection, the session, and the numbers of znodes and changes.
func header(v *monitor.View, s *state, width int) string {
	p := s.palette()
	l := newLine(width).add(p.badge, " zklab monitor ")
	right := []part{
		{nil, plural(v.Counts.Znodes, "znode") + " read"}, // those in open folders
		{p.muted, ", " + count(v.Counts.Ephemerals) + " ephemeral"},
		{nil, "  " + count(v.Counts.LastSecond) + " changes/s "},
	}
	left := connection(v, s)
	if l.used+2+cells(right[0].text)+cells(right[2].text) > width {
		right = nil
	} else if l.used+46+rowWidth(right) > width {
		right = append(right[:1:1], right[2])
	}
	for _, part := range left {
		if l.used+cells(part.text)+rowWidth(right) <= width {
			l.add(part.style, part.text)
		}
	}
	return l.to(width - rowWidth(right)).adding(right).String()
}

// connection returns the state of the session in parts, the most important first.
func connection(v *monitor.View, s *state) []part {
	p := s.palette()
	if !v.Conn.Connected {
		return []part{{p.bad, "  ✕ not connected"}, {p.muted, "  " + session(v.Conn.Session)}}
	}
	dot := part{p.good, "  ● "}
	if v.Conn.Comparing > 0 {
		dot = part{p.warn, "  ● "}
	}
	parts := []part{dot, {nil, clean(v.Conn.Server, 64)}}
	if s.root != "" && s.root != "/" {
		parts = append(parts, part{nil, clean(s.root, 64)})
	}
	return append(parts, part{p.muted, "  " + session(v.Conn.Session)})
}

func session(id int64) string {
	if id == 0 {
		return "no session"
	}
	return "session " + hexa(id)
}

// noticeOf returns a warning that the screen may not show the present state, "" if it does.
func noticeOf(v *monitor.View, s *state) string {
	c := v.Conn
	switch {
	case !c.Connected && c.Since.IsZero():
		return "✕ connecting" + because(c.Problem)
	case !c.Connected:
		return fmt.Sprintf("✕ no connection since %s (%s), the tree is from then%s",
			s.at(c.Since).Format("15:04:05"), span(s.ago(c.Since)), because(c.Problem))
	case c.Comparing > 0:
		return fmt.Sprintf("reconnected: %s still to compare with the server", plural(c.Comparing, "znode"))
	case c.ReadOnly:
		return "the server is read-only: it has no majority, and its znodes may be outdated"
	}
	return ""
}

func because(problem string) string {
	if problem == "" {
		return ""
	}
	return ": " + clean(problem, 200)
}

// serverLines draws all servers in one line or two, with as much about each as fits.
func serverLines(v *monitor.View, p *palette, width int) []string {
	if len(v.Status.Servers) == 0 {
		return nil
	}
	const most = 2
	for detail := 3; ; detail-- {
		lines := flow(serverChips(v, p, detail), width)
		if len(lines) > most && detail > 0 {
			continue
		}
		out := make([]string, 0, most)
		for _, l := range lines[:min(len(lines), most)] {
			out = append(out, l.String())
		}
		return out
	}
}

// flow puts chips side by side in columns of one width, on as many lines as they need.
func flow(chips [][]part, width int) (lines []*line) {
	widest := 0
	for _, c := range chips {
		widest = max(widest, rowWidth(c))
	}
	each := max((width-1)/(widest+2), 1)
	for i, c := range chips {
		if i%each == 0 {
			lines = append(lines, newLine(width).add(nil, " "))
		}
		lines[len(lines)-1].to(1 + i%each*(widest+2)).adding(c)
	}
	return lines
}

// serverChips returns a summary of each server: its address and role, and with more detail its zxid,
// connections and latency.
func serverChips(v *monitor.View, p *palette, detail int) (chips [][]part) {
	for _, s := range v.Status.Servers {
		style, glyph, role := roleOf(p, s)
		chip := []part{{style, glyph}, {nil, " " + clean(s.Addr, 60)}}
		if detail >= 2 {
			chip = append(chip, part{style, " " + pad(role, 8)})
		}
		if s.State == status.Serving || s.State == status.ReadOnly {
			if detail >= 1 {
				chip = append(chip, part{nil, " " + s.Zxid.String()})
			}
			if detail >= 2 {
				chip = append(chip, part{p.muted, fmt.Sprintf(" %.3g ms", s.Latency[1])})
			}
			if detail >= 3 {
				chip = append(chip, part{p.muted, " " + plural(s.Connections, "connection")})
			}
		}
		chips = append(chips, chip)
	}
	return chips
}

// roleOf returns how to draw a server's role.
func roleOf(p *palette, s status.Server) (style ansi.Style, glyph, word string) {
	switch {
	case s.State == status.ReadOnly:
		return p.warn, "◐", string(s.State)
	case s.State != status.Serving:
		return p.bad, "✕", string(s.State)
	case s.Role == ensemble.Leader:
		return p.accent, "★", string(s.Role)
	case s.Role == ensemble.Observer:
		return p.muted, "○", string(s.Role)
	}
	return p.good, "●", string(s.Role)
}

// footer draws the keys of the pane with the focus, or the filter while the user types it.
func footer(s *state, width int) string {
	p := s.palette()
	l := newLine(width)
	if s.typing {
		hint := "  enter keeps it, esc clears it"
		l.add(p.accent, " / ").add(nil, cutLeft(clean(s.filter, 1000), max(width-cells(hint)-5, 1))).add(p.strong, "█")
		return l.add(p.muted, hint).String()
	}
	if s.paused {
		l.add(p.alarm, " PAUSED ").add(nil, " p").add(p.muted, " resumes ")
	}
	for _, k := range keysFor(s) {
		if l.used+cells(k.keys)+cells(k.does)+3 <= width {
			l.add(nil, " ").add(p.strong, k.keys).add(p.muted, " "+k.does+" ")
		}
	}
	return l.String()
}

func keysFor(s *state) []binding {
	var first []binding
	switch {
	case s.help:
		return []binding{{"any key", "back"}, {"q", "quit"}}
	case s.focus == treePane && s.filter != "":
		first = []binding{{"↑↓", "move"}, {"enter", "open"}, {"/", "filter"}, {"esc", "clear filter"}}
	case s.focus == treePane:
		first = []binding{{"↑↓", "move"}, {"enter", "open"}, {"/", "filter"}}
	default:
		first = []binding{{"↑↓", "scroll"}, {"g G", "ends"}}
	}
	servers := binding{"s", "servers"}
	if s.servers {
		servers.does = "znode"
	}
	return append(first, binding{"tab", "pane"}, servers, binding{"l", "log"}, binding{"?", "help"}, binding{"q", "quit"}, binding{"p", "pause"})
}

// binding is a key and what it does.
type binding struct{ keys, does string }
