package zklab

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// usualBudget is the default of [Experiment.Budget].
const usualBudget = time.Minute

// toldEvery is the interval, in real time, at which a test of many runs says how far it has come.
const toldEvery = 10 * time.Second

// reserved is the time before the deadline of a test that is kept for shrinking a run and for
// reporting it. It is at most a quarter of the time until the deadline.
const reserved = 20 * time.Second

// pace ends a test of many runs by real time, and says how far the test has come. It decides how
// many runs there are, and nothing about a run.
type pace struct {
	t     *testing.T
	now   func() time.Time
	began time.Time
	limit limit
	told  time.Time     // when far was last told
	far   func() string // says how far the test has come
	aside io.Writer     // for what a user is to see although the test may pass
	inLog bool          // the user sees the test's log while it is written
}

// limit is the moment after which no run begins.
type limit struct {
	at  time.Time // zero: never
	why string    // "the budget of 1m0s is over"
}

// limitOf returns the limit of a test. A budget that is not positive does not count, and neither does
// a zero deadline.
func limitOf(began time.Time, budget time.Duration, field string, deadline time.Time) (l limit) {
	if budget > 0 {
		l = limit{began.Add(budget), fmt.Sprintf("the budget of %s is over (%s sets another)", budget, field)}
	}
	if deadline.IsZero() {
		return l
	}
	by := deadline.Add(-min(reserved, deadline.Sub(began)/4))
	if l.at.IsZero() || by.Before(l.at) {
		l = limit{by, "the time that go test -timeout allows is nearly over"}
	}
	return l
}

// pace begins the test's time. field names what sets the budget.
func (x Experiment) pace(t *testing.T, budget time.Duration, field string, far func() string) *pace {
	p := &pace{t: t, now: x.clock, far: far, aside: os.Stderr, inLog: testing.Verbose()}
	if p.now == nil {
		p.now = time.Now
	}
	p.began = p.now()
	p.told = p.began
	deadline, _ := t.Deadline()
	p.limit = limitOf(p.began, budget, field, deadline)
	return p
}

// over returns why no other run may begin, or "".
func (p *pace) over() string {
	if p.limit.at.IsZero() || p.now().Before(p.limit.at) {
		return ""
	}
	return p.limit.why
}

// atMost says when the test ends at the latest.
func (p *pace) atMost() string {
	if p.limit.at.IsZero() {
		return "without a limit of time"
	}
	return fmt.Sprintf("for %s at most", p.limit.at.Sub(p.began).Round(time.Second))
}

// look tells how far the test has come if it was not told lately. It may be called at any time
// between and during runs, by one goroutine at a time.
func (p *pace) look() {
	now := p.now()
	if now.Sub(p.told) < toldEvery {
		return
	}
	p.told = now
	text := fmt.Sprintf("after %s, %s: %s", now.Sub(p.began).Round(time.Second), p.atMost(), p.far())
	if p.inLog {
		p.log(text)
	} else {
		p.sayAside(text)
	}
}

// log writes a line to the test's log. Without -v, go test prints that when the test has failed.
func (p *pace) log(text string) { fmt.Fprintf(p.t.Output(), "zklab: %s\n", text) }

// sayAside prints a line that the user sees at once in the output of "go test", even if the test
// passes. It does nothing with -v, where the user sees the log.
func (p *pace) sayAside(text string) {
	if !p.inLog {
		fmt.Fprintf(p.aside, "zklab: %s: %s\n", p.t.Name(), text)
	}
}

// shrinkFor is the longest time for which a failed test shrinks its run.
const shrinkFor = 5 * time.Second

// shrinkTime is shrinkFor, or half of the time until the test's deadline if that is shorter.
func shrinkTime(t *testing.T) time.Duration {
	deadline, ok := t.Deadline()
	if !ok {
		return shrinkFor
	}
	return max(min(shrinkFor, time.Until(deadline)/2), time.Millisecond)
}

// budget returns the budget of a test that Experiment.Budget limits.
func (x Experiment) budget() time.Duration { return cmp.Or(x.Budget, usualBudget) }
