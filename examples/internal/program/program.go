// Package program is shared by the example programs: flags, a client of ZooKeeper, and an
// end in good order. What a program is about is in its own main, not here.
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
	Args   []string // those that are no flags
	Name   string   // of this process, for people
	Path   string   // of the znode under which the program keeps what it shares
	Conn   *zk.Conn
	Client *recipes.Client

	timeout time.Duration
	out     *log.Logger
	online  atomic.Bool     // as the last line about it said
	closing context.Context // ends one timeout after ctx
}

// About describes a program from outside.
type About struct {
	Path  string                   // the default of -path
	Usage string                   // what follows its name on the command line
	Args  func(args []string) bool // whether arguments, without flags, are as Usage says
}

// Main is the main function of a program: it reads the flags, those that the program has
// defined itself, too, connects, runs run, closes the client and exits.
//
// The context of run ends with the first Ctrl-C (a second one ends the process at once); a
// program that works until then returns nil. Exit codes: 0 all done, 1 failed, 2 wrong
// usage, 130 interrupted before all was done.
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

// connected runs run with a session.
func (p *Program) connected(ctx context.Context, servers []string, run func(ctx context.Context, p *Program) error) error {
	conn, events, err := zk.Connect(servers, p.timeout, zk.WithLogger(silent{}), zk.WithEventCallback(p.tell))
	if err != nil {
		return err
	}
	defer conn.Close() // ends the session, and so whatever it still holds on the servers
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

// patience is how long a program waits for its first session: one that was started with the
// wrong address shall say so, and not wait for ever.
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

// tell prints when the connection comes and goes, and when the session expires. Nothing else depends
// on it: a recipe tells a holder in time that its hold may be lost, whether or not there is a connection.
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

// Traced gives the context of a call that waits in line, so that it says where it stands: of what
// says what the line is for.
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

// znode is the name of a contender's znode, without the random id that it begins with.
func znode(path string) string {
	_, name, _ := strings.Cut(path[strings.LastIndex(path, "/")+1:], "-")
	return name
}

// Close closes a recipe, or what else has such a method: what it holds is given back, even
// when ctx of the program has ended. It takes no longer than a session lasts without an
// answer, from when ctx ended at the latest: by then all that it held is over.
func (p *Program) Close(c interface{ Close(context.Context) error }) {
	ctx, cancel := context.WithTimeout(p.closing, p.timeout)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		p.Say("not closed in good order, so the servers will end it: %v", err)
	}
}

// Sleep waits for d, or until ctx ends: then it gives the reason.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Await waits for f, but not when ctx has ended: then it gives the reason, and f goes on.
// The calls of go-zookeeper need it, which take no context and wait for a server.
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
