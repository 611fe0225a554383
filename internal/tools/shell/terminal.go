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
	"github.com/zklab/zklab/internal/zk/client"
)

// Screen is a terminal at which somebody types.
type Screen struct {
	In  io.Reader
	Out io.Writer
	// Raw has keys come as they are typed, until restore; nil: they do anyway.
	Raw func() (restore func(), err error)
	// Interruptible gives a context that Ctrl-C ends while a command runs; nil: nothing does.
	Interruptible func(context.Context) (context.Context, context.CancelFunc)
	// History are the lines of sessions before, and keeps those of this one; nil: none.
	History term.History
	// Size is that of the terminal, in characters; nil: not known.
	Size func() (width, height int, err error)
	// Resized tells that Size gives something else; nil: it never does.
	Resized <-chan os.Signal
}

// session is a shell at a terminal.
type session struct {
	*Shell
	screen Screen
	line   *term.Terminal

	mu    sync.Mutex
	role  string       // of the server, "" while it is not known
	state client.State // "" while it is not known
	width int          // of the terminal, 0 while it is not known

	question string // that is asked in place of the prompt
	reading  bool   // what is typed
	length   int    // that the prompt and the line have at most
	place    string // where the shell is, as the prompt says it
	more     bool   // a multi goes on
}

// Interact runs what somebody types, until exit or the end of the input. What a line came
// to is printed; no failure ends it.
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
			fmt.Fprintln(screen.Out) // what comes next begins a line
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

// resizes has lines broken where the terminal breaks them, until ctx ends.
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

// mostLine stands for the length of a line that is not known: it was recalled.
const mostLine = 1 << 20

// longest notes that a line has so many columns, which it may have had before.
func (t *session) longest(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.length = max(t.length, n)
}

// begin puts a prompt, end says that what was typed behind it is read.
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

// clearAll has a terminal remove all, and go on at its top.
const clearAll = ansi.EraseEntireScreen + ansi.CursorHomePosition

// resize takes the terminal's size. A line over several rows stands in others then, which
// the editor cannot know: such a one is written again on an empty screen.
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
	_ = t.line.SetSize(width, height) // what it writes is lost where the terminal is
	if over {
		_, _ = t.line.Write([]byte(clearAll))
	}
}

// read reads a line while keys come raw.
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

// obey runs a line, which Ctrl-C ends. Where the session is over another one begins before.
func (t *session) obey(ctx context.Context, line string, following *sync.WaitGroup) (done bool, err error) {
	select {
	case <-t.Client.Done():
		t.again(ctx, following)
	default:
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
		fmt.Fprintln(t.screen.Out, "\r"+Interruption(err)) // over the ^C that terminals show
	case err != nil && err.Error() != "":
		fmt.Fprintf(t.screen.Out, "error: %s\n", legible(err.Error()))
	}
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	return false, nil
}

// again begins another session.
func (t *session) again(ctx context.Context, following *sync.WaitGroup) {
	if t.Connect == nil {
		return
	}
	c, err := t.Connect(ctx)
	if err != nil {
		fmt.Fprintf(t.screen.Out, "error: another session: %s\n", legible(err.Error()))
		return
	}
	t.mu.Lock()
	t.Client = c
	t.mu.Unlock()
	fmt.Fprintf(t.screen.Out, "another session has begun, %s:\nephemeral znodes and watches of the one before are gone\n", sessionName(c.Session().ID))
	t.follow(ctx, following)
}

// follow prints events above the prompt, until the client is over.
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
			if !first || e.Session == "" { // that it is connected the prompt says
				b.WriteString(clearBelow + p.String())
			}
			first = false
			_, _ = t.line.Write(b.Bytes())
		}
	})
}

// clearBelow has a terminal remove all from the cursor on: where a line that is typed goes
// over several of the terminal's, the editor removes those up to the cursor only.
const clearBelow = ansi.EraseScreenBelow

// askRole bounds how long a server may take to say whether it leads.
const askRole = 500 * time.Millisecond

// note notes what an event says of the connection.
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

// prompt says server, role, path and whether there is a connection.
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

// ask asks on the terminal.
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

// asks has a question stand where the prompt does; "": none.
func (t *session) asks(question string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.question = question
}

// forgetful is a history of nothing.
type forgetful struct{}

func (forgetful) Add(string)    {}
func (forgetful) Len() int      { return 0 }
func (forgetful) At(int) string { return "" }

// keys are those that a terminal sends, but that Ctrl-C takes the line away rather than
// ends the input: Ctrl-E goes to its end, Ctrl-U takes all before.
type keys struct {
	in io.Reader
	io.Writer
	rest     []byte
	part     []byte // of a character
	recalled func() // another line may stand there
}

// recalling are the bytes that keys begin with which put another line there: arrows, Ctrl-P
// and Ctrl-N, Ctrl-R and Tab.
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

// text leaves out what is no UTF-8, behind which the editor would wait for more to come. The
// beginning of a character is kept for the rest of it.
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
