// Package paint adds colours to text on terminals. It decides whether colours are wanted, and does not
// know what is printed.
package paint

import (
	"io"
	"os"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Terminal reports whether w is a terminal that obeys escape codes.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Refused reports whether the user wants no colours: NO_COLOR has any value (no-color.org).
func Refused() bool { return os.Getenv("NO_COLOR") != "" }

// Painter paints if it is true, and leaves text as it is otherwise.
type Painter bool

// For returns the painter for what is written to w: one that paints on terminals, unless the
// user refuses colours.
func For(w io.Writer) Painter { return Painter(Terminal(w) && !Refused()) }

// Paint returns text in a style. The zero style leaves text as it is.
func (p Painter) Paint(style ansi.Style, text string) string {
	if !p {
		return text
	}
	return style.Styled(text)
}
