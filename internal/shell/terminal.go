package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

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
	// Width and Height of the terminal; 0: not known.
	Width, Height int
}

// session is a shell at a terminal.
type session struct {
	*Shell
	screen Screen
	line   *term.Terminal

	mu    sync.Mutex
	role  string // of the server, "" while it is not known
	down  bool
	place string // where the shell is, as the prompt says it
	more  bool   // a multi goes on
}

// Interact runs what somebody types, until exit or the end of the input. What a line came
// to is printed; no failure ends it.
func (s *Shell) Interact(ctx context.Context, screen Screen) error {
	t := &session{Shell: s, screen: screen}
	t.line = term.NewTerminal(&keys{in: screen.In, Writer: screen.Out}, "")
	if screen.Width > 0 && screen.Height > 0 {
		_ = t.line.SetSize(screen.Width, screen.Height) // it fails for no such size
	}
	if screen.History != nil {
		t.line.History = screen.History
	}
	t.line.AutoCompleteCallback = t.key
	s.Out, s.Follow, s.Terminal = screen.Out, true, true
	s.Ask = t.ask
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	t.follow(ctx, &following)
	for {
		line, err := t.read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if done, err := t.obey(ctx, line, &following); done {
			return err
		}
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
	t.line.SetPrompt(t.prompt())
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
	case running.Err() != nil && ctx.Err() == nil:
		fmt.Fprintln(t.screen.Out, "interrupted")
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
	fmt.Fprintf(t.screen.Out, "another session has begun, %s: ephemeral znodes and watches of the one before are gone\n", sessionName(c.Session().ID))
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
			t.state(ctx, e)
			t.line.SetPrompt(t.prompt())
			var b bytes.Buffer
			p := page{terminal: true}
			resultOf(e).text(&p)
			if !first || e.Session == "" { // that it is connected the prompt says
				b.WriteString(p.String())
			}
			first = false
			_, _ = t.line.Write(b.Bytes())
		}
	})
}

// askRole bounds how long a server may take to say whether it leads.
const askRole = 500 * time.Millisecond

// state notes what an event says of the connection.
func (t *session) state(ctx context.Context, e client.Event) {
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
	t.role, t.down = role, e.Session != client.Connected
}

// prompt says server, role, path and whether there is a connection.
func (t *session) prompt() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	where := t.Client.Server()
	switch {
	case where == "" || t.down:
		where = "not connected"
	case t.role != "":
		where += " " + t.role
	}
	if t.more {
		return "multi> "
	}
	return fmt.Sprintf("[%s] %s> ", where, t.place)
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
	t.line.SetPrompt(question + " [y/N] ")
	answer, err := t.line.ReadLine()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes"), err
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
	rest []byte
}

func (k *keys) Read(p []byte) (int, error) {
	if len(k.rest) == 0 {
		b := make([]byte, len(p))
		n, err := k.in.Read(b)
		k.rest = bytes.ReplaceAll(b[:n], []byte{3}, []byte{5, 21})
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}
