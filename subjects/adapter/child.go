package adapter

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

var errGone = errors.New("it has ended")

// child is a program that was started, with all that it starts itself: a process
// group of its own.
type child struct {
	pid    int      // the program's, and the group's
	stdin  *os.File // ours to write
	stdout *os.File // ours to read

	words    *lastWords
	wordsEnd chan struct{} // closed when standard error has been read to its end

	ended chan struct{} // closed when the program has ended and nothing of the group is left
	state string        // how it ended; read it after ended

	mu   sync.Mutex
	gone bool // the pid may belong to somebody else
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
	ownGroup(cmd)

	c := &child{
		stdin: files.stdin[1], stdout: files.stdout[0],
		words: &lastWords{logf: cfg.Logf}, wordsEnd: make(chan struct{}), ended: make(chan struct{}),
	}
	started := make(chan error)
	go c.run(cmd, started)
	if err := <-started; err != nil {
		files.closeOurs()
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	go func() {
		defer close(c.wordsEnd)
		defer files.stderr[0].Close()
		c.words.read(files.stderr[0])
	}()
	return c, nil
}

// run starts the program and waits for its end, on one thread: Linux ends the
// program when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG), and
// that shall be when this process ends, not when Go has no more use for a thread.
func (c *child) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	c.pid = cmd.Process.Pid
	started <- nil
	awaitExit(c.pid)
	c.mu.Lock()
	_ = killGroup(c.pid) // what the program started ends with it
	c.gone = true
	c.mu.Unlock()
	if err := cmd.Wait(); err == nil {
		c.state = "exit status 0"
	} else {
		c.state = err.Error()
	}
	until(func() bool { return groupGone(c.pid) })
	close(c.ended)
}

// freeze stops the group and returns when all of it is stopped.
func (c *child) freeze() error {
	if err := c.signal(stopGroup); err != nil {
		return err
	}
	var stopped bool
	var err error
	until(func() bool {
		stopped, err = c.frozen()
		return stopped || err != nil || c.isGone()
	})
	switch {
	case err != nil:
		return err
	case c.isGone():
		return errGone
	case !stopped:
		return fmt.Errorf("process group %d goes on %s after SIGSTOP", c.pid, takesEffect)
	}
	return nil
}

func (c *child) thaw() error { return c.signal(continueGroup) }

func (c *child) signal(send func(pgid int) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return errGone
	}
	return send(c.pid)
}

func (c *child) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

func (c *child) frozen() (bool, error) {
	if c.isGone() {
		return false, nil
	}
	return groupStopped(c.pid)
}

// kill ends the group; ended is closed soon after.
func (c *child) kill() error {
	if err := c.signal(killGroup); !errors.Is(err, errGone) {
		return err
	}
	return nil
}

// lastSay is how long what was written before the end is waited for, where
// somebody who left the group keeps a stream open.
const lastSay = time.Second

// lastLines gives the end of standard error; after the end of the program, all
// that it had to say.
func (c *child) lastLines() string {
	select {
	case <-c.ended:
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
