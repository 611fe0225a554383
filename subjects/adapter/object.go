package adapter

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// object is a subject in the other process. One request of it is under way at a
// time.
type object struct {
	p    *Process
	spec request       // the make that it comes from
	turn chan struct{} // holds a token while no call is under way
	in   *life         // the life in which it was made; under turn

	mu   sync.Mutex
	made *result        // what it offers, from the first make on
	hold *hold          // the latest of this life
	lost map[int64]bool // holds of this life that were said to be lost
}

// hold is what an acquire gave.
type hold struct {
	result
	id   int64
	lost chan struct{}
}

// object makes an object, which may offer what is named.
func (p *Process) object(spec request, offers ...string) (*object, error) {
	l, err := p.alive()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.last++
	spec.Op, spec.Object = opMake, p.last
	p.mu.Unlock()
	o := &object{p: p, spec: spec, turn: make(chan struct{}, 1)}
	if err := o.make(context.Background(), l); err != nil {
		return nil, err
	}
	if err := known(o.made.Offers, offers...); err != nil {
		return nil, p.breaks(l, err)
	}
	o.turn <- struct{}{}
	return o, nil
}

// make makes the object in a life; again, if it was made in an earlier one. Its
// holds of then are the present ones no more.
func (o *object) make(ctx context.Context, l *life) error {
	o.mu.Lock()
	o.hold, o.lost = nil, map[int64]bool{}
	o.mu.Unlock()
	o.p.remember(o)
	made, _, err := o.p.send(ctx, l, o.spec)
	if err != nil {
		o.p.forget(o)
		return err
	}
	o.mu.Lock()
	first := o.made
	o.made = made
	o.mu.Unlock()
	if first != nil && (!slices.Equal(made.Offers, first.Offers) || made.Items != first.Items) {
		return o.p.breaks(l, against("offers %q after it was started again, and offered %q before", made.Offers, first.Offers))
	}
	o.in = l
	return nil
}

func (p *Process) remember(o *object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[o.spec.Object] = o
}

func (p *Process) forget(o *object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.objects, o.spec.Object)
}

func (o *object) offers(what string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.made != nil && has(o.made.Offers, what)
}

// do does one operation of the object, which is made anew if the program was
// started again since. Until it is sent, an error has had no effect.
func (o *object) do(ctx context.Context, req request) (*result, error) {
	if err := o.enter(ctx); err != nil {
		return nil, err
	}
	defer o.leave()
	r, _, err := o.inside(ctx, req)
	return r, err
}

// enter waits until no other call of the object is under way.
func (o *object) enter(ctx context.Context) error {
	select {
	case <-o.turn:
		return nil
	case <-ctx.Done():
		return &Error{Code: codeOf(context.Cause(ctx)), Message: "another call has not returned: " + context.Cause(ctx).Error(), noEffect: true}
	}
}

func (o *object) leave() { o.turn <- struct{}{} }

func (o *object) inside(ctx context.Context, req request) (*result, int64, error) {
	l, err := o.p.alive()
	if err != nil {
		return nil, 0, err
	}
	if o.in != l {
		if err := o.make(ctx, l); err != nil {
			return nil, 0, beforehand(err)
		}
	}
	req.Object = o.spec.Object
	return o.p.send(ctx, l, req)
}

// beforehand is err for an operation that came to nothing because of it.
func beforehand(err error) error {
	var broken *Broken
	var down *downError
	var e *Error
	switch {
	case errors.As(err, &broken):
		return broken.unsent()
	case errors.As(err, &down):
		return &downError{down.client, down.what, true}
	case errors.As(err, &e):
		return &Error{Code: e.Code, Message: "make it anew: " + e.Message, noEffect: true}
	}
	return err
}

// send sends a request and waits for its answer. When ctx ends, the request is
// cancelled, and still waited for. It gives the request's id, too.
func (p *Process) send(ctx context.Context, l *life, req request) (*result, int64, error) {
	c, err := l.x.ask(req)
	if errors.Is(err, errOutboxFull) {
		return nil, 0, &Error{Code: codeError, Message: err.Error(), noEffect: true}
	}
	if err != nil {
		return nil, 0, p.ended(l, false)
	}
	r, err := l.x.await(c, ctx.Done())
	if err != nil {
		return nil, 0, p.ended(l, true)
	}
	if r.Error != nil {
		return nil, c.id, r.Error.of(ctx)
	}
	return r.OK, c.id, nil
}

// acquire gets a hold.
func (o *object) acquire(ctx context.Context) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	r, id, err := o.inside(ctx, request{Op: opAcquire})
	if err != nil {
		return err
	}
	for _, must := range []struct {
		offer string
		given bool
	}{{offerFence, r.Token != 0}, {offerSession, r.Session != 0}} {
		if o.offers(must.offer) && !must.given {
			return o.p.breaks(o.in, against("answered acquire without the %s that it offers", must.offer))
		}
	}
	o.grant(&hold{result: *r, id: id, lost: make(chan struct{})})
	return nil
}

// grant takes a hold in, of which it may have been said already that it is lost.
func (o *object) grant(h *hold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost[h.id] {
		close(h.lost)
	}
	o.hold = h
}

// event takes what the program says unasked.
func (p *Process) event(l *life, r reply) error {
	if r.Event != eventLost {
		return against("told of an event %q; there is only %q", r.Event, eventLost)
	}
	p.mu.Lock()
	o, last := p.objects[r.Object], p.last
	p.mu.Unlock()
	if r.Object < 1 || r.Object > last || !l.x.knows(r.Hold) {
		return against("told that hold %d of object %d is lost, which there was not", r.Hold, r.Object)
	}
	if o == nil {
		return nil // it has been closed
	}
	if !o.offers(offerLost) {
		return against("told that hold %d of object %d is lost, but does not offer to", r.Hold, r.Object)
	}
	o.lose(r.Hold)
	return nil
}

// lose notes that a hold is lost; once more is fine.
func (o *object) lose(hold int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost[hold] {
		return
	}
	o.lost[hold] = true
	if o.hold != nil && o.hold.id == hold {
		close(o.hold.lost)
	}
}

// present is the latest hold; nil before the first.
func (o *object) present() *hold {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hold
}

// Close ends the object in the other process, where it is.
func (o *object) Close(ctx context.Context) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	l, err := o.p.alive()
	if err != nil || o.in != l {
		o.p.forget(o)
		return nil // it ended with its process
	}
	_, _, err = o.p.send(ctx, l, request{Op: opClose, Object: o.spec.Object})
	if err == nil {
		o.in = nil
		o.p.forget(o)
	}
	return err
}
