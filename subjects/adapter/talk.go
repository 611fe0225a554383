package adapter

import (
	"context"
	"fmt"
	"time"
)

// talk is a program and the lines to and from it, for checks that send lines which no Process would
// send.
type talk struct {
	trial   *trial
	child   *child
	x       *exchange
	refused chan *failure // answers to lines that were no requests
}

func (t *trial) talk() *talk {
	cfg := t.config()
	c, err := cfg.start(cfg)
	t.must(err)
	k := &talk{trial: t, child: c, refused: make(chan *failure, 16)}
	k.x = newExchange(c.stdout, c.stdin, func(r reply) error { return against("told of %q for no reason", r.Event) }, k.refusal)
	t.talks = append(t.talks, k)
	return k
}

func (k *talk) refusal(f *failure) error {
	select {
	case k.refused <- f:
		return nil
	default:
		return against("refused more lines than it was sent")
	}
}

// opened returns a talk with a program that is open.
func (t *trial) opened() *talk {
	k := t.talk()
	r, err := k.ask(k.open(t.servers))
	t.must(err)
	if r.Error != nil {
		t.failf("open: %s", r.Error.Message)
	}
	return k
}

func (k *talk) open(servers []string) request {
	client := 0
	return request{Op: opOpen, Version: Version, Client: &client, Servers: servers, TimeoutMS: conformSession.Milliseconds()}
}

// ask sends a request and expects its answer soon.
func (k *talk) ask(req request) (reply, error) {
	c, err := k.x.ask(req)
	if err != nil {
		return reply{}, k.ended()
	}
	return k.answer(c, req.Op)
}

func (k *talk) answer(c *call, what string) (reply, error) {
	select {
	case r := <-c.answer:
		return r, nil
	case <-k.x.ended:
		return reply{}, k.ended()
	case <-time.After(k.trial.Patience):
		return reply{}, fmt.Errorf("no answer to %s within %s", what, k.trial.Patience)
	case <-k.trial.ctx.Done():
		return reply{}, context.Cause(k.trial.ctx)
	}
}

// lives checks that the program still answers.
func (k *talk) lives(after string) error {
	r, err := k.ask(request{Op: opPing})
	if err == nil && r.OK == nil {
		err = fmt.Errorf("ping was answered with an error: %s", r.Error.Message)
	}
	if err != nil {
		return fmt.Errorf("after %s: %w", after, err)
	}
	return nil
}

// ended returns an error that says why there are no more lines.
func (k *talk) ended() error {
	problem := k.x.err.Error()
	select {
	case <-k.child.Ended():
		if k.x.err == errSilent {
			problem = "ended by itself: " + k.child.State()
		}
	case <-time.After(lastSay):
	}
	cfg := k.trial.config()
	return &Broken{Command: cfg.name(), Problem: problem, Stderr: k.child.lastLines()}
}

// end ends the program and the talk.
func (k *talk) end() {
	k.x.end(errSilent)
	_ = k.child.Kill()
	<-k.child.Ended()
	k.child.closeStreams()
	<-k.x.readEnd
	<-k.x.out.done
}
