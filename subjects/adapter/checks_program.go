package adapter

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/contracts"
)

// programChecks are the checks of every program, whatever its recipes.
var programChecks = []check{
	{"open", opens},
	{"version", refusesVersion},
	{"unknown-op", onTalk(refusesUnknown)},
	{"unknown-recipe", onTalk(refusesRecipe)},
	{"garbage", onTalk(survivesGarbage)},
	{"stale-cancel", onTalk(passesOverCancel)},
	{"open-cancel", cancelsOpen},
	{"end-of-input", onTalk(endsWithInput)},
	{"quit", onTalk(quits)},
	{"reopen", onTalk(reopens)},
	{"freeze", onClient(thaws)},
	{"restart", onClient(restarts)},
	{"touch", onClient(touches)},
}

// opens checks that the program starts, connects, and reports its version.
func opens(t *trial) {
	t.client()
}

// refusesVersion checks that the program refuses a later version of the protocol.
func refusesVersion(t *trial) {
	k := t.talk()
	req := k.open(t.servers)
	req.Version = 1 << 20
	r, err := k.ask(req)
	t.must(err)
	if err := code(r, codeVersion); err != nil {
		t.failf("open with version %d %w", req.Version, err)
	}
}

func refusesUnknown(t *trial, k *talk) {
	const none = "frobnicate"
	r, err := k.ask(request{Op: none, Object: 1})
	if err == nil {
		err = code(r, codeUnknown)
	}
	if err != nil {
		t.failf("the request %s %w", none, err)
	}
	t.must(k.lives("an unknown operation"))
}

func refusesRecipe(t *trial, k *talk) {
	const none = "no-such-recipe"
	r, err := k.ask(request{Op: opMake, Object: 1, Recipe: none, Path: t.path()})
	if err == nil {
		err = code(r, codeUnsupported)
	}
	if err != nil {
		t.failf("make of %s %w", none, err)
	}
	t.must(k.lives("an unknown recipe"))
}

// survivesGarbage: a line that is not a request is answered with an error without an
// id.
func survivesGarbage(t *trial, k *talk) {
	for _, garbage := range []string{"garbage", `{"id":`, "[1,2]", `"\ud800"`, "\xff\xfe"} {
		t.must(k.x.out.write([]byte(garbage + "\n")))
		select {
		case f := <-k.refused:
			if f.Code != contracts.CodeBadRequest {
				t.failf("%q was answered with the code %q; it should be %q", garbage, f.Code, contracts.CodeBadRequest)
			}
		case <-k.x.ended:
			t.must(k.ended())
		case <-time.After(t.Patience):
			t.failf("no answer to %q within %s", garbage, t.Patience)
		}
	}
	t.must(k.lives("garbage"))
}

// passesOverCancel checks that the program ignores a cancel of a request that was
// answered, or never sent.
func passesOverCancel(t *trial, k *talk) {
	for _, id := range []int64{1, 77} {
		t.must(k.x.out.put(request{ID: id, Op: opCancel}))
	}
	t.must(k.lives("a cancel of what is over"))
}

// cancelsOpen checks that the program can give up opening a session while no server
// answers.
func cancelsOpen(t *trial) {
	k := t.talk()
	c, err := k.x.ask(k.open([]string{t.nowhere}))
	if err != nil {
		t.must(k.ended())
	}
	time.Sleep(aWhile)
	k.x.cancel(c)
	r, err := k.answer(c, "open, which was cancelled")
	if err == nil && r.OK != nil {
		err = errNotOffered // its objects have their own sessions
	}
	t.must(err)
}

// endsWithInput checks that the program ends when its input ends.
func endsWithInput(t *trial, k *talk) {
	k.child.stdin.Close()
	select {
	case <-k.child.Ended():
	case <-time.After(t.Patience):
		t.failf("it still runs %s after the end of its input", t.Patience)
	}
}

func quits(t *trial, k *talk) {
	r, err := k.ask(request{Op: opQuit})
	t.must(err)
	if r.Error != nil {
		t.failf("quit was answered with an error: %s", r.Error.Message)
	}
	k.child.stdin.Close()
	select {
	case <-k.child.Ended():
	case <-time.After(t.Patience):
		t.failf("it still runs %s after quit", t.Patience)
	}
	if k.child.State() != "exit status 0" {
		t.failf("it ended after quit with %s", k.child.State())
	}
}

// reopens checks that a program can be opened for another client after a quit.
func reopens(t *trial, k *talk) {
	r, err := k.ask(request{Op: opQuit})
	if err == nil && r.OK == nil {
		err = fmt.Errorf("quit was answered with an error: %s", r.Error.Message)
	}
	t.must(err)
	req := k.open(t.servers)
	*req.Client++
	r, err = k.ask(req)
	t.must(err)
	if r.Error != nil {
		t.failf("another open, after quit: %s", r.Error.Message)
	}
}

// thaws checks that a client frozen for less than its session timeout continues as if
// nothing had happened.
func thaws(t *trial, p *Process) {
	t.must(p.Freeze())
	time.Sleep(aWhile)
	if stopped, err := p.Frozen(); !stopped || err != nil {
		t.failf("it does not stay stopped: %v", err)
	}
	t.must(p.Thaw())
	t.settle(p)
}

func restarts(t *trial, p *Process) {
	t.must(p.Kill())
	t.soon("restart", p.Restart)
	t.settle(p)
}

func touches(t *trial, p *Process) {
	l, err := p.alive()
	t.must(err)
	if !has(l.hello.Offers, offerTouch) {
		t.must(errNotOffered)
	}
	before := t.zxid()
	t.soon("touch", func(ctx context.Context) error { return p.Touch(ctx, t.root) })
	after := t.zxid()
	if after < before+2 { // one is the stand's own write
		t.failf("touch was answered with ok, and nothing was written (do a multi with a check of the path alone)")
	}
}
