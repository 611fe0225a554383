package screen

import (
	"slices"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// key handles a key.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	switch name := k.String(); {
	case name == "ctrl+c":
		return tea.Quit
	case name == "ctrl+z":
		return tea.Suspend
	case m.typing:
		m.typeFilter(k)
		return nil
	case name == "q":
		return tea.Quit
	case m.help:
		m.help = false
		return nil
	default:
		m.press(name)
		return nil
	}
}

// press handles the keys that neither end the screen nor are text.
func (m *model) press(name string) {
	switch name {
	case "?":
		m.help = true
	case "/":
		m.typing, m.focus = true, treePane
	case "esc":
		if m.filter != "" {
			m.setFilter("")
		} else {
			m.focus = treePane
		}
	case "p":
		m.paused = !m.paused
	case "s":
		m.servers = !m.servers
		m.lookups.top = 0
	case "l":
		m.showLog = !m.showLog
		m.refocus()
	case "tab":
		m.nextPane(1)
	case "shift+tab":
		m.nextPane(-1)
	default:
		m.goBy(name)
	}
}

// nextPane moves the focus to another pane. A small screen shows only the pane with the focus.
func (m *model) nextPane(by int) {
	panes := []pane{treePane, detailPane}
	if m.showLog {
		panes = append(panes, logPane)
	}
	n := len(panes)
	m.focus = panes[(slices.Index(panes, m.focus)+by+n)%n]
	m.refocus()
}

// refocus moves the focus away from a pane that is not shown.
func (m *model) refocus() {
	if m.layout().panes[m.focus].h == 0 {
		m.focus = treePane
	}
}

// everything is a number of lines that is larger than the length of any pane's content.
const everything = 1 << 30

// goBy handles the keys that move in the pane with the focus.
func (m *model) goBy(name string) {
	page := max(m.layout().panes[m.focus].inner().h-1, 1)
	by := map[string]int{
		"up": -1, "k": -1, "down": 1, "j": 1,
		"pgup": -page, "ctrl+b": -page, "pgdown": page, "ctrl+f": page,
		"ctrl+u": -(page + 1) / 2, "ctrl+d": (page + 1) / 2,
		"g": -everything, "home": -everything, "G": everything, "end": everything,
	}[name]
	switch {
	case by != 0 && m.focus == treePane:
		m.move(by)
	case by != 0:
		m.scroll(m.focus, by)
	case m.focus == treePane:
		m.unfold(name)
	}
}

// scroll scrolls a pane other than the tree.
func (m *model) scroll(which pane, by int) {
	m.dirty = true
	switch {
	case which == logPane:
		m.scrollLog(by)
	case m.servers:
		m.lookups.top = m.lookups.clamp(by)
	default:
		m.detail.top = m.detail.clamp(by)
	}
}

// scrollLog scrolls the log. While it is not at its end, new lines do not move it.
func (m *model) scrollLog(by int) {
	if m.logHeld == nil && by < 0 {
		m.logHeld = m.view.Log
	}
	height := m.layout().panes[logPane].inner().h
	m.logBack = max(min(m.logBack-by, len(m.logHeld)-height), 0)
	if m.logBack == 0 {
		m.logHeld = nil
	}
}

// clamp returns the position after scrolling, within the limits.
func (s *scroll) clamp(by int) int { return max(min(s.top+by, s.total-s.height), 0) }

// unfold opens and closes folders.
func (m *model) unfold(name string) {
	i := place(&m.view, m.chosen)
	if i < 0 || m.paused {
		return
	}
	row := m.view.Rows[i]
	switch {
	case (name == "enter" || name == "space") && row.Open, name == "left" && row.Open && row.Children != 0, name == "h" && row.Open && row.Children != 0:
		m.src.Shut(row.Path)
	case name == "enter", name == "space", name == "right" && !row.Open:
		m.src.Open(row.Path)
	case name == "right" && i+1 < len(m.view.Rows) && m.view.Rows[i+1].Depth > row.Depth:
		m.move(1)
	case name == "left" || name == "h":
		m.chooseFolder(row)
	}
}

// chooseFolder selects the folder of a znode.
func (m *model) chooseFolder(row monitor.Row) {
	if row.Path == m.root {
		return
	}
	m.choose(folderOf(row.Path))
	v := m.src.View(monitor.Window{Filter: m.filter, First: m.view.First, N: m.treeHeight(), Keep: m.chosen})
	m.view, m.first = v, v.First
	m.settle()
}

func folderOf(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return "/"
}

// typeFilter handles the keys of the filter.
func (m *model) typeFilter(k tea.KeyPressMsg) {
	switch name := k.String(); name {
	case "enter", "tab":
		m.typing = false
	case "esc":
		m.typing = false
		m.setFilter("")
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.setFilter(m.filter[:len(m.filter)-n])
	case "ctrl+u", "ctrl+w":
		m.setFilter("")
	case "up", "down", "pgup", "pgdown":
		m.goBy(name)
	default:
		m.setFilter(m.filter + k.Text)
	}
}
