package screen

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// column is a column at the right of the tree, shown if the tree is wide enough. It has an empty cell
// on each side.
type column struct {
	name    string
	width   int
	numbers bool // aligned to the right
	from    int  // the smallest width of the tree at which it is shown
	text    func(r *monitor.Row) string
	style   func(p *palette) ansi.Style
}

var columns = []column{
	{"owner", 18, false, 72, owner, func(p *palette) ansi.Style { return p.ephem }},
	{"children", 8, true, 46, children, func(p *palette) ansi.Style { return p.muted }},
	{"size", 8, true, 36, bytesOf, func(p *palette) ansi.Style { return p.muted }},
}

func owner(r *monitor.Row) string {
	if r.Owner == 0 {
		return ""
	}
	return hexa(r.Owner)
}

func children(r *monitor.Row) string {
	if r.Children <= 0 {
		return ""
	}
	return count(r.Children)
}

func bytesOf(r *monitor.Row) string {
	if r.Bytes < 0 {
		return ""
	}
	return size(r.Bytes)
}

// columnsFor returns the columns that fit a tree of a width, and where the first begins.
func columnsFor(width int) (shown []column, from int) {
	from = width
	for _, c := range columns {
		if width >= c.from {
			shown = append(shown, c)
			from -= c.width + 2
		}
	}
	return shown, from
}

// treeLines draws the tree.
func treeLines(v *monitor.View, s *state, r rect) []string {
	out := []string{treeTitle(v, s, r.w)}
	rows := v.Rows[:min(len(v.Rows), r.inner().h)]
	for i := range rows {
		out = append(out, treeRow(&rows[i], s, v.Conn.Connected, r.w))
	}
	if len(rows) == 0 && len(out) < r.h {
		out = append(out, newLine(r.w).add(s.palette().muted, "   "+emptyTree(v, s)).String())
	}
	for len(out) < r.h {
		out = append(out, newLine(r.w).String())
	}
	return out[:r.h]
}

func emptyTree(v *monitor.View, s *state) string {
	switch {
	case s.filter != "":
		return "no open znode has " + clean(s.filter, 100) + " in its name"
	case !v.Conn.Connected:
		return "nothing read yet"
	}
	return "reading…"
}

// treeTitle draws the title of the tree, with the names of the columns.
func treeTitle(v *monitor.View, s *state, width int) string {
	p := s.palette()
	shown, from := columnsFor(width)
	name := "Tree"
	if s.filter != "" {
		name = "Tree with " + cut(clean(s.filter, 100), 30)
	}
	l := newLine(width)
	style := p.strong
	if s.focus == treePane {
		style = p.accent
	}
	l.add(p.muted, "─ ").add(style, cut(name, from-4)).add(p.muted, " ")
	if many := plural(v.Total, "row"); l.used+cells(many)+2 < from {
		l.add(p.muted, many+" ")
	}
	l.add(p.muted, strings.Repeat("─", max(from-l.used, 0)))
	for _, c := range shown {
		rule := strings.Repeat("─", c.width-cells(c.name))
		if c.numbers {
			l.add(p.muted, rule+" "+c.name+" ")
		} else {
			l.add(p.muted, " "+c.name+" "+rule)
		}
	}
	return l.String()
}

// glyphs mark changes, also where colours are not visible.
var glyphs = map[monitor.Kind]string{monitor.Created: "+", monitor.Changed: "~", monitor.Deleted: "-"}

// treeRow draws a znode. Without a connection everything is grey, because it may be outdated.
func treeRow(r *monitor.Row, s *state, connected bool, width int) string {
	p := s.palette()
	l := newLine(width)
	chosen := r.Path == s.chosen
	switch {
	case chosen && s.focus == treePane:
		l.under = p.chosen
	case chosen:
		l.under = p.resting
	}
	fresh := p.fade(r.Mark, s.now.Sub(r.At))
	name := nameStyle(p, r, fresh)
	own := func(st ansi.Style) ansi.Style { return st }
	if !connected {
		fresh, name = nil, p.muted
		own = func(ansi.Style) ansi.Style { return p.muted }
	}
	shown, from := columnsFor(width)
	pointer := " "
	if chosen {
		pointer = "›"
	}
	l.add(p.accent, pointer)
	if fresh != nil {
		l.add(fresh, glyphs[r.Mark])
	}
	l.to(3).to(3 + indent(r.Depth, width))
	l.add(toggleStyle(p, r, s.now, connected), toggle(r)).to(l.used + 1)
	note := ""
	if r.Note != "" { // a note is more useful than the end of a long name
		note = cut("  "+clean(r.Note, 60), max(from-l.used-shortName, 0))
	}
	l.add(name, cut(clean(r.Name, width), from-l.used-cells(note)))
	l.add(own(p.accent), note)
	if r.Problem != "" {
		l.add(own(p.bad), cut("  "+clean(oneLine(r.Problem), width), from-l.used))
	}
	for _, c := range shown {
		text := cut(c.text(r), c.width)
		if c.numbers {
			text = pad(text, -c.width)
		}
		l.to(from+1).add(own(c.style(p)), text)
		from += c.width + 2
	}
	return l.String()
}

// shortName is the number of cells that a note leaves at least for the name before it.
const shortName = 12

// oneLine replaces line breaks by spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// indent returns the indentation of a depth, at most half of the width.
func indent(depth, width int) int { return min(2*depth, width/2) }

func nameStyle(p *palette, r *monitor.Row, fresh ansi.Style) ansi.Style {
	switch {
	case r.Mark == monitor.Deleted && fresh == nil:
		return append(p.muted[:len(p.muted):len(p.muted)], ansi.Style{}.Strikethrough(true)...)
	case r.Mark == monitor.Deleted:
		return append(fresh[:len(fresh):len(fresh)], ansi.Style{}.Strikethrough(true)...)
	case fresh != nil:
		return fresh
	case r.Owner != 0:
		return p.ephem
	}
	return nil
}

// toggle returns the sign that shows whether a znode has children, and whether it is open.
func toggle(r *monitor.Row) string {
	switch {
	case r.Loading:
		return "…"
	case r.Open && r.Children != 0:
		return "▾"
	case r.Children != 0, !r.Below.IsZero():
		return "▸"
	}
	return " "
}

// toggleStyle returns the style of the sign, which shows a change below a closed folder.
func toggleStyle(p *palette, r *monitor.Row, now time.Time, connected bool) ansi.Style {
	if connected && !r.Below.IsZero() {
		if fresh := p.fade(monitor.Changed, now.Sub(r.Below)); fresh != nil {
			return fresh
		}
	}
	return p.muted
}

// fading reports whether a mark is fading, so that the next drawing differs.
func fading(v *monitor.View, s *state) bool {
	recent := func(kind monitor.Kind, at time.Time) bool {
		return kind != "" && s.now.Sub(at) < fadeFor+100*time.Millisecond
	}
	for i := range v.Rows {
		r := &v.Rows[i]
		if recent(r.Mark, r.At) || recent(monitor.Changed, r.Below) {
			return true
		}
	}
	return false
}

// place returns the index of a path among the visible rows, -1 if it is not visible.
func place(v *monitor.View, path string) int {
	for i := range v.Rows {
		if v.Rows[i].Path == path {
			return i
		}
	}
	return -1
}
