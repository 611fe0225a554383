package screen

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/tools/monitor"
)

// lookupLines draws servers and sessions, in place of the selected znode.
func lookupLines(v *monitor.View, s *state, r rect) []string {
	p := s.palette()
	var lines []*line
	lines = append(lines, newLine(r.w).adding([]part{{p.strong, " " + healthWords(v)}, {p.muted, asOf(v, s)}}))
	for _, note := range v.Status.Notes {
		lines = append(lines, newLine(r.w).add(p.warn, " "+clean(note, 400)))
	}
	lines = append(lines, table(r.w, serverTable(v, p), spareOfServers...)...)
	for _, server := range v.Status.Servers {
		if server.Error != "" {
			lines = append(lines, newLine(r.w).add(p.warn, " "+clean(server.Addr, 60)+": ").add(nil, clean(oneLine(server.Error), 400)))
		}
	}
	if v.How != "" {
		lines = append(lines, newLine(r.w).add(p.muted, " followed by ").add(nil, clean(v.How, 400)))
	}
	lines = append(lines, newLine(r.w))
	lines = append(lines, table(r.w, sessionTable(v, p))...)
	return window(s, detailPane, r, "Servers and sessions", contentOf(lines), &s.lookups)
}

func healthWords(v *monitor.View) string {
	e := v.Status
	if len(e.Servers) == 0 {
		return "no server queried yet"
	}
	words := fmt.Sprintf("%s: %d of %d serve", e.Health, e.Serving, len(e.Servers))
	if e.Leader != "" {
		words += fmt.Sprintf(", epoch %d", e.Epoch)
	}
	return words
}

func asOf(v *monitor.View, s *state) string {
	if v.StatusAt.IsZero() {
		return ""
	}
	return "  at " + s.at(v.StatusAt).Format("15:04:05")
}

// spareOfServers lists the columns that the table of servers drops if it is too wide, in the order in
// which it drops them.
var spareOfServers = []string{"waiting", "ms max", "watches", "version", "conns", "ms mean", "behind"}

func serverTable(v *monitor.View, p *palette) [][]part {
	rows := [][]part{heads(p, "server", "role", "zxid", "behind", "ms mean", "ms max", "conns", "waiting", "watches", "version")}
	for _, s := range v.Status.Servers {
		style, glyph, role := roleOf(p, s)
		row := []part{{nil, clean(s.Addr, 60)}, {style, glyph + " " + role}}
		if s.State == status.Serving || s.State == status.ReadOnly {
			for _, text := range []string{
				s.Zxid.String(), number(s.Behind), fmt.Sprintf("%.3g", s.Latency[1]), fmt.Sprintf("%.0f", s.Latency[2]),
				count(s.Connections), number(s.Outstanding), number(s.Watches), clean(s.Version, 30),
			} {
				row = append(row, part{nil, text})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func sessionTable(v *monitor.View, p *palette) [][]part {
	rows := [][]part{heads(p, "session", "ephemerals", "client", "server", "")}
	for _, info := range v.Sessions {
		own := ""
		if info.Own {
			own = "this monitor"
		}
		rows = append(rows, []part{
			{p.ephem, hexa(info.ID)},
			{nil, strconv.Itoa(info.Znodes)},
			{nil, orDash(clean(info.Client, 60))},
			{nil, orDash(clean(info.Server, 60))},
			{p.muted, own},
		})
	}
	return rows
}

func heads(p *palette, names ...string) (row []part) {
	for _, name := range names {
		row = append(row, part{p.muted, name})
	}
	return row
}

func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return count(*n)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// table draws rows in columns, each as wide as its widest part. The first row has the names of the
// columns. If the columns do not fit, table drops spare ones, in their order.
func table(width int, rows [][]part, spare ...string) (lines []*line) {
	widths := widthsOf(rows)
	for len(spare) > 0 && tableWidth(widths) > width {
		rows = without(rows, slices.IndexFunc(rows[0], func(p part) bool { return p.text == spare[0] }))
		widths, spare = widthsOf(rows), spare[1:]
	}
	for _, row := range rows {
		l := newLine(width).add(nil, " ")
		column := 1
		for i, p := range row {
			l.to(column).add(p.style, p.text)
			column += widths[i] + 2
		}
		lines = append(lines, l)
	}
	return lines
}

func widthsOf(rows [][]part) (widths []int) {
	for _, row := range rows {
		for i, p := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(p.text))
		}
	}
	return widths
}

// tableWidth returns the width of a table, with one cell before it and two between columns.
func tableWidth(widths []int) int {
	sum := 1
	for i, w := range widths {
		sum += w
		if i > 0 {
			sum += 2
		}
	}
	return sum
}

// without removes a column from rows. Some rows may have fewer columns.
func without(rows [][]part, column int) [][]part {
	left := make([][]part, len(rows))
	for i, row := range rows {
		if column < len(row) {
			row = slices.Delete(slices.Clone(row), column, column+1)
		}
		left[i] = row
	}
	return left
}
