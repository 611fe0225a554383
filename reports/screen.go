package reports

import (
	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/internal/base/paint"
)

// Screen is what text is written for. The zero value is 80 columns wide and
// knows no colours.
type Screen struct {
	Colour     bool // escape codes are welcome
	Width      int  // in columns; 0 is 80. Timelines use 60 to 120 of them
	ASCII      bool // timelines are drawn in ASCII
	NoTimeline bool // and not at all
}

// drawing is the screen of a timeline.
func (s Screen) drawing() told.Screen {
	return told.Screen{Width: s.Width, Colour: s.Colour, ASCII: s.ASCII}
}

var verdictStyles = map[checker.Result]ansi.Style{
	checker.Valid:     ansi.Style{}.Bold().ForegroundColor(ansi.Green),
	checker.Violation: ansi.Style{}.Bold().ForegroundColor(ansi.Red),
	checker.Unknown:   ansi.Style{}.Bold().ForegroundColor(ansi.Yellow),
}

// paint gives text the colour of a result.
func (s Screen) paint(r checker.Result, text string) string {
	return paint.Painter(s.Colour).Paint(verdictStyles[r], text)
}
