package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// incarnation is one run of the program, from its start to its end.
type incarnation struct {
	child    *child
	x        *exchange
	hello    result        // its answer to open; set before the incarnation is published
	over     chan struct{} // closed when nothing is left of it
	expected bool          // the end of the process was this side's doing; guarded by Process.mu
}

// start begins an incarnation.
func (p *Process) start(ctx context.Context) error {
	c, err := p.cfg.start(p.cfg)
	if err != nil {
		return fmt.Errorf("client %d: %w", p.cfg.Client, err)
	}
	l := &incarnation{child: c, over: make(chan struct{})}
	l.x = newExchange(c.stdout, c.stdin, func(r reply) error { return p.event(l, r) }, refusal)
	go p.attend(l)
	if err := p.open(ctx, l); err != nil {
		return err
	}
	go p.watch(l)
	return nil
}

// refusal returns the error for a line that a program could not read.
func refusal(f *failure) error { return against("could not read a line: %s", f.Message) }

// open waits until the program has a session. If it fails, the incarnation is over.
func (p *Process) open(ctx context.Context, l *incarnation) error {
	call, err := l.x.ask(request{
		Op: opOpen, Version: Version, Client: &p.cfg.Client,
		Servers: p.cfg.Servers, TimeoutMS: p.cfg.SessionTimeout.Milliseconds(),
	})
	if err != nil {
		return p.ended(l, false)
	}
	enough := time.NewTimer(p.cfg.OpenTimeout)
	defer enough.Stop()
	select {
	case r := <-call.answer:
		return p.opened(ctx, l, r)
	case <-enough.C:
		return p.breaks(l, against("did not answer to open within %s", p.cfg.OpenTimeout))
	case <-ctx.Done():
		p.drop(l)
		return fmt.Errorf("start client %d: %w", p.cfg.Client, context.Cause(ctx))
	case <-l.x.ended:
		return p.ended(l, false)
	}
}

// opened handles the answer to open.
func (p *Process) opened(ctx context.Context, l *incarnation, r reply) error {
	switch {
	case r.Error != nil && r.Error.Code == codeVersion:
		return p.breaks(l, against("does not speak version %d of the protocol: %s", Version, r.Error.Message))
	case r.Error != nil:
		p.drop(l)
		return fmt.Errorf("client %d: open: %w", p.cfg.Client, r.Error.of(ctx))
	case r.OK.Version == 0:
		return p.breaks(l, against("names no version of the protocol in its answer to open; this zklab speaks %d", Version))
	case r.OK.Version != Version:
		return p.breaks(l, against("speaks version %d of the protocol; this zklab speaks %d", r.OK.Version, Version))
	}
	if err := known(r.OK.Offers, offerTouch); err != nil {
		return p.breaks(l, err)
	}
	l.hello = *r.OK
	p.mu.Lock()
	p.present, p.frozen = l, false
	p.mu.Unlock()
	return nil
}

// attend waits for the end of an incarnation, decides whether the program is to blame, and
// cleans up.
func (p *Process) attend(l *incarnation) {
	problem := l.await()
	_ = l.child.Kill()
	<-l.child.Ended()
	if problem == "" {
		problem = "ended by itself: " + l.child.State()
	}
	l.child.closeStreams()
	<-l.x.readEnd
	<-l.x.out.done
	words := l.child.lastLines()

	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.expected && p.broken == nil {
		p.broken = &Broken{Client: p.cfg.Client, Command: p.cfg.name(), Problem: problem, Stderr: words}
		close(p.broke)
	}
	if p.present == l {
		p.present = nil
	}
	close(l.over)
}

// await waits until the program or the exchange with it has ended, and returns the breach
// of the protocol; "" if the program just ended.
func (l *incarnation) await() (problem string) {
	select {
	case <-l.child.Ended():
		select {
		case <-l.x.ended: // its last answers have been read
		case <-time.After(lastSay):
			l.x.end(errSilent)
		}
	case <-l.x.ended:
	}
	if m, ok := errors.AsType[misbehaviour](l.x.err); ok {
		return string(m)
	}
	select {
	case <-l.child.Ended():
		return ""
	case <-time.After(lastSay):
		return "closed its standard output, but kept running"
	}
}

// breaks ends an incarnation because the program broke the protocol, and returns the error.
func (p *Process) breaks(l *incarnation, err error) error {
	l.x.end(err)
	return p.ended(l, true)
}

// drop ends an incarnation that is no longer needed.
func (p *Process) drop(l *incarnation) {
	p.mu.Lock()
	l.expected = true
	p.mu.Unlock()
	_ = l.child.Kill()
	<-l.over
}

// ended waits for the end of an incarnation whose exchange has ended, and returns the error
// for an unanswered call. reached means that the call may have reached the program.
func (p *Process) ended(l *incarnation, reached bool) error {
	<-l.over
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case l.expected && reached:
		return &downError{p.cfg.Client, "was killed during the call", false}
	case l.expected:
		return &downError{p.cfg.Client, "does not run", true}
	case reached:
		return p.broken
	}
	return p.broken.unsent()
}

// quit asks the program to close its session and end. It reports whether it did
// before ctx ended.
func (l *incarnation) quit(ctx context.Context) bool {
	if call, err := l.x.ask(request{Op: opQuit}); err == nil {
		select {
		case <-call.answer:
		case <-l.x.ended:
		case <-ctx.Done():
			return false
		}
	}
	l.child.stdin.Close()
	select {
	case <-l.child.Ended():
		return true
	case <-ctx.Done():
		return false
	}
}

// watch ends an incarnation whose program owes answers and is silent for too long, even
// after a ping. Time while the program is frozen, or this process does not run, does not
// count.
func (p *Process) watch(l *incarnation) {
	step := max(min(p.cfg.Silence, orEndless(p.cfg.CancelTimeout))/20, time.Millisecond)
	tick := time.NewTicker(step)
	defer tick.Stop()
	var silent silence
	for {
		select {
		case <-l.x.ended:
			return
		case <-tick.C:
		}
		if p.stands(l) {
			continue
		}
		err := p.judge(l, &silent, step)
		if err == nil {
			continue
		}
		if stopped, _ := l.child.Frozen(); !stopped {
			l.x.end(err)
			return
		}
		silent = silence{} // another process has stopped it
		l.x.forgive()
	}
}

// silence counts how long a program that owes an answer has been silent.
type silence struct {
	heard  int // lines, at the last look
	lasts  time.Duration
	pinged bool
}

// judge takes another step of silence into account.
func (p *Process) judge(l *incarnation, s *silence, step time.Duration) error {
	heard, waiting, overdue := l.x.look(step)
	if heard != s.heard || waiting == 0 {
		*s = silence{heard: heard}
	} else {
		s.lasts += step
	}
	if bound := p.cfg.CancelTimeout; bound > 0 && overdue > bound {
		return against("did not answer a request within %s of its cancellation", bound)
	}
	if s.lasts > p.cfg.Silence {
		return against("said nothing for %s although it was pinged", p.cfg.Silence)
	}
	if s.lasts > p.cfg.Silence/2 && !s.pinged {
		s.pinged = true
		_, _ = l.x.ask(request{Op: opPing})
	}
	return nil
}

// stands reports whether silence does not count: the program is frozen, or about to end.
func (p *Process) stands(l *incarnation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen || l.expected
}

func orEndless(d time.Duration) time.Duration {
	if d == 0 {
		return 1<<63 - 1
	}
	return d
}

// known returns an error for unknown offers: a misspelled offer would otherwise count as not
// offered.
func known(offers []string, names ...string) error {
	for _, o := range offers {
		if !slices.Contains(names, o) {
			return against("offers %q; what can be offered here is %q", o, names)
		}
	}
	return nil
}

func has(offers []string, name string) bool { return slices.Contains(offers, name) }
