package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Shell runs commands in a session. It is not safe for concurrent use.
type Shell struct {
	Client *client.Client
	Dial   ensemble.DialFunc // for four-letter words; nil is TCP
	// Connect begins a new session after the present one has ended. If it is nil, the shell cannot
	// go on then.
	Connect func(ctx context.Context) (*client.Client, error)
	// Other begins a session on another ensemble, host:port,host:port; if it is nil, commands refuse other
	// ensembles.
	Other func(ctx context.Context, servers string) (*client.Client, error)

	In  io.Reader // what "-" reads; nil: "-" is an error
	Out io.Writer
	// Terminal means that Out is a terminal: data are formatted, and control characters escaped.
	Terminal bool
	JSON     bool
	// Ask asks the user a question, and returns whether the answer is yes; if it is nil, commands
	// go on without asking.
	Ask func(question string) (bool, error)
	// Follow means that watches print events while other commands run; otherwise watch waits for its events.
	Follow bool
	Lab    *Lab // the shell's own ensemble; nil: it has none
	// Servers are the addresses of the ensemble; if empty, only the server of the session is known.
	Servers []string
	// Editor opens a file in the user's editor, and waits until it ends; nil means that there is no
	// terminal.
	Editor func(ctx context.Context, file string) error
	// Progress is the terminal that shows how far a command has come; nil means none.
	Progress io.Writer

	folder  string // the current path; "" is the root
	pending *multi // the multi that has begun, if any
	read    bool   // In has been read to its end
}

// Do runs the statements of one line. It stops at the first statement that fails and returns its
// error, or at the command exit and returns ErrExit. [Code] returns the exit code of the error.
func (s *Shell) Do(ctx context.Context, line string) error {
	all, err := statements(line)
	if err != nil {
		return err
	}
	for _, words := range all {
		if err := s.statement(ctx, words); err != nil {
			return err
		}
	}
	return nil
}

// ErrExit is the error of the command exit.
var ErrExit = errors.New("exit")

// ofSystem lists words that have a meaning for the system's shell, but none here.
var ofSystem = []string{"|", "||", "&&", "&", ">", ">>", "<"}

func (s *Shell) statement(ctx context.Context, words []word) error {
	err := s.perform(ctx, words)
	if about, ok := errors.AsType[askedHelp](err); ok {
		return s.helpOn(string(about))
	}
	return err
}

func (s *Shell) perform(ctx context.Context, words []word) error {
	if s.pending != nil && words[0].text != "end" && words[0].text != "abort" {
		return s.collect(words)
	}
	c, args, err := lookup(texts(words))
	if err != nil {
		return err
	}
	for _, w := range words[len(words)-len(args):] {
		if slices.Contains(ofSystem, w.text) && !w.quoted {
			return usagef("%s does not work here: use it in the system's shell, after zklab shell HOST:PORT -c '%s …', or quote it to pass it as a word", w.text, c.name)
		}
	}
	return c.execute(ctx, s, args)
}

// Script runs the lines of a file or a pipe, until exit, the end, or the first statement that fails.
// It returns that statement's error, with the name and the line unless name is "". Code returns the
// exit code of the error.
func (s *Shell) Script(ctx context.Context, name string, from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		err := s.Do(ctx, lines.Text())
		switch {
		case errors.Is(err, ErrExit):
			return nil
		case err != nil && name != "" && err.Error() != "":
			return &explained{fmt.Sprintf("%s:%d: %v", name, n, err), err}
		case err != nil:
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return s.Finish()
}

// Finish returns an error if a multi has begun and not ended.
func (s *Shell) Finish() error {
	if s.pending != nil {
		return usagef("a multi has no end: none of its operations was done")
	}
	return nil
}

// result is the output of a command: text for people, or its own JSON.
type result interface {
	text(p *page)
}

// page collects the text of a result.
type page struct {
	strings.Builder
	terminal bool
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// emit prints a result.
func (s *Shell) emit(r result) error {
	if s.JSON {
		b, err := encode(r)
		if err == nil {
			_, err = s.Out.Write(b)
		}
		return err
	}
	p := page{terminal: s.Terminal}
	r.text(&p)
	_, err := io.WriteString(s.Out, p.String())
	return err
}

// at returns the path that a word names.
func (s *Shell) at(word string) (string, error) {
	if word == "" {
		return "", usagef("empty path")
	}
	if word[0] != '/' {
		word = s.folder + "/" + word
	}
	if strings.ContainsRune(word, 0) {
		return "", usagef("invalid path %s: a name cannot contain a zero byte", quote(word))
	}
	return path.Clean(word), nil
}

// here returns the path that the arguments name, or the current path if there are none.
func (s *Shell) here(args []string) (string, error) {
	if len(args) == 0 {
		return s.Folder(), nil
	}
	return s.at(args[0])
}

// Folder returns the current path.
func (s *Shell) Folder() string { return "/" + strings.TrimPrefix(s.folder, "/") }

// under returns the path of a child.
func under(parent, name string) string { return strings.TrimSuffix(parent, "/") + "/" + name }

// within reports whether a path is equal to another one or below it.
func within(path, of string) bool {
	return strings.HasPrefix(path+"/", strings.TrimSuffix(of, "/")+"/")
}

// did adds an operation and its path to an error.
func did(what, path string, err error) error {
	if err == nil {
		return nil
	}
	if path == "/" && missing(err) {
		return errNoChroot
	}
	if errors.Is(err, wire.BadArguments) && misnamed(path) {
		return &explained{what + " " + quote(path) + ": invalid character in the path", err}
	}
	return explain(what+" "+quote(path), err)
}

// misnamed reports whether a path has a character that servers refuse (Java's
// PathUtils.validatePath): a control character, a surrogate, one for private use, or a
// special one, such as U+FFFD for invalid UTF-8.
func misnamed(path string) bool {
	return strings.ContainsFunc(path, func(r rune) bool {
		return unicode.IsControl(r) || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 && r <= 0xffff
	})
}

// data returns the data that an argument means: "-" is standard input.
func (s *Shell) data(arg string) ([]byte, error) {
	if arg != "-" {
		return []byte(arg), nil
	}
	if s.In == nil {
		return nil, usagef("the commands come from standard input: write the data into the line")
	}
	if s.read {
		return nil, usagef("standard input has been read already: use - only once")
	}
	s.read = true
	b, err := io.ReadAll(io.LimitReader(s.In, wire.MaxFrame+1))
	if err == nil && len(b) > wire.MaxFrame {
		err = usagef("standard input has more than %d bytes: no server accepts that", wire.MaxFrame)
	}
	return b, err
}

// dial returns the function that connects to servers.
func (s *Shell) dial() ensemble.DialFunc {
	if s.Dial != nil {
		return s.Dial
	}
	return net.DialTimeout
}
