package screen

import (
	"time"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// state is what the screen itself knows: what is chosen, what is shown, how far it is
// scrolled.
type state struct {
	now     time.Time // for marks that fade; it stands while drawing is paused
	zone    *time.Location
	colours *palette

	root    string
	chosen  string // path
	focus   pane
	showLog bool
	// servers says that servers and sessions have the place of the detail.
	servers bool
	help    bool
	paused  bool

	filter string
	typing bool // the filter is being typed

	detail  scroll
	lookups scroll           // of servers and sessions
	logBack int              // lines above the newest
	logHeld []monitor.Change // what the log was when it was scrolled; nil: it follows

	value *valueLines
}

// scroll is how far something is scrolled down. What is drawn bounds it.
type scroll struct{ top, total, height int }

// fit says how much there is, and bounds the place.
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

// ago is how long something is past, in whole seconds.
func (s *state) ago(t time.Time) time.Duration {
	return max(s.now.Sub(t), 0).Truncate(time.Second)
}

// at is a moment as the user's clock has it.
func (s *state) at(t time.Time) time.Time {
	if s.zone == nil {
		return t.UTC()
	}
	return t.In(s.zone)
}
