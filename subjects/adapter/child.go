package adapter

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/zklab/zklab/internal/procgroup"
)

// child is a program that was started, with all that it starts itself, and its streams.
type child struct {
	*procgroup.Group
	stdin  *os.File // ours to write
	stdout *os.File // ours to read

	words    *lastWords
	wordsEnd chan struct{} // closed when standard error has been read to its end
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
	c := &child{
		Group: group, stdin: files.stdin[1], stdout: files.stdout[0],
		words: &lastWords{logf: cfg.Logf}, wordsEnd: make(chan struct{}),
	}
	go func() {
		defer close(c.wordsEnd)
		defer files.stderr[0].Close()
		c.words.read(files.stderr[0])
	}()
	return c, nil
}

// lastSay is how long what was written before the end is waited for, where
// somebody who left the group keeps a stream open.
const lastSay = time.Second

// lastLines gives the end of standard error; after the end of the program, all
// that it had to say.
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
