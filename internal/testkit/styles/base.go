package styles

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/subjects"
)

// gate lets one goroutine in at a time. Unlike a mutex it can be waited for in virtual time.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g gate) leave() { <-g }

func pause(ctx context.Context, d time.Duration) error { return await.Sleep(ctx, d) }

// base is part of every object: a path, and a way to get a session.
type base struct {
	life    *life
	path    string
	session func(ctx context.Context) (*session, error)
	apart   *opener // nil unless the object has a session of its own
	gate    gate    // one call at a time
	made    bool    // the folders exist
}

// Where an object gets its session from.
type connection int

const (
	borrowed connection = iota // the client's connection, Client.Conn
	common                     // a connection that all objects of the client share
	apart                      // a connection of the object's own
)

func at(c *subjects.Client, path string, from connection) base {
	l := lifeOf(c)
	b := base{life: l, path: path, gate: newGate()}
	switch from {
	case borrowed:
		b.session = l.borrow
	case common:
		b.session = l.common.session
	case apart:
		b.apart = &opener{life: l, gate: newGate()}
		b.session = b.apart.session
	}
	return b
}

// Close waits for clean-ups of calls that were cancelled, and closes the session of the object.
func (b *base) Close(ctx context.Context) error {
	if err := b.gate.enter(ctx); err != nil {
		return err
	}
	defer b.gate.leave()
	if b.apart == nil {
		return nil
	}
	return await.Until(ctx, func() error { b.apart.end(); return nil })
}

// folder makes the object's znode, and folders in it, unless they exist.
func (b *base) folder(s *session, names ...string) error {
	if b.made {
		return nil
	}
	paths := []string{b.path}
	for _, name := range names {
		paths = append(paths, b.path+"/"+name)
	}
	for _, path := range paths {
		if _, err := s.create(path, nil, 0); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	b.made = true
	return nil
}

// within does work, and waits for it until ctx ends. Work then continues in the background: it should
// end soon, and undo is called if it still succeeds. The next call of the object waits for all of that.
func within[T any](ctx context.Context, b *base, work func() (T, error), undo func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := b.gate.enter(ctx); err != nil {
		return none, subjects.WithoutEffect(err)
	}
	done, gone := make(chan result), make(chan struct{})
	go func() {
		defer b.gate.leave()
		v, err := work()
		select {
		case done <- result{v, err}:
		case <-gone:
			if err == nil && undo != nil {
				undo(v)
			}
		}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	select { // waiting work also notices it
	case r := <-done:
		return r.value, r.err
	case <-time.After(soon):
		close(gone)
		return none, context.Cause(ctx)
	}
}

// soon is how much longer a call may take after its context has ended.
const soon = 5 * time.Millisecond

// do is like within, for work that has no result and cannot be undone.
func (b *base) do(ctx context.Context, work func() error) error {
	_, err := within(ctx, b, func() (struct{}, error) { return struct{}{}, work() }, nil)
	return err
}

// reading does work that has no effect, even if it fails.
func reading[T any](ctx context.Context, b *base, work func() (T, error)) (T, error) {
	v, err := within(ctx, b, work, nil)
	if err != nil {
		err = subjects.WithoutEffect(err)
	}
	return v, err
}

// told marks the error of a single request as without effect if that is certain.
func told(err error) error {
	if err != nil && refused(err) {
		return subjects.WithoutEffect(err)
	}
	return err
}

// until repeats try, with pauses, until it returns true or an error that is not about the servers, or
// ctx ends.
func (b *base) until(ctx context.Context, every time.Duration, try func(s *session) (bool, error)) error {
	for {
		s, err := b.session(ctx)
		if err != nil {
			return err
		}
		done, err := try(s)
		if done {
			return err
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
}

// drop deletes a znode of this client whose name is used only once.
func (l *life) drop(s *session, path string) {
	l.insist(func() error {
		if s.life != nil && !s.live() {
			return nil // it goes with its session, in which no other request follows
		}
		err := s.conn.Delete(path, -1)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		return err
	})
}

// plant creates an ephemeral znode whose name is used only once. After an error nothing is left.
func (l *life) plant(s *session, path string, data []byte) (*zk.Stat, error) {
	_, err := s.create(path, data, zk.FlagEphemeral)
	if err != nil && refused(err) {
		return nil, err
	}
	st, seen := l.mine(s, path)
	if st != nil {
		return st, nil
	}
	l.drop(s, path)
	return nil, unsure(err, seen)
}

// unsure returns the error of a request that may have been carried out, but whose effect is gone. refused
// does not recognize this error.
func unsure(errs ...error) error {
	return fmt.Errorf("it may have been there for a while: %v", errors.Join(errs...))
}

// mine returns the stat of a znode that this session perhaps created. It is nil if the session did
// not create it, or the client cannot know.
func (l *life) mine(s *session, path string) (*zk.Stat, error) {
	for {
		st, err := s.stat(path)
		switch {
		case errors.Is(err, errGone):
			return nil, errGone
		case err == nil && st != nil && st.EphemeralOwner == s.id:
			return st, nil
		case err == nil:
			return nil, errGone // it was created in the next session, or not at all
		}
		select {
		case <-l.over:
			return nil, errGone
		case <-time.After(again):
		}
	}
}

// claim is a set of znodes with fixed names, which contenders race for. It is created and deleted
// by one multi together with a mark, an ephemeral znode whose name is used only once: a multi that
// deletes the mark deletes the znodes that were created with it, and no others.
type claim struct {
	s     *session
	mark  string // its path
	paths []string
	czxid int64
}

// claim returns an error that refused recognizes, zk.ErrNodeExists, if any of the znodes exists.
// After an error nothing is left.
func (l *life) claim(s *session, mark string, paths ...string) (*claim, error) {
	var ops []any
	for _, path := range append([]string{mark}, paths...) {
		ops = append(ops, &zk.CreateRequest{Path: path, Acl: everyone, Flags: zk.FlagEphemeral})
	}
	_, err := s.multi(ops...)
	if err != nil && refused(err) {
		return nil, err
	}
	c := &claim{s: s, mark: mark, paths: paths}
	st, seen := l.mine(s, mark)
	if st != nil {
		c.czxid = st.Czxid
		return c, nil
	}
	l.unclaim(c)
	return nil, unsure(err, seen)
}

// deletion returns the requests of the multi that ends a claim.
func deletion(mark string, paths ...string) (ops []any) {
	for _, path := range append([]string{mark}, paths...) {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	return ops
}

func (l *life) unclaim(c *claim) {
	l.insist(func() error {
		if c.s.life != nil && !c.s.live() {
			return nil
		}
		_, err := c.s.conn.Multi(deletion(c.mark, c.paths...)...)
		if errors.Is(err, zk.ErrNoNode) {
			return nil // the mark is gone, and the rest with it
		}
		return err
	})
}

// hold is a client's part of a hold: its token, and its session.
type hold struct{ now atomic.Pointer[grant] }

type grant struct {
	s     *session
	token int64
	undo  func()
}

// Session implements subjects.Owner.
func (h *hold) Session() int64 {
	if g := h.now.Load(); g != nil {
		return g.s.id
	}
	return 0
}

// Lost implements subjects.Holder.
func (h *hold) Lost() <-chan struct{} {
	if g := h.now.Load(); g != nil {
		return g.s.lost
	}
	return nil
}

// fenced is a hold whose grants have tokens.
type fenced struct{ hold }

// Fence implements subjects.Fencer.
func (h *fenced) Fence() int64 {
	if g := h.now.Load(); g != nil {
		return g.token
	}
	return 0
}

var errNotHeld = errors.New("nothing is held")

// acquire gets a grant by take, which returns when ctx ends, and leaves nothing after an error.
func (h *hold) acquire(ctx context.Context, b *base, take func() (*grant, error)) error {
	g, err := within(ctx, b, take, func(g *grant) { g.undo() })
	if err == nil {
		h.now.Store(g)
	}
	return err
}

// release ends the present grant. If ctx ends first, that work continues, even if an earlier call of
// the object still runs.
func (h *hold) release(ctx context.Context, b *base) error {
	g := h.now.Swap(nil)
	if g == nil {
		return subjects.WithoutEffect(errNotHeld)
	}
	undo := func() error { g.undo(); return nil }
	err := b.do(ctx, undo)
	if subjects.NoEffect(err) { // it did not begin
		go func() { _ = b.do(context.Background(), undo) }()
		return context.Cause(ctx)
	}
	return err
}
