package reports

import (
	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
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

// paint gives text the colour of a result.
func (s Screen) paint(r checker.Result, text string) string {
	if !s.Colour {
		return text
	}
	code := map[checker.Result]string{checker.Valid: "32", checker.Violation: "31", checker.Unknown: "33"}[r]
	if code == "" {
		return text
	}
	return "\x1b[1;" + code + "m" + text + "\x1b[0m"
}
