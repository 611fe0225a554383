package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// object is a subject in the other process. It has at most one request under way.
type object struct {
	p    *Process
	spec request             // the make request
	call *semaphore.Weighted // one at a time
	in   *incarnation        // the incarnation in which it was made; guarded by call

	mu   sync.Mutex
	made *result        // what it offers, from the first make on
	hold *hold          // the latest of this incarnation
	lost map[int64]bool // holds of this incarnation that were reported lost
}

// hold is a hold that a call acquired.
type hold struct {
	id   int64
	lost chan struct{}
}

var _ subjects.Object = (*object)(nil)

// Make implements [subjects.Remote].
func (p *Process) Make(recipe, path string, value any, offers ...string) (subjects.Object, error) {
	v, err := encoded(value)
	if err != nil {
		return nil, err
	}
	return p.object(request{Recipe: recipe, Path: path, Value: v}, offers...)
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
	o := &object{p: p, spec: spec, call: semaphore.NewWeighted(1)}
	if err := o.make(context.Background(), l); err != nil {
		return nil, err
	}
	if err := known(o.made.Offers, offers...); err != nil {
		return nil, p.breaks(l, err)
	}
	return o, nil
}

// make makes the object in an incarnation, again if it was made in an earlier one. Holds of
// the earlier one are then no longer present.
func (o *object) make(ctx context.Context, l *incarnation) error {
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
	if first != nil && (!slices.Equal(made.Offers, first.Offers) || !slices.Equal(made.Value, first.Value)) {
		return o.p.breaks(l, against("offers %q and says %s after it was started again, and offered %q and said %s before",
			made.Offers, brief(made.Value), first.Offers, brief(first.Value)))
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

// Offers implements [subjects.Object].
func (o *object) Offers(offer string) bool {
	made := o.answer()
	return made != nil && has(made.Offers, offer)
}

// About implements [subjects.Object].
func (o *object) About(v any) error {
	made := o.answer()
	if made == nil || len(made.Value) == 0 {
		return nil
	}
	return json.Unmarshal(made.Value, v)
}

// answer returns the answer to make; nil before the first.
func (o *object) answer() *result {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.made
}

// Call implements [subjects.Object]. It makes the object again if the program was restarted
// since. An error before the request is sent has no effect.
func (o *object) Call(ctx context.Context, operation string, value, result any) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	_, err := o.inside(ctx, operation, value, result)
	return err
}

// Hold implements [subjects.Object].
func (o *object) Hold(ctx context.Context, operation string, value, result any) (<-chan struct{}, error) {
	if err := o.enter(ctx); err != nil {
		return nil, err
	}
	defer o.leave()
	id, err := o.inside(ctx, operation, value, result)
	if err != nil {
		return nil, err
	}
	return o.granted(id), nil
}

// enter waits until no other call of the object is under way.
func (o *object) enter(ctx context.Context) error {
	if o.call.Acquire(ctx, 1) != nil {
		return &Error{Code: contracts.Code(context.Cause(ctx)), Message: "another call has not returned: " + context.Cause(ctx).Error(), noEffect: true}
	}
	return nil
}

func (o *object) leave() { o.call.Release(1) }

// inside calls an operation, and returns the id of its request.
func (o *object) inside(ctx context.Context, operation string, value, result any) (id int64, err error) {
	req := request{Op: opCall, Object: o.spec.Object, Operation: operation}
	if req.Value, err = encoded(value); err != nil {
		return 0, err
	}
	l, err := o.p.alive()
	if err != nil {
		return 0, err
	}
	if o.in != l {
		if err := o.make(ctx, l); err != nil {
			return 0, beforehand(err)
		}
	}
	r, id, err := o.p.send(ctx, l, req)
	if err != nil {
		return id, err
	}
	if err := o.read(r, result); err != nil {
		return id, o.p.breaks(l, against("answered %s %v", operation, err))
	}
	return id, nil
}

// read reads an answer.
func (o *object) read(r *result, into any) error {
	if into == nil {
		return nil
	}
	if len(r.Value) > 0 {
		if err := json.Unmarshal(r.Value, into); err != nil {
			return fmt.Errorf("with a value that is none: %s", brief(r.Value))
		}
	}
	if v, ok := into.(contracts.Validator); ok {
		return v.Validate(o.Offers)
	}
	return nil
}

// beforehand marks err as the error of an operation that was not begun.
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

// send sends a request and waits for its answer. When ctx ends, it cancels the request and
// still waits. It also returns the request's id.
func (p *Process) send(ctx context.Context, l *incarnation, req request) (*result, int64, error) {
	c, err := l.x.ask(req)
	if errors.Is(err, errOutboxFull) {
		return nil, 0, &Error{Code: history.CodeError, Message: err.Error(), noEffect: true}
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

// granted registers a hold, which may have been reported lost already.
func (o *object) granted(id int64) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := &hold{id: id, lost: make(chan struct{})}
	if o.lost[id] {
		close(h.lost)
	}
	o.hold = h
	return h.lost
}

// event handles an event from the program.
func (p *Process) event(l *incarnation, r reply) error {
	if r.Event != eventLost {
		return against("sent an event %q; the only event is %q", r.Event, eventLost)
	}
	p.mu.Lock()
	o, last := p.objects[r.Object], p.last
	p.mu.Unlock()
	if r.Object < 1 || r.Object > last || !l.x.knows(r.Hold) {
		return against("reported the loss of hold %d of object %d, which does not exist", r.Hold, r.Object)
	}
	if o == nil {
		return nil // it has been closed
	}
	if !o.Offers(eventLost) {
		return against("reported the loss of hold %d of object %d, but does not offer this", r.Hold, r.Object)
	}
	o.lose(r.Hold)
	return nil
}

// lose notes that a hold is lost. It may be called more than once for a hold.
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

// Close closes the object in the other process, if it exists there.
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
