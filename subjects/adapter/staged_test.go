package adapter

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// stage is an ensemble in memory and in virtual time, and the fakes that play in this process.
type stage struct {
	*testing.T
	e     *embedded.Ensemble
	plays sync.WaitGroup
}

// onStage runs a test in a bubble, and waits for the end of everything that the test
// left running.
func onStage(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{Tick: conformTick, InMemory: true, Latency: time.Millisecond, Seed: 1})
		must.Do(t, err)
		s := &stage{T: t, e: e}
		t.Cleanup(func() { e.Close() })
		t.Cleanup(s.plays.Wait)
		test(t, s)
	})
}

// config configures a client whose program is a fake.
func (s *stage) config(defect string) Config {
	return Config{Command: []string{"staged"}, Servers: s.e.Addrs(), SessionTimeout: conformSession, Client: 3, start: s.starting(defect)}
}

// start starts a client, which the end of the test closes.
func (s *stage) start(cfg Config) *Process {
	s.Helper()
	p, err := Start(s.Context(), cfg)
	must.Do(s.T, err)
	s.Cleanup(func() { _ = p.Kill() })
	return p
}

// starting returns a function that starts a fake in place of a program.
func (s *stage) starting(defect string) func(Config) (*child, error) {
	return func(cfg Config) (*child, error) {
		stdin, ours := io.Pipe()
		theirs, stdout := io.Pipe()
		words, stderr := io.Pipe()
		p := &played{ended: make(chan struct{}), goes: make(chan struct{}), link: link.New(link.Config{Dial: s.e.Dial})}
		close(p.goes)
		p.close = func() {
			for _, c := range []io.Closer{stdin, ours, stdout, stderr} {
				c.Close()
			}
		}
		g := &player{
			stdin: gate{p: p, r: stdin}, stdout: gate{p: p, w: stdout}, stderr: stderr,
			dial: p.link.Dial, exit: p.exit, over: p.ended,
		}
		s.plays.Go(func() { p.ends(fmt.Sprint("exit status ", g.play(defect))) })
		return newChild(p, ours, theirs, words, cfg.Logf), nil
	}
}

// played is a fake that plays in this process. When it is frozen, it reads nothing and writes
// nothing, and its connections hold messages back.
type played struct {
	link  *link.Link
	close func() // closes its streams

	mu    sync.Mutex
	ended chan struct{}
	state string
	goes  chan struct{} // closed while the fake is not frozen
	thaw  []func()
}

var _ running = (*played)(nil)

// ends ends the fake without a warning.
func (p *played) ends(state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != "" {
		return
	}
	p.state = state
	p.goOn()
	p.close()
	p.link.Close()
	close(p.ended)
}

// exit ends the fake, and the calling goroutine.
func (p *played) exit(code int) {
	p.ends(fmt.Sprint("exit status ", code))
	runtime.Goexit()
}

func (p *played) PID() int               { return 0 }
func (p *played) Ended() <-chan struct{} { return p.ended }
func (p *played) State() string          { return p.state }
func (p *played) Kill() error            { p.ends("signal: killed"); return nil }

func (p *played) IsGone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state != ""
}

func (p *played) Frozen() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == "" && len(p.thaw) > 0, nil
}

func (p *played) Freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.state != "":
		return procgroup.ErrGone
	case len(p.thaw) == 0:
		p.goes = make(chan struct{})
		p.thaw = []func(){p.link.Hold(), p.link.Stall(link.Both)}
	}
	return nil
}

func (p *played) Thaw() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != "" {
		return procgroup.ErrGone
	}
	p.goOn()
	return nil
}

// goOn thaws the fake, if it is frozen.
func (p *played) goOn() {
	if len(p.thaw) == 0 {
		return
	}
	for _, release := range p.thaw {
		release()
	}
	p.thaw = nil
	close(p.goes)
}

// pass waits while the fake is frozen.
func (p *played) pass() error {
	p.mu.Lock()
	goes := p.goes
	p.mu.Unlock()
	<-goes
	if p.IsGone() {
		return procgroup.ErrGone
	}
	return nil
}

// gate is a stream that stops while the fake is frozen.
type gate struct {
	p *played
	r io.Reader
	w io.WriteCloser
}

func (g gate) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	if gone := g.p.pass(); gone != nil {
		return 0, gone
	}
	return n, err
}

func (g gate) Write(b []byte) (int, error) {
	if err := g.p.pass(); err != nil {
		return 0, err
	}
	return g.w.Write(b)
}

func (g gate) Close() error { return g.w.Close() }
