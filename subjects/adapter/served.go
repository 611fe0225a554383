package adapter

import (
	"context"
	"slices"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
)

// served is an object of a Serve.
type served struct {
	operations map[string]operation
	subject    any

	mu    sync.Mutex
	busy  bool
	watch chan struct{} // closed when the present hold is not watched any more; nil: none is
}

// operation is what a request of an object does.
type operation func(ctx context.Context, req request) (*result, error)

// make makes an object.
func (v *server) make(req request) (*result, error) {
	c, err := v.present()
	if err != nil {
		return nil, err
	}
	if req.Object < 1 || req.Path == "" {
		return nil, refused(codeBadRequest, "make needs an object, from 1, and a path")
	}
	o := &served{busy: true} // until it is made
	v.mu.Lock()
	taken := v.objects[req.Object] != nil
	if !taken {
		v.objects[req.Object] = o
	}
	v.mu.Unlock()
	if taken {
		return nil, refused(codeBadRequest, "there is an object %d", req.Object)
	}
	made, err := o.become(v.subjects, c, req)
	if err != nil {
		v.remove(req.Object)
		return nil, err
	}
	o.rest()
	return made, nil
}

func (v *server) remove(object int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.objects, object)
}

// become makes the object's subject.
func (o *served) become(s Subjects, c *subjects.Client, req request) (*result, error) {
	switch {
	case req.Recipe == recipeLock && s.Lock != nil:
		l, err := s.Lock(c, req.Path)
		if err != nil {
			return nil, err
		}
		return o.hold(l, l.Lock, l.Unlock), nil
	case req.Recipe == recipeElection && s.Election != nil:
		e, err := s.Election(c, req.Path, req.Candidate)
		if err != nil {
			return nil, err
		}
		return o.hold(e, e.Campaign, e.Resign), nil
	case req.Recipe == recipeQueue && s.Queue != nil:
		q, err := s.Queue(c, req.Path)
		if err != nil {
			return nil, err
		}
		return o.queue(q), nil
	case req.Recipe == recipeBarrier && s.Barrier != nil:
		b, err := s.Barrier(c, req.Path)
		if err != nil {
			return nil, err
		}
		return o.simple(b, map[string]func(context.Context) error{opRaise: b.Raise, opLift: b.Lift, opAwait: b.Await}), nil
	case req.Recipe == recipeDoubleBarrier && s.DoubleBarrier != nil:
		b, err := s.DoubleBarrier(c, req.Path, req.Parties)
		if err != nil {
			return nil, err
		}
		return o.simple(b, map[string]func(context.Context) error{opEnter: b.Enter, opLeave: b.Leave}), nil
	}
	return nil, refused(codeUnsupported, "%s has no recipe %q", s.Name, req.Recipe)
}

// simple is an object whose operations have neither arguments nor results.
func (o *served) simple(subject any, calls map[string]func(context.Context) error) *result {
	o.subject, o.operations = subject, map[string]operation{}
	for op, call := range calls {
		o.operations[op] = func(ctx context.Context, _ request) (*result, error) { return &result{}, call(ctx) }
	}
	return &result{}
}

func (o *served) queue(q subjects.Queue) *result {
	o.subject, o.operations = q, map[string]operation{
		opPut: func(ctx context.Context, req request) (*result, error) { return &result{}, q.Put(ctx, req.Item) },
		opTake: func(ctx context.Context, _ request) (*result, error) {
			item, err := q.Take(ctx)
			return &result{Item: item}, err
		},
	}
	made := &result{}
	if n, ok := q.(subjects.ItemNamer); ok {
		made.Items = n.ItemNames()
	}
	return made
}

// hold is a lock or a candidate, with what it offers.
func (o *served) hold(subject any, acquire, release func(context.Context) error) *result {
	made := o.simple(subject, map[string]func(context.Context) error{opRelease: release})
	fencer, fences := subject.(subjects.Fencer)
	owner, owns := subject.(subjects.Owner)
	o.operations[opAcquire] = func(ctx context.Context, _ request) (*result, error) {
		if err := acquire(ctx); err != nil {
			return nil, err
		}
		r := &result{}
		if fences {
			r.Token = history.ID(fencer.Fence())
		}
		if owns {
			r.Session = history.ID(owner.Session())
		}
		return r, nil
	}
	if teller, ok := subject.(subjects.LeaderTeller); ok {
		made.Offers = append(made.Offers, offerLeader)
		o.operations[opLeader] = func(ctx context.Context, _ request) (*result, error) {
			id, err := teller.Leader(ctx)
			return &result{Leader: id}, err
		}
	}
	if holder, ok := subject.(subjects.Holder); ok {
		made.Offers = append(made.Offers, offerLost)
		o.operations[opHeld] = func(context.Context, request) (*result, error) {
			return &result{Held: o.holding() && isOpen(holder.Lost())}, nil
		}
	}
	if fences {
		made.Offers = append(made.Offers, offerFence)
	}
	if owns {
		made.Offers = append(made.Offers, offerSession)
	}
	return made
}

// operate does an operation of an object, or closes it.
func (v *server) operate(ctx context.Context, req request) (r *result, after func(), err error) {
	if !slices.Contains(objectOps, req.Op) {
		return nil, nil, refused(codeUnknown, "there is no operation %q", req.Op)
	}
	v.mu.Lock()
	o := v.objects[req.Object]
	v.mu.Unlock()
	if o == nil {
		return nil, nil, refused(codeBadRequest, "there is no object %d for %q", req.Object, req.Op)
	}
	if !o.start() {
		return nil, nil, refused(codeBadRequest, "%v", errBusy)
	}
	defer o.rest()
	if req.Op == opClose {
		v.remove(req.Object)
		return &result{}, nil, o.finish(ctx)
	}
	do := o.operations[req.Op]
	if do == nil {
		return nil, nil, refused(codeUnknown, "object %d knows no %q", req.Object, req.Op)
	}
	if r, err = do(ctx, req); err != nil {
		return nil, nil, err
	}
	switch req.Op {
	case opAcquire:
		after = o.watched(v, req)
	case opRelease:
		o.watchAnew(nil)
	}
	return r, after, nil
}

// start takes the object for a call.
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

// watched begins to watch the present hold, when the answer has been sent.
func (o *served) watched(v *server, req request) (after func()) {
	h, ok := o.subject.(subjects.Holder)
	if !ok {
		return nil
	}
	lost, over := h.Lost(), make(chan struct{})
	o.watchAnew(over)
	return func() {
		v.tasks.Go(func() {
			select {
			case <-lost:
				v.send(reply{Event: eventLost, Object: req.Object, Hold: req.ID})
			case <-over:
			case <-v.ctx.Done():
			}
		})
	}
}

// holding says that there is a hold, lost or not.
func (o *served) holding() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.watch != nil
}

// isOpen says that a channel has not been closed; nil never is.
func isOpen(c <-chan struct{}) bool {
	select {
	case <-c:
		return false
	default:
		return true
	}
}

// watchAnew ends the watching of the latest hold. over is closed at the end of
// that of the next; nil: there is none.
func (o *served) watchAnew(over chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.watch != nil {
		close(o.watch)
	}
	o.watch = over
}

// close ends an object that no call is in.
func (o *served) close(ctx context.Context) error {
	if !o.start() {
		return errBusy
	}
	defer o.rest()
	return o.finish(ctx)
}

// finish is close within a call. The end of the object is no loss of its hold.
func (o *served) finish(ctx context.Context) error {
	o.watchAnew(nil)
	if s, ok := o.subject.(subjects.Closer); ok {
		return s.Close(ctx)
	}
	return nil
}
