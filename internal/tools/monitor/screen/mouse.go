package screen

import tea "charm.land/bubbletea/v2"

// wheelLines is how many lines a notch of the wheel scrolls.
const wheelLines = 3

// mouse handles a click or the wheel.
func (m *model) mouse(msg tea.MouseMsg) {
	at := msg.Mouse()
	switch msg := msg.(type) {
	case tea.MouseClickMsg:
		m.dirty = true
		if m.help {
			m.help = false
		} else if msg.Button == tea.MouseLeft {
			m.click(at.X, at.Y)
		}
	case tea.MouseWheelMsg:
		m.dirty = true
		switch msg.Button {
		case tea.MouseWheelUp:
			m.wheel(at.X, at.Y, -wheelLines)
		case tea.MouseWheelDown:
			m.wheel(at.X, at.Y, wheelLines)
		}
	}
}

// under returns the pane at a position.
func (m *model) under(x, y int) (pane, rect, bool) {
	for which, r := range m.layout().panes {
		if r.holds(x, y) {
			return pane(which), r, true
		}
	}
	return treePane, rect{}, false
}

func (m *model) wheel(x, y, by int) {
	which, _, ok := m.under(x, y)
	switch {
	case !ok || m.help:
	case which == treePane:
		m.scrollTree(by)
	default:
		m.scroll(which, by)
	}
}

// click moves the focus to a pane, and selects the row of the tree. On ▸ or ▾ it opens or closes the
// folder.
func (m *model) click(x, y int) {
	which, r, ok := m.under(x, y)
	if !ok {
		return
	}
	m.focus = which
	i := y - r.inner().y
	if which != treePane || i < 0 || i >= len(m.view.Rows) {
		return
	}
	row := m.view.Rows[i]
	m.choose(row.Path)
	m.anchor = anchor{m.chosen, i}
	if toggleAt := r.x + 3 + indent(row.Depth, r.w); x >= toggleAt-1 && x <= toggleAt+1 && row.Children != 0 {
		m.unfold("enter")
	}
}
