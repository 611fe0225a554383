package screen

import "github.com/zklab/zklab/internal/tools/monitor"

// pane is a part of the screen that can have the focus.
type pane int

// The panes.
const (
	treePane pane = iota
	detailPane
	logPane
)

// rect is a part of the screen, in cells from the upper left corner.
type rect struct{ x, y, w, h int }

func (r rect) holds(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// inner returns the part of a pane below its title.
func (r rect) inner() rect { return rect{r.x, r.y + min(1, r.h), r.w, max(r.h-1, 0)} }

// layout has the position of each part. A part without height is not shown.
type layout struct {
	header, notice, servers, footer rect
	panes                           [3]rect
	beside                          bool // the detail is to the right of the tree, not below it
}

// wideEnough is the smallest width at which the detail is beside the tree.
const wideEnough = 120

// layoutOf divides a screen. A small screen has only the pane with the focus.
func layoutOf(v *monitor.View, s *state, width, height int) (l layout) {
	top, bottom := 0, height
	take := func(n int) rect {
		n = max(min(n, bottom-top), 0)
		top += n
		return rect{0, top - n, width, n}
	}
	if height >= 3 {
		l.header = take(1)
	}
	if height >= 5 && noticeOf(v, s) != "" {
		l.notice = take(1)
	}
	if height >= 12 {
		l.servers = take(len(serverLines(v, s.palette(), width)))
	}
	if height >= 4 {
		bottom--
		l.footer = rect{0, bottom, width, 1}
	}
	body := rect{0, top, width, bottom - top}
	l.beside = width >= wideEnough
	l.divide(s, body)
	return l
}

func (l *layout) divide(s *state, body rect) {
	if body.h < 8 {
		l.panes[s.focus] = body
		return
	}
	if logHeight := logHeight(body.h, l.beside); s.showLog && logHeight > 0 {
		body.h -= logHeight
		l.panes[logPane] = rect{0, body.y + body.h, body.w, logHeight}
	}
	if l.beside {
		left := body.w * 9 / 20
		l.panes[treePane] = rect{0, body.y, left, body.h}
		l.panes[detailPane] = rect{left + 1, body.y, body.w - left - 1, body.h}
		return
	}
	below := body.h * 9 / 20
	l.panes[treePane] = rect{0, body.y, body.w, body.h - below}
	l.panes[detailPane] = rect{0, body.y + body.h - below, body.w, below}
}

// logHeight returns the height of the log with its title, for the height of all panes.
func logHeight(body int, beside bool) int {
	switch {
	case body < 15:
		return 0
	case beside:
		return max(body/4, 5)
	}
	return max(body/4, 4)
}
