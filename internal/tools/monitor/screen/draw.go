package screen

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// draw returns the whole screen: height lines of exactly width cells. In the state it changes only
// the limits of scrolling and the formatted value.
func draw(v *monitor.View, s *state, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	l := layoutOf(v, s, width, height)
	p := s.palette()
	lines := make([]string, 0, height)
	put := func(r rect, text ...string) {
		for i := range r.h {
			if i < len(text) {
				lines = append(lines, text[i])
			} else {
				lines = append(lines, newLine(r.w).String())
			}
		}
	}
	if l.header.h > 0 {
		put(l.header, header(v, s, width))
	}
	if l.notice.h > 0 {
		put(l.notice, newLine(width).add(p.alarm, pad(" "+noticeOf(v, s), width)).String())
	}
	if l.servers.h > 0 {
		put(l.servers, serverLines(v, p, width)...)
	}
	if s.help {
		lines = append(lines, helpLines(p, width, l.bodyHeight(height))...)
	} else {
		lines = append(lines, bodyLines(v, s, l)...)
	}
	if l.footer.h > 0 {
		put(l.footer, footer(s, width))
	}
	return strings.Join(lines, "\n")
}

func (l *layout) bodyHeight(height int) int {
	return height - l.header.h - l.notice.h - l.servers.h - l.footer.h
}

// bodyLines draws all panes, one below the other or side by side.
func bodyLines(v *monitor.View, s *state, l layout) []string {
	var parts [3][]string
	if r := l.panes[treePane]; r.h > 0 {
		parts[treePane] = treeLines(v, s, r)
	}
	if r := l.panes[detailPane]; r.h > 0 {
		if s.servers {
			parts[detailPane] = lookupLines(v, s, r)
		} else {
			parts[detailPane] = detailLines(v, s, r)
		}
	}
	if r := l.panes[logPane]; r.h > 0 {
		parts[logPane] = logLines(v, s, r)
	}
	lines := parts[treePane]
	if l.beside && len(parts[treePane]) > 0 && len(parts[detailPane]) > 0 {
		for i := range lines {
			lines[i] += s.palette().muted.Styled("│") + parts[detailPane][i]
		}
	} else {
		lines = append(lines, parts[detailPane]...)
	}
	return append(lines, parts[logPane]...)
}

// title draws the line above a pane: its name, and a text at the right.
func title(s *state, which pane, width int, name, right string) *line {
	p := s.palette()
	l := newLine(width)
	style := p.strong
	if s.focus == which {
		style = p.accent
	}
	l.add(p.muted, "─ ").add(style, cut(name, l.left()-cells(right)-4)).add(p.muted, " ")
	if gap := l.left() - cells(right) - 3; right != "" && gap > 0 {
		l.add(p.muted, strings.Repeat("─", gap)+" "+right+" ─")
	}
	return l.add(p.muted, strings.Repeat("─", l.left()))
}

// content is scrolled by a pane: a number of lines, each drawn when it is visible.
type content struct {
	lines int
	draw  func(i int) *line
}

func contentOf(lines []*line) content {
	return content{len(lines), func(i int) *line { return lines[i] }}
}

// window draws the title of a pane and the visible part of its content.
func window(s *state, which pane, r rect, name string, c content, at *scroll) []string {
	at.fit(c.lines, r.inner().h)
	right := ""
	if at.total > at.height && at.height > 0 {
		right = fmt.Sprintf("%s–%s of %s", count(at.top+1), count(at.top+at.height), count(at.total))
	}
	out := []string{title(s, which, r.w, name, right).String()}
	for i := at.top; i < min(at.top+at.height, c.lines); i++ {
		out = append(out, c.draw(i).String())
	}
	for len(out) < r.h {
		out = append(out, newLine(r.w).String())
	}
	return out
}

// part is text with a style.
type part struct {
	style ansi.Style
	text  string
}

// adding appends parts.
func (l *line) adding(parts []part) *line {
	for _, p := range parts {
		l.add(p.style, p.text)
	}
	return l
}

// rowWidth returns the total width of parts.
func rowWidth(parts []part) (n int) {
	for _, p := range parts {
		n += cells(p.text)
	}
	return n
}
