package screen

import (
	"time"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// state is the state of the screen itself: the selected znode, the visible panes, the scrolling.
type state struct {
	now     time.Time // for marks that fade; it stands still while drawing is paused
	zone    *time.Location
	colours *palette

	root    string
	chosen  string // path
	focus   pane
	showLog bool
	// servers means that servers and sessions are shown in place of the detail.
	servers bool
	help    bool
	paused  bool

	filter string
	typing bool // the user is typing the filter

	detail  scroll
	lookups scroll           // of servers and sessions
	logBack int              // lines above the newest
	logHeld []monitor.Change // the log as it was when the user scrolled it; nil: it shows the newest lines

	value *valueLines
}

// scroll is how far something is scrolled down, and its limits.
type scroll struct{ top, total, height int }

// fit sets the limits.
func (s *scroll) fit(total, height int) {
	s.total, s.height = total, height
	s.top = max(min(s.top, total-height), 0)
}

func (s *state) palette() *palette {
	if s.colours == nil {
		return &mono
	}
	return s.colours
}

// ago returns the time since a moment, in whole seconds.
func (s *state) ago(t time.Time) time.Duration {
	return max(s.now.Sub(t), 0).Truncate(time.Second)
}

// at returns a moment in the user's time zone.
func (s *state) at(t time.Time) time.Time {
	if s.zone == nil {
		return t.UTC()
	}
	return t.In(s.zone)
}
