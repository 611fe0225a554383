package screen

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// Source is the source of what is drawn. *monitor.Follower implements it.
type Source interface {
	// View returns what there is to draw now. It does not block.
	View(w monitor.Window) monitor.View
	// Changed returns a channel that has a value when there is something new since the last View.
	Changed() <-chan struct{}
	// Open and Shut show and hide the children of a znode. Choose selects the znode whose value is
	// read.
	Open(path string)
	Shut(path string)
	Choose(path string)
}

// every is the shortest time between two drawings.
const every = 100 * time.Millisecond

// model is the screen with its keys. It implements tea.Model.
type model struct {
	state
	src   Source
	clock func() time.Time

	width, height int
	view          monitor.View
	first         int    // the first visible row of the tree
	anchor        anchor // stays in its line when rows are added and removed
	told          string // the path that was last passed to Choose

	content string    // the last drawing
	last    time.Time // when it was drawn
	dirty   bool      // the user did something since

	profile       colorprofile.Profile
	known, onDark bool // the terminal's background
}

// anchor is a znode and its line on the screen.
type anchor struct {
	path string
	line int
}

func newModel(src Source, root string, clock func() time.Time) *model {
	m := &model{src: src, clock: clock, dirty: true, profile: colorprofile.TrueColor}
	m.root, m.chosen, m.showLog, m.zone = root, root, true, time.Local
	m.anchor = anchor{path: root}
	m.colours = paletteFor(m.profile, false, false)
	return m
}

// tickMsg comes every 100 ms.
type tickMsg struct{}

func tick() tea.Cmd { return tea.Tick(every, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init starts the ticks, and asks the terminal for its background.
func (m *model) Init() tea.Cmd { return tea.Batch(tick(), tea.RequestBackgroundColor) }

// Update handles a message. It draws at once if the last drawing is long enough ago, otherwise at the
// next tick.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tickMsg:
		cmd = tick()
	case tea.WindowSizeMsg:
		m.width, m.height, m.dirty = msg.Width, msg.Height, true
	case tea.ColorProfileMsg:
		m.profile, m.dirty = msg.Profile, true
		m.colours = paletteFor(m.profile, m.known, m.onDark)
	case tea.BackgroundColorMsg:
		m.known, m.onDark, m.dirty = true, msg.IsDark(), true
		m.colours = paletteFor(m.profile, m.known, m.onDark)
	case tea.PasteMsg:
		if m.typing {
			m.setFilter(m.filter + oneLine(msg.Content))
		}
	case tea.KeyPressMsg:
		m.dirty = true
		cmd = m.key(msg)
	case tea.MouseMsg:
		m.mouse(msg)
	}
	if now := m.clock(); now.Sub(m.last) >= every && m.wants(now) {
		m.frame(now)
	}
	return m, cmd
}

// View returns the last drawing.
func (m *model) View() tea.View {
	v := tea.NewView(m.content)
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "zklab monitor"
	return v
}

// wants reports whether a new drawing would differ from the last one.
func (m *model) wants(now time.Time) bool {
	changed := false
	if !m.paused {
		select {
		case <-m.src.Changed():
			changed = true
		default:
			changed = fading(&m.view, &m.state) || now.Sub(m.last) >= time.Second
		}
	}
	return m.dirty || changed
}

// frame gets a view and draws it.
func (m *model) frame(now time.Time) {
	m.last, m.dirty = now, false
	if m.width <= 0 || m.height <= 0 {
		return
	}
	if !m.paused {
		m.now = now
		rows := m.treeHeight()
		m.look(rows)
		if m.treeHeight() != rows { // the servers or a notice appeared
			m.look(m.treeHeight())
		}
	}
	m.content = draw(&m.view, &m.state, m.width, m.height)
}

func (m *model) layout() layout { return layoutOf(&m.view, &m.state, m.width, m.height) }

// treeHeight returns how many rows of the tree fit on the screen.
func (m *model) treeHeight() int { return m.layout().panes[treePane].inner().h }

// look gets a view in which the anchor stays in its line, even if rows above it were added or removed.
func (m *model) look(rows int) {
	if m.chosen != m.told {
		m.src.Choose(m.chosen)
		m.told = m.chosen
	}
	window := monitor.Window{Filter: m.filter, First: m.first, N: rows, Keep: m.anchor.path}
	v := m.src.View(window)
	if v.Kept >= 0 && rows > 0 {
		if line := max(min(m.anchor.line, rows-1), 0); v.Kept-v.First != line {
			window.First = max(min(v.Kept-line, v.Total-rows), 0)
			v = m.src.View(window)
		}
	}
	m.view, m.first = v, v.First
	if place(&v, m.chosen) < 0 && v.Kept < 0 && m.anchor.path == m.chosen {
		m.replace(rows)
	}
	m.settle()
}

// replace selects the znode in the line of the selected one, which has been deleted.
func (m *model) replace(rows int) {
	if n := len(m.view.Rows); n > 0 {
		m.choose(m.view.Rows[max(min(m.anchor.line, n-1, rows-1), 0)].Path)
		m.src.Choose(m.chosen)
		m.told = m.chosen
	}
}

// settle makes the selected row the anchor, or the first row if the selected one is not visible.
func (m *model) settle() {
	if i := place(&m.view, m.chosen); i >= 0 {
		m.anchor = anchor{m.chosen, i}
	} else if len(m.view.Rows) > 0 {
		m.anchor = anchor{m.view.Rows[0].Path, 0}
	}
}

// choose selects a znode. Its value is read when it is drawn.
func (m *model) choose(path string) {
	if path != m.chosen {
		m.chosen, m.detail.top = path, 0
		m.dirty = true
	}
}

// move moves the selection by a number of rows, from the first visible row if the selected one is not
// visible.
func (m *model) move(by int) {
	at := max(place(&m.view, m.chosen), 0)
	m.choosePlace(m.view.First + at + by)
}

// choosePlace selects the row at an index among all rows.
func (m *model) choosePlace(to int) {
	to = max(min(to, m.view.Total-1), 0)
	rows := m.treeHeight()
	if m.paused {
		to = max(min(to, m.view.First+len(m.view.Rows)-1), m.view.First)
	}
	if to < m.view.First || to >= m.view.First+min(len(m.view.Rows), rows) {
		m.show(to, rows)
	}
	if i := to - m.view.First; i >= 0 && i < len(m.view.Rows) {
		m.choose(m.view.Rows[i].Path)
		m.anchor = anchor{m.chosen, i}
	}
}

// show makes an index visible, with as little scrolling as possible.
func (m *model) show(to, rows int) {
	first := to
	if to > m.view.First {
		first = max(to-rows+1, 0)
	}
	m.view = m.src.View(monitor.Window{Filter: m.filter, First: first, N: rows})
	m.first = m.view.First
}

// scrollTree scrolls the tree. The selection stays.
func (m *model) scrollTree(by int) {
	if m.paused {
		return
	}
	rows := m.treeHeight()
	m.first = max(min(m.view.First+by, m.view.Total-rows), 0)
	m.view = m.src.View(monitor.Window{Filter: m.filter, First: m.first, N: rows})
	m.first = m.view.First
	m.settle()
}

func (m *model) setFilter(filter string) {
	m.filter = strings.TrimLeft(filter, " ")
	m.anchor = anchor{m.chosen, m.anchor.line}
	m.dirty = true
}
