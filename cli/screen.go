package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/internal/lab/progress"
)

// screen is where progress and messages go: one live line on a terminal, plain
// lines elsewhere. Safe for concurrent use.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	quiet bool
	live  bool
	width int // of the live line that stands there
	phase string
	last  time.Time
	said  string // the latest notice, of progress alone
}

// plainEvery is how often progress is told where there is no live line.
const plainEvery = 10 * time.Second

func newScreen(out io.Writer, quiet bool) *screen {
	return &screen{out: out, quiet: quiet, live: isTerminal(out)}
}

func isTerminal(w io.Writer) bool { return paint.Terminal(exact(w)) }

// columns is the width of a terminal, at least 20.
func columns(w io.Writer) int {
	if f, ok := exact(w).(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return max(n, 20)
		}
	}
	return 80
}

// say prints a message on a line of its own, unless the screen is quiet.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return
	}
	s.clear()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// progress shows where a run stands.
func (s *screen) progress(p progress.State) {
	if p.Notice != s.said {
		s.said = p.Notice
		s.say("warning: %s", p.Notice)
	}
	s.show(p.Phase, describe(p))
}

// show shows where something stands: on a terminal in the live line, elsewhere as a line
// now and then, and each time that the phase is another one.
func (s *screen) show(phase, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return
	}
	if s.live {
		if _, ok := s.out.(asciiWriter); ok {
			text = explain.ASCII(text) // takes more columns
		}
		text = ansi.Truncate(text, columns(s.out)-1, "") // a line that wraps could not be removed
		s.clear()
		fmt.Fprint(s.out, text)
		s.width = ansi.StringWidth(text)
		return
	}
	if phase != s.phase || time.Since(s.last) >= plainEvery {
		s.phase, s.last = phase, time.Now()
		fmt.Fprintln(s.out, text)
	}
}

// end removes the live line.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *screen) clear() {
	if s.width > 0 {
		fmt.Fprintf(s.out, "\r%s\r", strings.Repeat(" ", s.width))
		s.width = 0
	}
}

func describe(p progress.State) string {
	if p.Elapsed == 0 {
		return p.Phase
	}
	text := fmt.Sprintf("%s %s of %s: %d ok, %d failed, %d unknown", p.Phase,
		p.Elapsed.Round(time.Second), p.Limit, p.OK, p.Failed, p.Unknown)
	if p.Planned > 0 {
		text += fmt.Sprintf("; faults %d of %d", p.Faults, p.Planned)
	}
	if p.Fault != "" {
		text += ", now " + p.Fault
	}
	return text
}
