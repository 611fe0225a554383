package adapter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/subjects"
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

// opens: it starts, connects, and reports its version.
func opens(t *trial) error {
	_, err := t.client()
	return err
}

// refusesVersion: it refuses a later version of the protocol.
func refusesVersion(t *trial) error {
	k, err := t.talk()
	if err != nil {
		return err
	}
	req := k.open(t.servers)
	req.Version = 1 << 20
	r, err := k.ask(req)
	if err != nil {
		return err
	}
	if err := code(r, codeVersion); err != nil {
		return fmt.Errorf("open with version %d %w", req.Version, err)
	}
	return nil
}

func refusesUnknown(t *trial, k *talk) error {
	const none = "frobnicate"
	r, err := k.ask(request{Op: none, Object: 1})
	if err == nil {
		err = code(r, codeUnknown)
	}
	if err != nil {
		return fmt.Errorf("the request %s %w", none, err)
	}
	return k.lives("an unknown operation")
}

func refusesRecipe(t *trial, k *talk) error {
	const none = "no-such-recipe"
	r, err := k.ask(request{Op: opMake, Object: 1, Recipe: none, Path: t.path()})
	if err == nil {
		err = code(r, codeUnsupported)
	}
	if err != nil {
		return fmt.Errorf("make of %s %w", none, err)
	}
	return k.lives("an unknown recipe")
}

// survivesGarbage: a line that is no request is answered with an error without an id.
func survivesGarbage(t *trial, k *talk) error {
	for _, garbage := range []string{"garbage", `{"id":`, "[1,2]", `"\ud800"`, "\xff\xfe"} {
		if err := k.x.out.write([]byte(garbage + "\n")); err != nil {
			return err
		}
		select {
		case f := <-k.refused:
			if f.Code != subjects.CodeBadRequest {
				return fmt.Errorf("%q was answered with the code %q; it should be %q", garbage, f.Code, subjects.CodeBadRequest)
			}
		case <-k.x.ended:
			return k.ended()
		case <-time.After(t.Patience):
			return fmt.Errorf("no answer to %q within %s", garbage, t.Patience)
		}
	}
	return k.lives("garbage")
}

// passesOverCancel: it ignores a cancel of a request that was answered, or never sent.
func passesOverCancel(t *trial, k *talk) error {
	for _, id := range []int64{1, 77} {
		if err := k.x.out.put(request{ID: id, Op: opCancel}); err != nil {
			return err
		}
	}
	return k.lives("a cancel of what is over")
}

// cancelsOpen: it gives up opening while no server answers.
func cancelsOpen(t *trial) error {
	k, err := t.talk()
	if err != nil {
		return err
	}
	c, err := k.x.ask(k.open([]string{t.nowhere}))
	if err != nil {
		return k.ended()
	}
	time.Sleep(aWhile)
	k.x.cancel(c)
	r, err := k.answer(c, "open, which was cancelled")
	if err == nil && r.OK != nil {
		err = errNotOffered // its objects have their own sessions
	}
	return err
}

// endsWithInput: it ends when its input ends.
func endsWithInput(t *trial, k *talk) error {
	k.child.stdin.Close()
	select {
	case <-k.child.Ended():
		return nil
	case <-time.After(t.Patience):
		return fmt.Errorf("it still runs %s after the end of its input", t.Patience)
	}
}

func quits(t *trial, k *talk) error {
	r, err := k.ask(request{Op: opQuit})
	if err != nil {
		return err
	}
	if r.Error != nil {
		return fmt.Errorf("quit was answered with an error: %s", r.Error.Message)
	}
	k.child.stdin.Close()
	select {
	case <-k.child.Ended():
	case <-time.After(t.Patience):
		return fmt.Errorf("it still runs %s after quit", t.Patience)
	}
	if k.child.State() != "exit status 0" {
		return fmt.Errorf("it ended after quit with %s", k.child.State())
	}
	return nil
}

// reopens: after quit it can be opened for another client.
func reopens(t *trial, k *talk) error {
	r, err := k.ask(request{Op: opQuit})
	if err == nil && r.OK == nil {
		err = fmt.Errorf("quit was answered with an error: %s", r.Error.Message)
	}
	if err != nil {
		return err
	}
	req := k.open(t.servers)
	*req.Client++
	if r, err = k.ask(req); err != nil {
		return err
	}
	if r.Error != nil {
		return fmt.Errorf("another open, after quit: %s", r.Error.Message)
	}
	return nil
}

// thaws: if frozen for less than its session timeout, it continues as if nothing had
// happened.
func thaws(t *trial, p *Process) error {
	if err := p.Freeze(); err != nil {
		return err
	}
	time.Sleep(aWhile)
	if stopped, err := p.Frozen(); !stopped || err != nil {
		return fmt.Errorf("it does not stay stopped: %v", err)
	}
	if err := p.Thaw(); err != nil {
		return err
	}
	return t.settle(p)
}

func restarts(t *trial, p *Process) error {
	if err := p.Kill(); err != nil {
		return err
	}
	if err := t.soon("restart", p.Restart); err != nil {
		return err
	}
	return t.settle(p)
}

func touches(t *trial, p *Process) error {
	l, err := p.alive()
	if err != nil {
		return err
	}
	if !has(l.hello.Offers, offerTouch) {
		return errNotOffered
	}
	before, err := t.zxid()
	if err != nil {
		return err
	}
	if err := t.soon("touch", func(ctx context.Context) error { return p.Touch(ctx, t.root) }); err != nil {
		return err
	}
	after, err := t.zxid()
	if err != nil {
		return err
	}
	if after < before+2 { // one is the stand's own write
		return errors.New("touch was answered with ok, and nothing was written (do a multi with a check of the path alone)")
	}
	return nil
}
