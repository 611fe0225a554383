// Package program has what the example programs share: flags, a ZooKeeper client, and an orderly end.
// Everything specific to a program is in its own main package.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes"
)

// Program is one process of a program, connected to ZooKeeper.
type Program struct {
	Args   []string // the arguments without the flags
	Name   string   // the name of this process, for people
	Path   string   // the path of the znode below which the program keeps its shared state
	Conn   *zk.Conn
	Client *recipes.Client

	timeout time.Duration
	out     *log.Logger
	online  atomic.Bool     // whether the last line about the connection said that there is one
	closing context.Context // ends one timeout after ctx
}

// About describes the command line of a program.
type About struct {
	Path  string                   // the default of -path
	Usage string                   // the arguments after the program's name, for the usage message
	Args  func(args []string) bool // reports whether the arguments without flags are as Usage says
}

// Main is the main function of a program: it reads the flags, including those that the program has
// defined itself, connects, calls run, closes the client and exits.
//
// The context of run ends with the first Ctrl-C (a second one ends the process at once); a program that
// is meant to work until then returns nil. Exit codes: 0 all done, 1 failed, 2 wrong usage, 130
// interrupted before everything was done.
func Main(about About, run func(ctx context.Context, p *Program) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	err := start(ctx, about, run)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	os.Exit(exit(err))
}

func start(ctx context.Context, about About, run func(ctx context.Context, p *Program) error) error {
	f := newFlags(about.Path)
	args, err := parse(flag.CommandLine, about.Usage, os.Args[1:])
	if err != nil {
		return err
	}
	servers, err := f.check()
	if err != nil {
		return err
	}
	if !about.Args(args) {
		return Usage("wrong arguments: the usage is %s %s", flag.CommandLine.Name(), about.Usage)
	}
	p := &Program{
		Args: args, Name: f.name, Path: f.path, timeout: f.session,
		out: log.New(os.Stdout, f.name+": ", log.Ltime|log.Lmicroseconds|log.Lmsgprefix),
	}
	return p.connected(ctx, servers, run)
}

// connected calls run with a session.
func (p *Program) connected(ctx context.Context, servers []string, run func(ctx context.Context, p *Program) error) error {
	conn, events, err := zk.Connect(servers, p.timeout, zk.WithLogger(silent{}), zk.WithEventCallback(p.tell))
	if err != nil {
		return err
	}
	defer conn.Close() // ends the session, and with it everything that the session still holds on the servers
	defer p.online.Store(false)
	closing, stop := context.WithCancel(context.Background())
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(p.timeout, stop) })
	p.closing = closing
	p.Say("process %d", os.Getpid())
	p.Conn, p.Client = conn, recipes.NewClient(conn, events, p.timeout)
	defer p.Close(p.Client)
	if err := p.await(ctx, servers); err != nil {
		return err
	}
	return run(ctx, p)
}

// patience is how long a program waits for its first session: a program that was started with the wrong
// address must say so, and not wait for ever.
const patience = 5 * time.Second

func (p *Program) await(ctx context.Context, servers []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf(
		"no session with %s within %s: are the servers up? start some with: zklab ensemble up", strings.Join(servers, ","), patience))
	defer cancel()
	err := p.Client.Await(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// tell prints when the connection is made or lost, and when the session expires. The messages are only for
// people: a recipe itself tells a holder in time that its hold may be lost, even without a connection.
func (p *Program) tell(e zk.Event) {
	if e.Type != zk.EventSession {
		return
	}
	switch e.State {
	case zk.StateHasSession:
		p.online.Store(true)
		p.Say("connected to %s", e.Server)
	case zk.StateDisconnected:
		if p.online.Swap(false) {
			p.Say("disconnected")
		}
	case zk.StateExpired:
		p.Say("the session has expired")
	}
}

// Say prints an event as a line: the time, the name of the process, the text.
func (p *Program) Say(format string, args ...any) { p.out.Print(oneLine(fmt.Sprintf(format, args...))) }

// Traced returns the context for a call that waits in line, so that the program prints its place in the
// line. of says what the line is for.
func (p *Program) Traced(ctx context.Context, of string) context.Context {
	return recipes.WithTrace(ctx, recipes.Trace{
		LinedUp: func(path string) { p.Say("%s: stands in line as %s", of, znode(path)) },
		Waits: func(first string, watched []string) {
			names := make([]string, len(watched))
			for i, path := range watched {
				names[i] = znode(path)
			}
			p.Say("%s: waits for %s, watches %s", of, znode(first), strings.Join(names, ", "))
		},
		Gone: func(path string) { p.Say("%s: %s has gone", of, znode(path)) },
	})
}

// znode returns the name of a contender's znode, without the random id at its beginning.
func znode(path string) string {
	_, name, _ := strings.Cut(path[strings.LastIndex(path, "/")+1:], "-")
	return name
}

// Close closes a recipe, or another value with such a method, and so gives back what it holds, even if
// the program's ctx has ended. It takes at most one session timeout, counted from the end of ctx if ctx
// has ended: after that, the session and all its holds are over.
func (p *Program) Close(c interface{ Close(context.Context) error }) {
	ctx, cancel := context.WithTimeout(p.closing, p.timeout)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		p.Say("not closed in good order, so the servers will end it: %v", err)
	}
}

// Sleep waits for d, or until ctx ends: then it returns the cause.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Await waits for f, or until ctx ends: then it returns the cause, and f goes on. It is for the calls
// of go-zookeeper, which wait for a server and take no context.
func Await(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// silent keeps go-zookeeper from writing a line for each of its attempts to connect.
type silent struct{}

func (silent) Printf(string, ...any) {}
