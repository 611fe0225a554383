package anyprogram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ServersEnv is the environment variable with the addresses of the servers for the command.
const ServersEnv = "ZKLAB_SERVERS"

// Usual values of a Config.
const (
	UsualTimes = 3
	UsualRate  = 1000
	AnyPort    = "127.0.0.1:0"
)

// Config says what to run, and how. All fields but Command may be left out.
type Config struct {
	// Command is the program with its arguments, in which {servers} stands for the addresses of the servers, host:port,…, and
	// {port} for the port of the first of them. ServersEnv has the addresses, too. It passes if its exit code is 0.
	Command []string
	Nodes   int    // number of servers; 1 when 0
	Listen  string // where the servers listen, host:port; a free port of 127.0.0.1 if it is empty
	// Timeout bounds a run; 0 is ten times the longer one of the runs without a fault, and 30 s at least.
	Timeout time.Duration
	Times   int // how often a finding is run, UsualTimes when 0
	// MaxRate is how many requests the command may send in a second, UsualRate when 0, but ten times as many as without a
	// fault in any case.
	MaxRate int
	Jobs    int  // concurrent runs, 1 when 0
	Only    *Try // the one to try; nil: all

	// Begins is called before the first fault, and Progress after each, for one at a time.
	Begins   func(Cost)
	Progress func(tried, all, bad int)
}

// Cost is what there is to do.
type Cost struct {
	Messages, Tries int
	Each            time.Duration // how long a run without a fault took
}

// Bounds of runs whose timeout is derived.
const (
	firstTimeout = 10 * time.Minute
	leastTimeout = 30 * time.Second
	slower       = 10 // how much longer a run, and how many more requests a second, may be than without a fault
)

// Errors of Explore about the runs without a fault.
var (
	ErrFails   = errors.New("the command fails without a fault")
	ErrNotHere = errors.New("nothing connected")
	ErrPast    = errors.New("the command connects past zklab")
	ErrNoSuch  = errors.New("no such message")
)

// explorer explores one command.
type explorer struct {
	Config
	report Report
	usual  remains // of the runs without a fault
	most   int     // requests in a second

	mu    sync.Mutex
	tried int
	bad   int
}

// Explore runs the command twice without a fault, then once with each fault at each message, and its findings again. It
// returns what it has when ctx ends. If there was nothing to explore, the report has the run that tells why, and the error is
// one of the errors above.
func Explore(ctx context.Context, c Config) (Report, error) {
	given := c.Timeout
	c.Nodes, c.Times, c.Jobs, c.MaxRate = max(c.Nodes, 1), cmp.Or(c.Times, UsualTimes), max(c.Jobs, 1), cmp.Or(c.MaxRate, UsualRate)
	c.Listen = cmp.Or(c.Listen, AnyPort)
	c.Timeout = cmp.Or(c.Timeout, firstTimeout)
	e := &explorer{Config: c, most: c.MaxRate}
	messages, err := e.withoutFault(ctx)
	if err != nil {
		return e.report, err
	}
	if given == 0 {
		e.Timeout = max(leastTimeout, slower*e.report.Each).Round(time.Second)
	}
	tries := triesOf(messages)
	if c.Only != nil {
		if !slices.Contains(tries, *c.Only) {
			return e.report, fmt.Errorf("%w as %q in the runs without a fault, or that fault cannot happen to it", ErrNoSuch, c.Only)
		}
		tries = []Try{*c.Only}
	}
	for _, t := range tries {
		e.report.Results = append(e.report.Results, Result{Try: t, Outcome: NotTried})
	}
	if c.Begins != nil {
		c.Begins(Cost{len(messages), len(tries), e.report.Each})
	}
	err = e.tryAll(ctx)
	if e.report.bad() > 0 && err == nil {
		err = e.again(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return e.report, err
	}
	e.report.Interrupted = ctx.Err() != nil
	return e.report, nil
}

// withoutFault runs the command twice without a fault, and returns the messages that come in both runs.
func (e *explorer) withoutFault(ctx context.Context) ([]Message, error) {
	var messages [2][]Message
	peak := 0
	for i := range messages {
		r, err := e.perform(ctx, nil, 0)
		if err != nil {
			return nil, err
		}
		e.report.Plain.Runs++
		e.report.Plain.Tail = r.tail
		switch {
		case r.past > 0:
			return nil, fmt.Errorf("%w: a client uses an address that it was not given (some read /zookeeper/config)", ErrPast)
		case r.clients == 0 && r.outcome != Passed:
			return nil, fmt.Errorf("%w, and before it has connected: %s", ErrFails, r.why)
		case r.clients == 0:
			return nil, fmt.Errorf("%w to %s: a command finds the servers in the environment variable %s, or in {servers} or {port} among its words; "+
				"--listen is for one that always uses the same address", ErrNotHere, r.addr, ServersEnv)
		case r.outcome != Passed:
			return nil, fmt.Errorf("%w: %s", ErrFails, r.why)
		}
		e.usual.add(r.remains)
		e.report.Each, peak = max(e.report.Each, r.took), max(peak, r.peak)
		messages[i] = r.messages
	}
	e.most = max(e.MaxRate, slower*peak)
	both, one := common(messages[0], messages[1])
	e.report.Messages, e.report.Noise = len(both), one
	return both, nil
}

// tryAll runs the tries, several at a time.
func (e *explorer) tryAll(ctx context.Context) error {
	next := make(chan int)
	failed := make(chan error, e.Jobs)
	var working sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range e.Jobs {
		working.Go(func() {
			for i := range next {
				if err := e.try(ctx, &e.report.Results[i]); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for i := range e.report.Results {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	working.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// try runs one try: again if it is a finding, or if its message did not come.
func (e *explorer) try(ctx context.Context, into *Result) error {
	x := *into
	for x.Runs < e.Times && x.Outcome != Passed {
		r, err := e.perform(ctx, &x.Try, e.most)
		if err != nil && (ctx.Err() == nil || x.Runs == 0) {
			return err
		}
		if err != nil {
			break // what was found before the end is kept
		}
		x.take(r, e.usual)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	*into = x
	if e.tried++; x.Outcome.Bad() {
		e.bad++
	}
	if e.Progress != nil {
		e.Progress(e.tried, len(e.report.Results), e.bad)
	}
	return ctx.Err()
}

// take adds a run to what is known of a try. A bad run decides the outcome, else one in which the fault took effect.
func (x *Result) take(r ran, usual remains) {
	if texts := r.beyond(usual); r.outcome == Passed && len(texts) > 0 {
		r.outcome, r.why = Left, texts[0]
	}
	x.Runs++
	if r.outcome.Bad() {
		x.Bad++
	}
	if x.Runs == 1 || !x.Outcome.Bad() && (r.outcome.Bad() || r.outcome == Passed) {
		x.Outcome, x.Why, x.Effect, x.Tail = r.outcome, r.why, r.effect, nil
		if r.outcome.Bad() {
			x.Tail = r.tail
		}
	}
}

// again runs the command without a fault as often as a finding, to learn whether it fails by itself.
func (e *explorer) again(ctx context.Context) error {
	for range e.Times {
		r, err := e.perform(ctx, nil, e.most)
		if err != nil {
			return err
		}
		var x Result
		x.take(r, e.usual)
		e.report.Plain.Runs++
		if e.report.Plain.Bad += x.Bad; x.Bad > 0 {
			e.report.Plain.Tail = r.tail
		}
	}
	return nil
}
