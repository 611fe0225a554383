package shell

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"
)

// progress says how far a command is that is at many znodes, on a line of its own that the
// next one replaces.
func (s *Shell) progress(doing string, done, all int) {
	if s.Progress != nil && all > together {
		fmt.Fprintf(s.Progress, "\r"+ansi.EraseLineRight+"%s: %d of %d znodes", doing, done, all)
	}
}

// progressed takes the line away.
func (s *Shell) progressed(all int) {
	if s.Progress != nil && all > together {
		fmt.Fprint(s.Progress, "\r"+ansi.EraseLineRight)
	}
}
