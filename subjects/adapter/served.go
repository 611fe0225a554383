package adapter

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// served is an object of a Serve.
type served struct {
	*subjects.Served // nil until it is made

	mu    sync.Mutex
	busy  bool
	watch chan struct{} // closed when the present hold is no longer watched; nil if none is
}

// make makes an object.
func (v *session) make(req request) (*result, error) {
	c, err := v.present()
	if err != nil {
		return nil, err
	}
	if req.Object < 1 || req.Path == "" {
		return nil, refused(contracts.CodeBadRequest, "make needs an object, from 1, and a path")
	}
	maker := v.of.subjects.Recipes[req.Recipe]
	if maker == nil {
		return nil, refused(codeUnsupported, "%s has no recipe %q", v.of.subjects.Name, req.Recipe)
	}
	o := &served{busy: true} // until it is made
	v.mu.Lock()
	taken := v.objects[req.Object] != nil
	if !taken {
		v.objects[req.Object] = o
	}
	v.mu.Unlock()
	if taken {
		return nil, refused(contracts.CodeBadRequest, "there is an object %d", req.Object)
	}
	if o.Served, err = maker(c, req.Path, req.Value); err != nil {
		v.remove(req.Object)
		return nil, err
	}
	o.rest()
	made := &result{Offers: o.Offers}
	made.Value, err = encoded(o.About)
	return made, err
}

// encoded returns a value in the form in which it is sent; nothing for nil.
func encoded(value any) (json.RawMessage, error) {
	if value == nil {
		return nil, nil
	}
	return json.Marshal(value)
}

func (v *session) remove(object int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.objects, object)
}

// take claims an object for one request.
func (v *session) take(req request) (*served, error) {
	v.mu.Lock()
	o := v.objects[req.Object]
	v.mu.Unlock()
	if o == nil {
		return nil, refused(contracts.CodeBadRequest, "there is no object %d for %q", req.Object, req.Op)
	}
	if !o.start() {
		return nil, refused(contracts.CodeBadRequest, "%v", errBusy)
	}
	return o, nil
}

// call calls an operation of an object.
func (v *session) call(ctx context.Context, req request) (r *result, after func(), err error) {
	o, err := v.take(req)
	if err != nil {
		return nil, nil, err
	}
	defer o.rest()
	do := o.Operations[req.Operation]
	if do == nil {
		return nil, nil, refused(codeUnknown, "object %d has no operation %q", req.Object, req.Operation)
	}
	value, err := do(ctx, req.Value)
	if err != nil {
		return nil, nil, err
	}
	r = &result{}
	if r.Value, err = encoded(value); err != nil {
		return nil, nil, err
	}
	switch {
	case o.Lost == nil:
	case req.Operation == o.Begins:
		after = o.watched(v, req)
	case req.Operation == o.Ends:
		o.watchAnew(nil)
	}
	return r, after, nil
}

// close closes an object.
func (v *session) close(ctx context.Context, req request) (*result, error) {
	o, err := v.take(req)
	if err != nil {
		return nil, err
	}
	defer o.rest()
	v.remove(req.Object)
	return &result{}, o.finish(ctx)
}

// start claims the object for a request.
func (o *served) start() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	free := !o.busy
	o.busy = true
	return free
}

func (o *served) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = false
}

// watched starts watching the present hold, after the answer has been sent.
func (o *served) watched(v *session, req request) (after func()) {
	lost, over := o.Lost(), make(chan struct{})
	o.watchAnew(over)
	return func() {
		v.tasks.Go(func() {
			select {
			case <-lost:
				// The end of an object may close both channels; then the hold is not lost.
				if !await.Closed(over) && v.ctx.Err() == nil {
					v.of.send(reply{Event: eventLost, Object: req.Object, Hold: req.ID})
				}
			case <-over:
			case <-v.ctx.Done():
			}
		})
	}
}

// watchAnew stops watching the latest hold. over is closed when the next hold is no longer
// watched; nil if there is none.
func (o *served) watchAnew(over chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.watch != nil {
		close(o.watch)
	}
	o.watch = over
}

// end ends an object that has no request under way.
func (o *served) end(ctx context.Context) error {
	if !o.start() {
		return errBusy
	}
	defer o.rest()
	return o.finish(ctx)
}

// finish ends the object within a request. The end of the object is no loss of its hold.
func (o *served) finish(ctx context.Context) error {
	o.watchAnew(nil)
	if s, ok := subjects.Offered[subjects.Closer](o.Subject); ok {
		return s.Close(ctx)
	}
	return nil
}
