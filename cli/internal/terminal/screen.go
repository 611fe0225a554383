package terminal

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/paint"
	"github.com/zklab/zklab/internal/lab/progress"
)

// Screen shows progress and messages: in a live line or block on a terminal, and in plain lines
// elsewhere. It is safe for concurrent use.
type Screen struct {
	mu     sync.Mutex
	out    io.Writer
	quiet  bool
	live   bool
	vitals *vitals // of the run whose block is drawn; nil: there is none
	drawn  []int   // widths of the live lines that are on the screen
	width  int     // of the terminal, when they were drawn
	phase  string
	last   time.Time
	said   string // the latest notice of a progress
	shown  string // the latest text of show
}

// plainEvery is the interval at which progress is printed if there is no live line.
const plainEvery = 10 * time.Second

// NewScreen returns a screen that writes to out; if quiet, it prints nothing.
func NewScreen(out io.Writer, quiet bool) *Screen {
	return &Screen{out: out, quiet: quiet, live: IsTerminal(out)}
}

// IsTerminal reports whether w writes to a terminal.
func IsTerminal(w io.Writer) bool { return paint.Terminal(Exact(w)) }

// Columns returns the width of a terminal, at least 20.
func Columns(w io.Writer) int {
	n, _ := sizeOfTerminal(w)
	return n
}

// sizeOfTerminal returns the number of columns of a terminal, at least 20, and of its rows.
func sizeOfTerminal(w io.Writer) (columns, rows int) {
	if f, ok := Exact(w).(*os.File); ok {
		if n, m, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return max(n, 20), m
		}
	}
	return 80, 24
}

// Say prints a message on a line of its own, unless the screen is quiet.
func (s *Screen) Say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return
	}
	fmt.Fprintf(s.out, s.erase()+format+"\n", args...)
}

// Follows makes the screen draw a block about a run with objects of a model, and returns the function to
// call with each event of the run; nil if it draws none.
func (s *Screen) Follows(model *models.Model) func(history.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet || !s.live {
		return nil
	}
	s.vitals = newVitals(model)
	return s.vitals.observe
}

// Progress shows how far a run has come.
func (s *Screen) Progress(p progress.State) {
	if p.Notice != s.said {
		s.said = p.Notice
		s.Say("warning: %s", p.Notice)
	}
	if !s.block(p) {
		s.Show(p.Phase, describe(p))
	}
}

// block shows how far a run has come in a block, if the screen has one and room for it.
func (s *Screen) block(p progress.State) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vitals == nil {
		return false
	}
	width, height := sizeOfTerminal(s.out)
	_, ascii := s.out.(asciiWriter)
	lines := s.vitals.block(p, canvas{width: width - 1, ascii: ascii, paint: paint.For(Exact(s.out))})
	if len(lines)+2 > height { // lines that scrolled away could not be removed
		return false
	}
	s.draw(lines)
	return true
}

// Show shows how far something has come: on a terminal in the live line, elsewhere as a line now
// and then, and whenever the phase changes.
func (s *Screen) Show(phase, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return
	}
	if s.live {
		if _, ok := s.out.(asciiWriter); ok {
			text = explain.ASCII(text) // the ASCII text is longer
		}
		s.draw([]string{ansi.Truncate(text, Columns(s.out)-1, "")}) // a line that wraps could not be removed
		return
	}
	s.shown = text
	if phase != s.phase || time.Since(s.last) >= plainEvery {
		s.phase, s.last = phase, time.Now()
		fmt.Fprintln(s.out, text)
	}
}

// Repeat prints the latest progress again and again if there is no live line and no news for a long time. end ends
// the repetition.
func (s *Screen) Repeat() (end func()) {
	began, ended := time.Now(), make(chan struct{})
	s.last = began
	go func() {
		tick := time.NewTicker(plainEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				s.again(time.Since(began))
			}
		}
	}()
	return sync.OnceFunc(func() { close(ended) })
}

// again prints the latest text and the time since the beginning, unless a text was printed just now.
func (s *Screen) again(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet || s.live || time.Since(s.last) < plainEvery/2 {
		return
	}
	s.last = time.Now()
	fmt.Fprintf(s.out, "%s; %s so far\n", cmp.Or(s.shown, "the first run"), took.Round(time.Second))
}

// End removes the live lines.
func (s *Screen) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprint(s.out, s.erase())
	s.vitals = nil
}

// draw replaces the live lines on the screen by others. The cursor stays where the last line begins, so
// that a key that the terminal echoes overwrites the line instead of moving past it.
//
// If the terminal has become narrower, it has wrapped the lines. tmux remembers which rows were wrapped, even if they
// are overwritten, and joins them when it becomes wider again. It forgets that when they are erased.
func (s *Screen) draw(lines []string) {
	text := s.up()
	width := Columns(s.out)
	if len(s.drawn) > 0 && width != s.width {
		text += ansi.EraseScreenBelow
	}
	s.width = width
	text += strings.Join(lines, ansi.EraseLineRight+"\n") + ansi.EraseScreenBelow + "\r"
	fmt.Fprint(s.out, text)
	s.drawn = nil
	for _, line := range lines {
		s.drawn = append(s.drawn, ansi.StringWidth(line))
	}
}

// up moves the cursor to where the live lines begin.
func (s *Screen) up() string {
	if len(s.drawn) == 0 {
		return ""
	}
	rows, width := 0, Columns(s.out)
	for _, n := range s.drawn[:len(s.drawn)-1] {
		rows += max(1, (n+width-1)/width) // if the terminal has become narrower, it has wrapped the lines
	}
	if rows == 0 {
		return "\r"
	}
	return "\r" + ansi.CursorUp(rows)
}

// erase removes the live lines.
func (s *Screen) erase() string {
	if len(s.drawn) == 0 {
		return ""
	}
	text := s.up() + ansi.EraseScreenBelow
	s.drawn = nil
	return text
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
