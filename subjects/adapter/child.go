package adapter

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
)

// running is a program that was started, with all its children: a [procgroup.Group], which
// documents the methods.
type running interface {
	PID() int
	Ended() <-chan struct{}
	State() string
	IsGone() bool
	Freeze() error
	Thaw() error
	Frozen() (bool, error)
	Kill() error
}

// child is a started program, and its streams.
type child struct {
	running
	stdin  io.WriteCloser // this process writes to it
	stdout io.ReadCloser  // this process reads from it

	words    *lastWords
	wordsEnd chan struct{} // closed when standard error has been read to its end
}

// newChild starts reading the standard error of a child.
func newChild(r running, stdin io.WriteCloser, stdout, stderr io.ReadCloser, logf func(string, ...any)) *child {
	c := &child{running: r, stdin: stdin, stdout: stdout, words: &lastWords{logf: logf}, wordsEnd: make(chan struct{})}
	go func() {
		defer close(c.wordsEnd)
		defer stderr.Close()
		c.words.read(stderr)
	}()
	return c
}

// closeStreams closes this process's ends of the program's input and output.
func (c *child) closeStreams() {
	c.stdin.Close()
	c.stdout.Close()
}

// startChild starts the program.
func startChild(cfg Config) (*child, error) {
	var files pipes
	defer files.closeTheirs()
	if err := files.open(); err != nil {
		files.closeOurs()
		return nil, err
	}
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	cmd.Dir = cfg.Dir
	cmd.Env = append(os.Environ(), cfg.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files.stdin[0], files.stdout[1], files.stderr[1]
	group, err := procgroup.Start(cmd)
	if err != nil {
		files.closeOurs()
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	return newChild(group, files.stdin[1], files.stdout[0], files.stderr[0], cfg.Logf), nil
}

// lastSay is how long to wait for the last output, in case a process that left the group
// keeps a stream open.
const lastSay = time.Second

// lastLines returns the end of standard error; after the end of the program, all of its
// last output.
func (c *child) lastLines() string {
	select {
	case <-c.Ended():
		select {
		case <-c.wordsEnd:
		case <-time.After(lastSay):
		}
	default:
	}
	return c.words.String()
}

// pipes are the three streams; [0] is read, [1] is written.
type pipes struct{ stdin, stdout, stderr [2]*os.File }

func (p *pipes) open() (err error) {
	for _, pipe := range []*[2]*os.File{&p.stdin, &p.stdout, &p.stderr} {
		if pipe[0], pipe[1], err = os.Pipe(); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipes) closeTheirs() { closeFiles(p.stdin[0], p.stdout[1], p.stderr[1]) }
func (p *pipes) closeOurs()   { closeFiles(p.stdin[1], p.stdout[0], p.stderr[0]) }

func closeFiles(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
