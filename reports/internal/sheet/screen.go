package sheet

import (
	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/internal/base/paint"
)

// Screen describes the output for which text is formatted. The zero value is 80 columns wide,
// without colours.
type Screen struct {
	Colour     bool // use escape codes
	Width      int  // in columns; 0 means 80. Timelines use 60 to 120
	ASCII      bool // draw timelines in ASCII
	NoTimeline bool // draw no timelines, and no messages
	Messages   bool // draw the messages of the first violation between clients and servers
	Full       bool // tell everything, however many lines it takes
}

// Drawing returns the screen of a timeline.
func (s Screen) Drawing() told.Screen {
	return told.Screen{Width: s.Width, Colour: s.Colour, ASCII: s.ASCII}
}

// UsualWidth is the width of a screen whose width is not known.
const UsualWidth = 80

var verdictStyles = map[checker.Result]ansi.Style{
	checker.Valid:     ansi.Style{}.Bold().ForegroundColor(ansi.Green),
	checker.Violation: ansi.Style{}.Bold().ForegroundColor(ansi.Red),
	checker.Unknown:   ansi.Style{}.Bold().ForegroundColor(ansi.Yellow),
}

// Paint returns text in the colour of a result.
func (s Screen) Paint(r checker.Result, text string) string {
	return paint.Painter(s.Colour).Paint(verdictStyles[r], text)
}
