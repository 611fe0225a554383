package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/printable"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/recipes"
)

// lockName and electName are commands that, as the shell, run without a supervisor: the program
// that they run may want the terminal.
const (
	lockName  = "lock"
	electName = "elect"
)

// holding are the flags of commands that hold something while a program runs.
type holding struct {
	servers string
	connect connectFlags
	wait    time.Duration
	try     bool
	grace   time.Duration
	onLost  string
	verbose bool
	json    bool
}

// held is what is to be held. take and release are those of a recipe.
type held struct {
	what    string // "the lock"
	recipe  string
	instead string // what to do where contenders of another recipe are at the path
	take    func(context.Context) error
	try     func(context.Context) (bool, error) // nil: it cannot be tried
	release func(context.Context) error
	lost    func() <-chan struct{}
	token   func() int64 // the fencing token; nil: it has none
}

func (f *holding) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.servers, "servers", "127.0.0.1:2181", "servers of the ensemble: host:port,...[/chroot]")
	flags.DurationVar(&f.wait, "timeout", 0, "time to wait until it is held (0: as long as it takes)")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "time that the program has to end when it is asked to, before it is killed")
	flags.StringVar(&f.onLost, "on-lost", "TERM", "signal that the program is sent when the hold is lost")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell each step on standard error")
	flags.BoolVar(&f.json, "json", false, "print the line as JSON (without a program)")
	f.connect.addNamed(flags, "connect-timeout")
	completes(cmd, "on-lost", choiceOf("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"))
	completesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
}

func (f *holding) validate(command []string) error {
	switch {
	case f.wait < 0:
		return badFlag("--timeout must not be negative")
	case f.grace <= 0:
		return badFlag("--grace must be more than zero")
	case signalNamed(f.onLost) == nil:
		return badFlag("--on-lost %s: it is no signal that can be sent; TERM, INT, HUP, USR1, USR2, QUIT and KILL can", f.onLost)
	case f.json && len(command) > 0:
		return badFlag("--json is for the line, which is printed where no program is given")
	case f.connect.session < time.Second: // holds are lost all the time
		return badFlag("--session-timeout must be 1s or more")
	}
	return f.connect.validate()
}

// pathAndCommand are the arguments before and after "--".
func pathAndCommand(cmd *cobra.Command, args []string) (znode string, command []string, err error) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 {
		dash = len(args)
	}
	switch {
	case dash == 0 && len(args) == 0:
		testing := ""
		if cmd.Name() == lockName {
			testing = "; to test the recipe: zklab run lock"
		}
		return "", nil, fmt.Errorf("%s needs the path of a znode, as /locks/database%s", cmd.Name(), testing)
	case dash == 0:
		return "", nil, fmt.Errorf("the path of the znode comes before --: zklab %s /locks/database -- %s", cmd.Name(), strings.Join(args, " "))
	case dash > 1:
		return "", nil, fmt.Errorf("the program comes after --: zklab %s %s -- %s", cmd.Name(), args[0], strings.Join(args[1:], " "))
	case dash == 1 && dash == len(args) && cmd.ArgsLenAtDash() == 1:
		return "", nil, errors.New("after -- there is no program")
	}
	znode = args[0]
	if !strings.HasPrefix(znode, "/") || path.Clean(znode) != znode || znode == "/" {
		return "", nil, fmt.Errorf("%q is no path of a znode: it begins with /, has a name, and no empty ones, as /locks/database", znode)
	}
	return znode, args[dash:], nil
}

// steps tells on standard error what happens, if anybody wants to know.
func (f *holding) steps(cmd *cobra.Command) func(format string, args ...any) {
	if !f.verbose {
		return func(string, ...any) {}
	}
	return func(format string, args ...any) { warn(cmd, format, args...) }
}

func warn(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "zklab: "+format+"\n", args...)
}

// open connects, and gives the path of the znode below the chroot.
func (f *holding) open(ctx context.Context, znode string) (s *recipes.Session, full string, end func(), err error) {
	servers, chroot, err := external.Parse(f.servers)
	if err != nil {
		return nil, "", nil, badFlag("--servers: %s", bareReason(err))
	}
	config, err := f.connect.config()
	if err != nil {
		return nil, "", nil, err
	}
	dial := zk.Dialer(net.DialTimeout)
	if d := f.connect.tls.dial(); d != nil {
		dial = zk.Dialer(d)
	}
	var last dialError
	bounded, cancel := context.WithTimeoutCause(ctx, f.connect.timeout, fmt.Errorf("no server of %s answers within %s", f.servers, f.connect.timeout))
	defer cancel()
	conn, events, err := zkconn.Open(bounded, zkconn.Config{Servers: servers, Timeout: f.connect.session, Dial: last.around(dial)})
	if err != nil {
		if bounded.Err() != nil {
			err = last.of(context.Cause(bounded))
		}
		return nil, "", nil, f.connect.tls.wayOut(err)
	}
	for _, a := range config.Auth {
		if err := conn.AddAuth(a.Scheme, a.Auth); err != nil {
			conn.Close()
			return nil, "", nil, fmt.Errorf("--auth %s: %w", a.Scheme, err)
		}
	}
	s = recipes.NewSession(conn, events, f.connect.session)
	return s, path.Join("/", chroot, znode), func() {
		ctx, cancel := context.WithTimeout(context.Background(), f.connect.timeout)
		defer cancel()
		_ = s.Close(ctx)
		conn.Close()
	}, nil
}

// dialError is the last error of connecting to a server.
type dialError struct{ last atomic.Pointer[error] }

func (d *dialError) around(dial zk.Dialer) zk.Dialer {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		c, err := dial(network, addr, timeout)
		if err != nil {
			d.last.Store(&err)
		}
		return c, err
	}
}

// of is why there was no connection in a time, with the last error of a server.
func (d *dialError) of(why error) error {
	if last := d.last.Load(); last != nil {
		return fmt.Errorf("%w: %w", why, *last)
	}
	return why
}

// notObtained is why something is not held.
type notObtained struct{ error }

// run holds something while the program runs, or prints the line if there is no program.
func (f *holding) run(cmd *cobra.Command, znode string, command []string, of func(s *recipes.Session, path string) held) (err error) {
	if len(command) == 0 {
		err = f.line(cmd, znode)
	} else {
		err = f.hold(cmd, znode, command, of)
	}
	if errors.Is(err, errBadFlag) {
		return usageError("%s", err)
	}
	return err
}

// hold holds something while the program runs. Its error carries the exit code.
func (f *holding) hold(cmd *cobra.Command, znode string, command []string, of func(s *recipes.Session, path string) held) error {
	signals, stop := receivedSignals()
	defer stop()
	ctx, obtained := untilReceived(signals, stop)
	s, full, end, err := f.open(ctx, znode)
	if err != nil {
		return interruptedOr(ctx, err)
	}
	defer end()
	h := of(s, full)
	if err := f.obtain(ctx, cmd, s, full, h); err != nil {
		var not notObtained
		if errors.As(err, &not) {
			fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", oneLine(err))
			return verdictError{exitNotObtained}
		}
		return interruptedOr(ctx, err)
	}
	obtained()
	env := []string{"ZKLAB_PATH=" + full}
	token := ""
	if h.token != nil {
		env = append(env, fmt.Sprint("ZKLAB_TOKEN=", h.token()))
		token = ", token " + hexText(h.token())
	}
	f.steps(cmd)("%s of %s is held%s", h.what, full, token)
	g := guarded{
		command: command, grace: f.grace, onLost: signalNamed(f.onLost), signals: signals,
		env: env,
		say: func(format string, args ...any) { warn(cmd, format, args...) },
	}
	code, lost, err := g.run(h.lost())
	lost = f.giveBack(cmd, h, full) || lost
	var not notStarted
	switch {
	case errors.As(err, &not):
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", oneLine(err))
		return verdictError{not.code}
	case err != nil:
		return err
	case lost:
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s of %s was lost while the program ran\n", h.what, full)
		return verdictError{exitLost}
	case code != 0:
		return verdictError{code}
	}
	return nil
}

// untilReceived gives a context that the first signal ends; a second one then ends zklab. From
// obtained on signals are left to others.
func untilReceived(signals <-chan os.Signal, stop func()) (ctx context.Context, obtained func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-signals:
			stop()
			cancel()
		case <-done:
		}
	}()
	return ctx, func() {
		close(done)
		<-ended
	}
}

// interruptedOr is the error of a call, or that of an interrupt that has ended it.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// obtain waits until it is held.
func (f *holding) obtain(ctx context.Context, cmd *cobra.Command, s *recipes.Session, full string, h held) error {
	say := f.steps(cmd)
	line, err := recipes.Contenders(ctx, s, full)
	if err != nil {
		return err
	}
	for _, c := range line {
		if c.Recipe != h.recipe {
			return fmt.Errorf("%s has contenders of recipe %s, which %s does not keep out: %s", full, c.Recipe, h.what, h.instead)
		}
	}
	ctx = recipes.WithTrace(ctx, recipes.Trace{
		LinedUp: func(path string) { say("created %s", path) },
		Waits: func(first string, watched []string) {
			say("%s is in front: waiting", path.Base(first))
			for _, path := range watched {
				say("watching %s for its deletion", path)
			}
		},
		Gone: func(path string) { say("%s was deleted", path) },
	})
	say("trying to get %s of %s", h.what, full)
	if f.try {
		got, err := h.try(ctx)
		if err == nil && !got {
			return notObtained{fmt.Errorf("others hold %s of %s, or wait for it", h.what, full)}
		}
		return err
	}
	bounded, cancel := ctx, func() {}
	if f.wait > 0 {
		bounded, cancel = context.WithTimeout(ctx, f.wait)
	}
	defer cancel()
	err = h.take(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return notObtained{fmt.Errorf("%s of %s could not be had within %s", h.what, full, f.wait)}
	}
	return err
}

// giveBack gives it back, and reports whether it had been lost.
func (f *holding) giveBack(cmd *cobra.Command, h held, full string) (lost bool) {
	ctx, cancel := context.WithTimeout(context.Background(), f.connect.timeout)
	defer cancel()
	switch err := h.release(ctx); {
	case errors.Is(err, recipes.ErrLost):
		return true
	case err != nil:
		warn(cmd, "%s of %s ends with the session: it could not be given back: %s", h.what, full, oneLine(err))
	default:
		f.steps(cmd)("%s of %s is given back", h.what, full)
	}
	return false
}

// lineEntry is a contender as JSON has it.
type lineEntry struct {
	Recipe  string    `json:"recipe"`
	Path    string    `json:"path"`
	Session string    `json:"session"`
	Token   string    `json:"token"`
	Since   time.Time `json:"since"`
	Data    string    `json:"data,omitempty"`
	Writer  bool      `json:"writer,omitempty"`
	Holds   bool      `json:"holds"`
	Behind  string    `json:"behind,omitempty"`
}

// line prints who holds, and who waits.
func (f *holding) line(cmd *cobra.Command, znode string) error {
	ctx, stop := untilSignal()
	defer stop()
	s, full, end, err := f.open(ctx, znode)
	if err != nil {
		return interruptedOr(ctx, err)
	}
	defer end()
	all, err := recipes.Contenders(ctx, s, full)
	if err != nil {
		return interruptedOr(ctx, err)
	}
	entries := []lineEntry{}
	for _, c := range all {
		entries = append(entries, lineEntry{c.Recipe, c.Path, hexText(c.Session), hexText(c.Token), c.Since.UTC(), string(c.Data), c.Writer, c.Holds, c.Behind})
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), entries)
	}
	printLine(cmd.OutOrStdout(), full, entries, time.Now())
	return nil
}

// hexText is an id as servers write it.
func hexText(id int64) string { return fmt.Sprintf("%#x", uint64(id)) }

// printLine prints a table of a line.
func printLine(out io.Writer, full string, all []lineEntry, now time.Time) {
	holders := 0
	for _, c := range all {
		if c.Holds {
			holders++
		}
	}
	if len(all) == 0 {
		fmt.Fprintf(out, "%s: nobody holds it, and nobody waits\n", full)
		return
	}
	fmt.Fprintf(out, "%s: %d %s, %d %s\n", full, holders, verbFor(holders, "hold"), len(all)-holders, verbFor(len(all)-holders, "wait"))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	for _, c := range all {
		state, behind := "waits", "behind "+path.Base(c.Behind)
		if c.Holds {
			state, behind = "holds", fmt.Sprint("token ", c.Token)
		}
		what := map[bool]string{true: "writer", false: "reader"}[c.Writer]
		if c.Recipe != "rwlock" {
			what = c.Data
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\tsession %s\tfor %s\t%s\n", state, printable.Text(path.Base(c.Path), 120), printable.Text(what, 40), c.Session, now.Sub(c.Since).Round(time.Second), behind)
	}
}

// verbFor is a verb of so many.
func verbFor(n int, verb string) string {
	if n == 1 {
		return verb + "s"
	}
	return verb
}
