package anyprogram

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/link"
)

// Outcome says how a run of the command ended.
type Outcome string

// The outcomes.
const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	Hung     Outcome = "hung"    // it was killed at the end of its time
	Spun     Outcome = "spun"    // it was killed, as it sent requests without end
	Left     Outcome = "left"    // it passed, and left on the servers what runs without a fault do not leave
	NotMet   Outcome = "not met" // it passed, and the message did not come
	NoEffect Outcome = "no effect"
	NotTried Outcome = "not tried"
)

// Bad reports whether an outcome is a finding.
func (o Outcome) Bad() bool { return o == Failed || o == Hung || o == Spun || o == Left }

// ran is what one run of the command came to.
type ran struct {
	outcome Outcome
	why     string   // of a bad outcome: exit status 1
	effect  string   // what the fault did
	tail    []string // the last lines of the command's output
	took    time.Duration

	addr     string // at which the command found the first server
	messages []Message
	clients  int
	past     int // sessions of clients that did not come through the link
	peak     int // the most requests in a second
	remains
}

// client is a client of the program, with its link.
type client struct {
	n      int
	link   *link.Link
	stops  *link.Breakpoint
	seen   map[Message]int // by message without Which
	target link.Point      // the message at which the fault is to happen, once it has come
}

// run is one run of the command, with an ensemble and listeners of its own.
type run struct {
	Config
	try     *Try
	fault   fault
	most    int // requests in a second
	servers *embedded.Ensemble
	front   []func() error // closes the listeners
	ctx     context.Context
	strikes sync.WaitGroup
	spun    chan struct{}

	mu        sync.Mutex
	clients   []*client
	messages  []Message
	met       bool
	effect    effect
	err       error // of the fault
	acked     []link.Acknowledged
	mentioned map[string]bool // paths in requests since the fault
	second    int64           // the present one
	requests  int             // in it
	peak      int
}

// perform runs the command once. Its error is that of the run's own means, or of ctx.
func (c Config) perform(ctx context.Context, try *Try, most int) (done ran, err error) {
	r := &run{Config: c, try: try, most: most, spun: make(chan struct{}), mentioned: map[string]bool{}}
	if try != nil {
		r.fault, _ = faultNamed(try.Fault)
	}
	if r.servers, err = embedded.Start(embedded.Config{Nodes: c.Nodes, KeepLog: true}); err != nil {
		return done, err
	}
	defer r.servers.Close()
	running, cancel := context.WithCancel(ctx)
	r.ctx = running
	defer cancel()
	defer r.close()
	addrs, err := r.listen()
	if err != nil {
		return done, err
	}
	began := time.Now()
	if done, err = r.command(running, addrs); err != nil {
		return done, err
	}
	done.took, done.addr = time.Since(began), addrs[0]
	cancel()
	r.close()
	return done, r.sum(ctx, &done)
}

// listen opens a listener for each server.
func (r *run) listen() (addrs []string, err error) {
	for _, server := range r.servers.Addrs() {
		l, err := net.Listen("tcp", r.Listen)
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, l.Addr().String())
		r.front = append(r.front, link.Serve(l, server, r.linkOf))
	}
	return addrs, nil
}

// close lets stopped messages go on, and ends all connections. It may be called more than once.
func (r *run) close() {
	for _, c := range r.all() {
		c.stops.Clear()
	}
	for _, shut := range r.front {
		_ = shut()
	}
	for _, c := range r.all() {
		_ = c.link.Close()
	}
	r.strikes.Wait()
}

func (r *run) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.clients)
}

// linkOf returns the link of the client that asks for a session.
func (r *run) linkOf(session int64) *link.Link {
	for _, c := range r.all() {
		if session != 0 && slices.ContainsFunc(c.link.Sessions(), func(s link.Session) bool { return s.ID == session }) {
			return c.link
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &client{n: len(r.clients) + 1, seen: map[Message]int{}}
	c.link = link.New(link.Config{Client: c.n, ConnectTimeout: -1, OnAcknowledged: r.acknowledged, OnRestricted: func() {}})
	c.link.Operation("program")
	c.stops = c.link.BreakWhere(func(p link.Point, paths []string) bool { return r.sees(c, p, paths) })
	r.clients = append(r.clients, c)
	if r.try != nil && r.try.Message.Client == c.n {
		r.strikes.Go(func() { r.strike(c) })
	}
	return c.link
}

// sees takes note of a message, and reports whether the fault is to happen at it.
func (r *run) sees(c *client, p link.Point, paths []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.Reply && !p.After && p.Message != link.Event {
		r.request(c, p, paths)
	}
	where := p
	where.Reply, where.After = false, false
	if r.met || r.ctx.Err() != nil || c.target.Zero() || where != c.target || p.Reply != r.fault.reply || p.After {
		return false
	}
	r.met = true
	return true
}

// mostPaths bounds the paths in the name of a multi.
const mostPaths = 3

// request takes note of a request. Call it with r.mu held.
func (r *run) request(c *client, p link.Point, paths []string) {
	r.rate(time.Now())
	m := Message{Client: c.n, Op: p.Message}
	var patterns []string
	for _, path := range paths {
		if r.met {
			r.mentioned[path] = true
		}
		if len(patterns) < mostPaths {
			patterns = append(patterns, pattern(path))
		}
	}
	m.Path = strings.Join(patterns, " ")
	c.seen[m]++
	m.Which = c.seen[Message{Client: m.Client, Op: m.Op, Path: m.Path}]
	if m.Which <= mostWhich {
		r.messages = append(r.messages, m)
	}
	if r.try != nil && m == r.try.Message {
		c.target = p
	}
}

// rate counts a request. Call it with r.mu held.
func (r *run) rate(now time.Time) {
	if now.Unix() != r.second {
		r.second, r.requests = now.Unix(), 0
	}
	r.requests++
	r.peak = max(r.peak, r.requests)
	if r.requests == r.most+1 && r.most > 0 {
		select {
		case <-r.spun:
		default:
			close(r.spun)
		}
	}
}

func (r *run) acknowledged(a link.Acknowledged) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acked = append(r.acked, a)
}

// writesOfOthers counts the acknowledged writes of other clients than c.
func (r *run) writesOfOthers(c *client) (n int) {
	own := c.link.Sessions()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.acked {
		if !slices.ContainsFunc(own, func(s link.Session) bool { return history.ID(s.ID) == a.Session }) {
			n++
		}
	}
	return n
}

// strike waits for the message of the fault, and injects it.
func (r *run) strike(c *client) {
	select {
	case s := <-c.stops.Reached():
		e, err := r.fault.strike(r, c, s)
		s.Resume()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.effect, r.err = e, err
	case <-r.ctx.Done():
	}
}

// ErrNotStarted means that the command cannot be started.
var ErrNotStarted = errors.New("cannot start the command")

// command runs the command until it ends, or is ended.
func (r *run) command(ctx context.Context, addrs []string) (done ran, err error) {
	_, port, _ := net.SplitHostPort(addrs[0])
	servers := strings.Join(addrs, ",")
	var words []string
	for _, word := range r.Command {
		words = append(words, strings.NewReplacer("{servers}", servers, "{port}", port).Replace(word))
	}
	var out tail
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), ServersEnv+"="+servers)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // a process that has left the group may keep the output open
	group, err := procgroup.Start(cmd)
	if err != nil {
		return done, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	timeout := time.NewTimer(r.Timeout)
	defer timeout.Stop()
	select {
	case <-group.Ended():
		if done.outcome = Passed; !cmd.ProcessState.Success() {
			done.outcome, done.why = Failed, cmd.ProcessState.String()
		}
	case <-timeout.C:
		done.outcome, done.why = Hung, fmt.Sprintf("it had not ended after %s", r.Timeout)
	case <-r.spun:
		done.outcome, done.why = Spun, fmt.Sprintf("it sent more than %d requests in a second", r.most)
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = group.Kill()
	<-group.Ended()
	done.tail = out.lines()
	return done, err
}

// sum completes what a run came to, after its end.
func (r *run) sum(ctx context.Context, done *ran) error {
	txns, err := r.servers.Transactions(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	done.messages, done.clients, done.peak, done.effect = r.messages, len(r.clients), r.peak, r.effect.text
	sessions := map[int64]bool{}
	for _, c := range r.clients {
		for _, s := range c.link.Sessions() {
			sessions[s.ID] = true
		}
	}
	done.remains, done.past = r.remaining(txns, sessions)
	switch {
	case r.try == nil || done.outcome.Bad():
	case !r.met:
		done.outcome = NotMet
	case r.err != nil:
		done.outcome, done.why = NoEffect, r.err.Error()
	}
	if r.try != nil && !r.met {
		done.effect = "the message had not come"
	}
	return nil
}
