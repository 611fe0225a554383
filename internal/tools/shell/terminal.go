package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
)

// Screen is a terminal at which a user types.
type Screen struct {
	In  io.Reader
	Out io.Writer
	// Raw puts the terminal into raw mode until restore; nil means that it is in raw mode already.
	Raw func() (restore func(), err error)
	// Interruptible returns a context that Ctrl-C ends while a command runs; nil means that Ctrl-C
	// does nothing.
	Interruptible func(context.Context) (context.Context, context.CancelFunc)
	// History has the lines of earlier sessions, and keeps those of this one; nil: none.
	History term.History
	// Size returns the size of the terminal, in characters; nil: unknown.
	Size func() (width, height int, err error)
	// Resized receives when the size has changed; nil: it never changes.
	Resized <-chan os.Signal
}

// session is a shell at a terminal.
type session struct {
	*Shell
	screen Screen
	line   *term.Terminal

	mu    sync.Mutex
	role  string       // of the server; "": unknown
	state client.State // of the connection; "": unknown
	width int          // of the terminal; 0: unknown

	question string // shown in place of the prompt, if any
	reading  bool   // the user is typing a line
	length   int    // upper bound of the columns of the prompt and the line
	place    string // the current path, for the prompt
	more     bool   // a multi has begun
}

// Interact runs the lines that a user types, until exit, the end of the input, or the end of ctx. It
// prints the error of a line and goes on.
func (s *Shell) Interact(ctx context.Context, screen Screen) error {
	t := &session{Shell: s, screen: screen}
	t.line = term.NewTerminal(&keys{in: screen.In, Writer: screen.Out, recalled: func() { t.longest(mostLine) }}, "")
	t.resize()
	if screen.History != nil {
		t.line.History = screen.History
	}
	t.line.AutoCompleteCallback = t.key
	s.Out, s.Follow, s.Terminal = screen.Out, true, true
	s.Ask, s.Progress = t.ask, screen.Out
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	t.follow(ctx, &following)
	following.Go(func() { t.resizes(ctx) })
	for {
		line, err := t.read()
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(screen.Out) // further output begins on a new line
			return nil
		}
		if err != nil {
			return err
		}
		if done, err := t.obey(ctx, line, &following); done {
			return err
		}
	}
}

// resizes follows the size of the terminal until ctx ends.
func (t *session) resizes(ctx context.Context) {
	for {
		select {
		case <-t.screen.Resized:
			t.resize()
		case <-ctx.Done():
			return
		}
	}
}

// mostLine is the assumed length of a line that the user recalled, whose real length is unknown.
const mostLine = 1 << 20

// longest notes that the line may have up to n columns.
func (t *session) longest(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.length = max(t.length, n)
}

// begin sets the prompt of a line that the user is about to type. Call end when the line was read.
func (t *session) begin(prompt string) {
	t.mu.Lock()
	t.reading, t.length = true, ansi.StringWidth(prompt)
	t.mu.Unlock()
	t.line.SetPrompt(prompt)
}

func (t *session) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
}

// clearAll clears a terminal and moves the cursor to its top.
const clearAll = ansi.EraseEntireScreen + ansi.CursorHomePosition

// resize reads the terminal's size. A line over several rows moves then, which the line editor does
// not know: resize clears the screen, so that the editor writes the line again.
func (t *session) resize() {
	if t.screen.Size == nil {
		return
	}
	width, height, err := t.screen.Size()
	if err != nil || width < 1 || height < 1 {
		return
	}
	t.mu.Lock()
	over := t.reading && t.width > 0 && t.length >= min(width, t.width)
	t.width = width
	t.mu.Unlock()
	_ = t.line.SetSize(width, height) // its output is lost only if the terminal is
	if over {
		_, _ = t.line.Write([]byte(clearAll))
	}
}

// read reads a line in raw mode.
func (t *session) read() (string, error) {
	restore := func() {}
	if t.screen.Raw != nil {
		var err error
		if restore, err = t.screen.Raw(); err != nil {
			return "", err
		}
	}
	defer restore()
	t.mu.Lock()
	t.place, t.more = legible(t.Folder()), t.pending != nil
	t.mu.Unlock()
	t.begin(t.prompt())
	defer t.end()
	line, err := t.line.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// obey runs a line, which Ctrl-C interrupts. If the session has ended, it begins a new one first.
func (t *session) obey(ctx context.Context, line string, following *sync.WaitGroup) (done bool, err error) {
	if await.Closed(t.Client.Done()) {
		t.again(ctx, following)
	}
	interruptible := t.screen.Interruptible
	if interruptible == nil {
		interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	}
	running, stop := interruptible(ctx)
	defer stop()
	err = t.Do(running, line)
	switch {
	case errors.Is(err, ErrExit):
		return true, nil
	case running.Err() != nil && ctx.Err() == nil && err != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(running))):
		fmt.Fprintln(t.screen.Out, "\r"+Interruption(err)) // overwrites the ^C that terminals show
	case err != nil && err.Error() != "":
		fmt.Fprintf(t.screen.Out, "error: %s\n", legible(err.Error()))
	}
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	return false, nil
}

// again begins a new session.
func (t *session) again(ctx context.Context, following *sync.WaitGroup) {
	if t.Connect == nil {
		return
	}
	c, err := t.Connect(ctx)
	if err != nil {
		fmt.Fprintf(t.screen.Out, "error: cannot begin a new session: %s\n", legible(err.Error()))
		return
	}
	t.mu.Lock()
	t.Client = c
	t.mu.Unlock()
	fmt.Fprintf(t.screen.Out, "began a new session, %s:\nthe ephemeral znodes and watches of the previous session are gone\n", sessionName(c.Session().ID))
	t.follow(ctx, following)
}

// follow prints events above the prompt, until the client is closed.
func (t *session) follow(ctx context.Context, following *sync.WaitGroup) {
	c := t.Client
	following.Go(func() {
		first := true
		for {
			e, err := c.Next(ctx)
			if err != nil {
				return
			}
			t.note(ctx, e)
			t.line.SetPrompt(t.prompt())
			var b bytes.Buffer
			p := page{terminal: true}
			resultOf(e).text(&p)
			if !first || e.Session == "" { // the prompt shows the first connection
				b.WriteString(clearBelow + p.String())
			}
			first = false
			_, _ = t.line.Write(b.Bytes())
		}
	})
}

// clearBelow clears a terminal from the cursor on. If the line covers several rows, the line editor
// clears only the rows up to the cursor.
const clearBelow = ansi.EraseScreenBelow

// askRole bounds how long a server may take to report its role.
const askRole = 500 * time.Millisecond

// note keeps the state of the connection after an event.
func (t *session) note(ctx context.Context, e client.Event) {
	if e.Session == "" {
		return
	}
	role := ""
	if e.Session == client.Connected {
		ctx, cancel := context.WithTimeout(ctx, askRole)
		defer cancel()
		if status, err := ensemble.AskStatus(ctx, t.dial(), e.Server); err == nil {
			role = string(status.Role)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.role, t.state = role, e.Session
}

// prompt shows the server and its role, or that there is no connection, and the path.
func (t *session) prompt() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.question != "" {
		return t.question
	}
	where := t.Client.Server()
	switch {
	case t.state == client.Expired:
		where = "session expired"
	case where == "" || t.state == client.Disconnected:
		where = "not connected"
	case t.role != "":
		where += " " + t.role
	}
	end := "> "
	if t.more {
		end = " multi> "
	}
	return "[" + where + "] " + t.place + end
}

// ask asks the user a question.
func (t *session) ask(question string) (bool, error) {
	restore := func() {}
	if t.screen.Raw != nil {
		var err error
		if restore, err = t.screen.Raw(); err != nil {
			return false, err
		}
	}
	defer restore()
	history := t.line.History
	defer func() { t.line.History = history }()
	t.line.History = forgetful{}
	t.asks(question + " [y/N] ")
	defer t.asks("")
	t.begin(t.prompt())
	defer t.end()
	answer, err := t.line.ReadLine()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes"), err
}

// asks sets the question to show in place of the prompt; "": none.
func (t *session) asks(question string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.question = question
}

// forgetful is a history that keeps no lines.
type forgetful struct{}

func (forgetful) Add(string)    {}
func (forgetful) Len() int      { return 0 }
func (forgetful) At(int) string { return "" }

// keys reads keys from a terminal. It replaces Ctrl-C, which would end the input, by Ctrl-E and
// Ctrl-U, which delete the line.
type keys struct {
	in io.Reader
	io.Writer
	rest     []byte
	part     []byte // of a character
	recalled func() // is called when a key may replace the line
}

// recalling has the first bytes of keys that replace the line: arrows, Ctrl-P, Ctrl-N, Ctrl-R and
// Tab.
const recalling = "\x1b\x10\x0e\x12\t"

func (k *keys) Read(p []byte) (int, error) {
	for len(k.rest) == 0 {
		b := make([]byte, len(p))
		n, err := k.in.Read(b)
		if n == 0 {
			return 0, err
		}
		if bytes.ContainsAny(b[:n], recalling) {
			k.recalled()
		}
		k.rest = bytes.ReplaceAll(k.text(b[:n]), []byte{3}, []byte{5, 21})
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// text leaves out invalid UTF-8, after which the line editor would wait for more bytes. It keeps
// the beginning of a character until the rest arrives.
func (k *keys) text(b []byte) (whole []byte) {
	b = append(k.part, b...)
	for len(b) > 0 && utf8.FullRune(b) {
		r, n := utf8.DecodeRune(b)
		if r != utf8.RuneError {
			whole = append(whole, b[:n]...)
		}
		b = b[n:]
	}
	k.part = b
	return whole
}
