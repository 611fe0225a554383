package shell

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"
)

// progress prints how far a command with many znodes has come, on a line that the next call
// replaces.
func (s *Shell) progress(doing string, done, all int) {
	if s.Progress != nil && all > together {
		fmt.Fprintf(s.Progress, "\r"+ansi.EraseLineRight+"%s: %d of %d znodes", doing, done, all)
	}
}

// progressed removes the line that progress printed.
func (s *Shell) progressed(all int) {
	if s.Progress != nil && all > together {
		fmt.Fprint(s.Progress, "\r"+ansi.EraseLineRight)
	}
}
