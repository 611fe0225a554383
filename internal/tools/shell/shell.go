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

// Shell runs commands with a session. One goroutine at a time may use it.
type Shell struct {
	Client *client.Client
	Dial   ensemble.DialFunc // for four-letter words; nil is TCP
	// Connect begins another session when the present one is over; nil: there is none.
	Connect func(ctx context.Context) (*client.Client, error)
	// Other begins a session of another ensemble, host:port,host:port; nil: there is no way.
	Other func(ctx context.Context, servers string) (*client.Client, error)

	In  io.Reader // what "-" reads; nil: nothing is to be had there
	Out io.Writer
	// Terminal says that people see Out: data are laid out, and never control it.
	Terminal bool
	JSON     bool
	// Ask asks a question whose answer is yes or no; nil: nobody is asked, and all goes on.
	Ask func(question string) (bool, error)
	// Follow says that watches print beside other commands, rather than be waited for.
	Follow bool
	Lab    *Lab // the ensemble, if it is the shell's own
	// Servers are the addresses of the ensemble; empty: that of the session is known.
	Servers []string
	// Editor has a file edited, and waits for it; nil: there is no terminal for that.
	Editor func(ctx context.Context, file string) error
	// Progress is where people see how far a command is; nil: nobody looks.
	Progress io.Writer

	folder  string // where it is; "" is the root
	pending *multi // a multi that was begun
	read    bool   // In is at its end
}

// Do runs the statements of one line. It stops at the first that fails.
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

// ErrExit is what the command exit gives.
var ErrExit = errors.New("exit")

// ofSystem are words by which people mean what the system's shell does with them.
var ofSystem = []string{"|", "||", "&&", "&", ">", ">>", "<"}

func (s *Shell) statement(ctx context.Context, words []word) error {
	err := s.perform(ctx, words)
	var about askedHelp
	if errors.As(err, &about) {
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
			return usagef("there is no %s here: the system's shell has it, behind zklab shell HOST:PORT -c '%s …'; a word stands in quotes", w.text, c.name)
		}
	}
	return c.execute(ctx, s, args)
}

// Script runs the lines of a file or a pipe. name is for errors; "" for none.
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

// Finish says what was begun and not ended.
func (s *Shell) Finish() error {
	if s.pending != nil {
		return usagef("a multi has no end: nothing of it was done")
	}
	return nil
}

// result is what a command found. As JSON it is itself.
type result interface {
	text(p *page)
}

// page is where a result is written for people.
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

// at is the path that somebody means by a word.
func (s *Shell) at(word string) (string, error) {
	if word == "" {
		return "", usagef("a path is empty")
	}
	if word[0] != '/' {
		word = s.folder + "/" + word
	}
	if strings.ContainsRune(word, 0) {
		return "", usagef("%s: no znode's name has a zero byte", quote(word))
	}
	return path.Clean(word), nil
}

// here is the path that the arguments name, the present one if they name none.
func (s *Shell) here(args []string) (string, error) {
	if len(args) == 0 {
		return s.Folder(), nil
	}
	return s.at(args[0])
}

// Folder is the path that the shell is at.
func (s *Shell) Folder() string { return "/" + strings.TrimPrefix(s.folder, "/") }

// under is the path of a child.
func under(parent, name string) string { return strings.TrimSuffix(parent, "/") + "/" + name }

// within says that a path is that of a znode or of one below it.
func within(path, of string) bool {
	return strings.HasPrefix(path+"/", strings.TrimSuffix(of, "/")+"/")
}

// did makes the error of an operation one that names it.
func did(what, path string, err error) error {
	if err == nil {
		return nil
	}
	if path == "/" && missing(err) {
		return errNoChroot
	}
	if errors.Is(err, wire.BadArguments) && misnamed(path) {
		return &explained{what + " " + quote(path) + ": there is a character in it that no znode's name has", err}
	}
	return explain(what+" "+quote(path), err)
}

// misnamed says that a path has a character that servers refuse (Java's
// PathUtils.validatePath): control characters, those for private use, and what is no text.
func misnamed(path string) bool {
	return strings.ContainsFunc(path, func(r rune) bool {
		return unicode.IsControl(r) || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 && r <= 0xffff
	})
}

// data are those that an argument means: "-" is the standard input.
func (s *Shell) data(arg string) ([]byte, error) {
	if arg != "-" {
		return []byte(arg), nil
	}
	if s.In == nil {
		return nil, usagef("the standard input is where the commands come from: put the data in the line")
	}
	if s.read {
		return nil, usagef("the standard input has been read: - can be given once")
	}
	s.read = true
	b, err := io.ReadAll(io.LimitReader(s.In, wire.MaxFrame+1))
	if err == nil && len(b) > wire.MaxFrame {
		err = usagef("the standard input has more than %d bytes: no server takes that", wire.MaxFrame)
	}
	return b, err
}

// dial is how servers are reached.
func (s *Shell) dial() ensemble.DialFunc {
	if s.Dial != nil {
		return s.Dial
	}
	return net.DialTimeout
}
