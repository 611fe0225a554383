package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
)

// Sessions begin and end with visitors: one burst in visitEvery is a visit, unless there
// are too many.
const (
	visitEvery     = 50
	visitorsAtOnce = 4
)

// visit brings a visitor, whose ephemerals the client looks at before and after the
// visitor's session ends. It returns false if there are too many visitors.
func (r *sessionRun) visit(ctx context.Context, s *sessionClient, key string, at time.Duration) bool {
	if !r.visits.TryAcquire(1) {
		return false
	}
	v := &visit{run: r, host: s, path: fmt.Sprintf("%s%s/v%s", r.env.Path(key), ephemeralPart, s.data()), rng: rand.New(rand.NewPCG(s.rng.Uint64(), 1))}
	_ = s.Do(ctx, Op{
		F: models.FVisit, Key: key, Arg: models.Burst{Requests: 7}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) { return nil, v.do(ctx) },
	})
	r.leaving.Go(func() {
		defer r.visits.Release(1)
		v.leave()
	})
	return true
}

// visit is the visit of one visitor. The call that runs it may be stuck, and continue after the
// visit is over; then it opens no more sessions.
type visit struct {
	run  *sessionRun
	host *sessionClient
	path string // of its ephemeral
	rng  *rand.Rand

	mu      sync.Mutex
	visitor *Visitor // nil until it has connected
	over    bool
}

var errVisitOver = errors.New("the visit was given up before the visitor came")

// connect opens the visitor's session.
func (v *visit) connect(ctx context.Context) (*Visitor, error) {
	visitor, err := v.run.env.Visit(ctx)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	over := v.over
	if !over {
		v.visitor = visitor
	}
	v.mu.Unlock()
	if over {
		visitor.Close()
		return nil, errVisitOver
	}
	return visitor, nil
}

// leave ends the visit: the visitor closes its session, if it has not left yet.
func (v *visit) leave() {
	v.mu.Lock()
	v.over = true
	visitor := v.visitor
	v.mu.Unlock()
	if visitor != nil {
		visitor.Close()
	}
}

func (v *visit) do(ctx context.Context) error {
	visitor, err := v.connect(ctx)
	if err != nil {
		return err
	}
	if err := v.write(ctx, visitor); err != nil {
		return err
	}
	if err := v.look(ctx, existsW(v.path), getW(v.path+"a"), exists(v.path)); err != nil {
		return err
	}
	if err := v.pause(ctx); err != nil {
		return err
	}
	if err := v.look(ctx, exists(v.path), exists(v.path+"a")); err != nil {
		return err
	}
	if err := v.pause(ctx); err != nil {
		return err
	}
	v.end(ctx, visitor)
	return v.look(ctx, exists(v.path), exists(v.path+"a"))
}

// vanish performs the visit of a visitor that writes and vanishes.
func (v *visit) vanish(ctx context.Context) error {
	visitor, err := v.connect(ctx)
	if err != nil {
		return err
	}
	err = v.write(ctx, visitor)
	visitor.Vanish()
	return err
}

// pause lets a while pass.
func (v *visit) pause(ctx context.Context) error {
	if !pause(ctx, between(v.rng, 10*time.Millisecond, 150*time.Millisecond)) {
		return context.Cause(ctx)
	}
	return nil
}

// write creates what the host looks at.
func (v *visit) write(ctx context.Context, visitor *Visitor) error {
	open := zk.WorldACL(zk.PermAll)
	return newPipe(visitor.Conn).send(ctx,
		func(conn *zk.Conn) error {
			_, err := conn.Create(v.path, []byte("v"), zk.FlagEphemeral, open)
			return err
		},
		multi(
			&zk.CreateRequest{Path: v.path + "a", Acl: open, Flags: zk.FlagEphemeral},
			&zk.CreateRequest{Path: v.path + "b", Acl: open, Flags: zk.FlagEphemeral | zk.FlagSequence},
		),
		exists(v.path),
	)
}

// look makes the host read what the visitor wrote. If it fails, its error says that the operation
// had an effect nevertheless, since the visitor has written.
func (v *visit) look(ctx context.Context, requests ...request) error {
	if err := v.host.pipe.send(ctx, requests...); err != nil {
		return effective{err}
	}
	return nil
}

// effective is the error of one part of an operation whose other parts had an effect.
type effective struct{ error }

func (effective) NoEffect() bool  { return false }
func (e effective) Unwrap() error { return e.error }

// end ends the visitor's session in one of several ways.
func (v *visit) end(ctx context.Context, visitor *Visitor) {
	switch v.rng.IntN(6) {
	case 0, 1:
		go visitor.Vanish() // leave waits until it has
	case 2:
		_ = visitor.Expire(ctx)
	default:
		visitor.Close()
	}
}
