// Package pace ends a test of many runs by real time, and says how far the test has come.
package pace

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// toldEvery is the interval, in real time, at which a test of many runs says how far it has come.
const toldEvery = 10 * time.Second

// reserved is the time before the deadline of a test that is kept for shrinking a run and for
// reporting it. It is at most a quarter of the time until the deadline.
const reserved = 20 * time.Second

// Pace decides how many runs there are, and nothing about a run.
type Pace struct {
	t     *testing.T
	now   func() time.Time
	began time.Time
	limit limit
	told  time.Time     // when far was last reported
	far   func() string // says how far the test has come
	aside io.Writer     // for messages that a user must see even if the test passes
	inLog bool          // the user sees the test's log while it is written
}

// limit is the moment after which no more runs begin.
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

// Begin begins the test's time. field names the field that sets the budget. far says how far the test has
// come. now is the clock; nil means time.Now.
func Begin(t *testing.T, budget time.Duration, field string, now func() time.Time, far func() string) *Pace {
	if now == nil {
		now = time.Now
	}
	began := now()
	deadline, _ := t.Deadline()
	return &Pace{
		t: t, now: now, began: began, told: began, limit: limitOf(began, budget, field, deadline),
		far: far, aside: os.Stderr, inLog: testing.Verbose(),
	}
}

// Over returns why no other run may begin, or "".
func (p *Pace) Over() string {
	if p.limit.at.IsZero() || p.now().Before(p.limit.at) {
		return ""
	}
	return p.limit.why
}

// A check of one of many runs gets one part in checkParts of the time that is left, and at least one in leastParts of
// all of the time: otherwise the checks of the last runs would get next to nothing.
const (
	checkParts = 4
	leastParts = 20
)

// CheckTime returns how long the checks of one run may take, given the total number of runs; 0 means no limit. The
// outcome of a run does not depend on it: a run whose checks do not end in time does not count.
func (p *Pace) CheckTime(runs int) time.Duration {
	if p.limit.at.IsZero() {
		return 0
	}
	left := p.limit.at.Sub(p.now())
	if runs > 1 {
		left /= checkParts
	}
	return max(left, p.limit.at.Sub(p.began)/leastParts)
}

// Passed returns how long the test has taken until now.
func (p *Pace) Passed() time.Duration { return p.now().Sub(p.began) }

// AtMost says when the test ends at the latest.
func (p *Pace) AtMost() string {
	if p.limit.at.IsZero() {
		return "without a limit of time"
	}
	return fmt.Sprintf("for %s at most", p.limit.at.Sub(p.began).Round(time.Second))
}

// Look logs how far the test has come, unless it has done so a short time ago. It may be called at any
// time between and during runs, by one goroutine at a time.
func (p *Pace) Look() {
	now := p.now()
	if now.Sub(p.told) < toldEvery {
		return
	}
	p.told = now
	text := fmt.Sprintf("after %s, %s: %s", now.Sub(p.began).Round(time.Second), p.AtMost(), p.far())
	if p.inLog {
		p.Log(text)
	} else {
		p.SayAside(text)
	}
}

// Log writes a line to the test's log. Without -v, go test prints that when the test has failed.
func (p *Pace) Log(text string) { fmt.Fprintf(p.t.Output(), "zklab: %s\n", text) }

// SayAside prints a line that the user sees at once in the output of "go test", even if the test
// passes. It does nothing with -v, where the user sees the log.
func (p *Pace) SayAside(text string) {
	if !p.inLog {
		fmt.Fprintf(p.aside, "zklab: %s: %s\n", p.t.Name(), text)
	}
}

// shrinkFor is the longest time for which a failed test shrinks its run. Most tests have nothing left to remove, or
// no runs left, long before: what a test shows must not depend on how busy the machine is.
const shrinkFor = 20 * time.Second

// ShrinkTime returns for how long a failed test begins runs to shrink its run, which is shrinkFor, or less if the
// test's deadline is near. It also returns when even a run under way ends: after half as long again.
func ShrinkTime(t *testing.T) (begins, ends time.Duration) {
	begins = min(shrinkFor, untilDeadline(t)/3)
	return begins, begins + begins/2
}

// accuseFor is the longest time for which the counterexample that a failed test shows is made small.
const accuseFor = 10 * time.Second

// AccuseTime is accuseFor, or less if the test's deadline is near.
func AccuseTime(t *testing.T) time.Duration { return min(accuseFor, untilDeadline(t)/4) }

// untilDeadline returns the time until the deadline of a test, which is far away if there is none.
func untilDeadline(t *testing.T) time.Duration {
	deadline, ok := t.Deadline()
	if !ok {
		return time.Hour
	}
	return max(time.Until(deadline), 4*time.Millisecond)
}
