package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
)

// Sessions come and go by visitors: one burst in visitEvery is a visit, as long as
// there are not too many.
const (
	visitEvery     = 50
	visitorsAtOnce = 4
)

// visit brings a visitor, whose ephemerals the client looks at before and after the
// visitor's session ends. It is false when there are too many visitors.
func (r *sessionRun) visit(ctx context.Context, s *sessionClient, key string, at time.Duration) bool {
	select {
	case r.visits <- struct{}{}:
	default:
		return false
	}
	v := &visit{run: r, host: s, path: fmt.Sprintf("%s%s/v%s", r.env.Path(key), lifePart, s.data()), rng: rand.New(rand.NewPCG(s.rng.Uint64(), 1))}
	_ = s.Do(ctx, Op{
		F: history.FVisit, Key: key, Arg: history.Burst{Requests: 7}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) { return nil, v.happen(ctx) },
	})
	// The visitor of a client that is gone for an operation's time-out goes by itself.
	r.leaving.Go(func() {
		defer func() { <-r.visits }()
		v.leave()
	})
	return true
}

// visit is one visitor's.
type visit struct {
	run     *sessionRun
	host    *sessionClient
	path    string // of its ephemeral
	rng     *rand.Rand
	visitor *Visitor
}

func (v *visit) happen(ctx context.Context) (err error) {
	if v.visitor, err = v.run.env.Visit(ctx); err != nil {
		return err
	}
	visitor := newPipe(v.visitor.Conn)
	data := []byte("v")
	err = visitor.send(ctx,
		func(conn *zk.Conn) error {
			_, err := conn.Create(v.path, data, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
			return err
		},
		multi(
			&zk.CreateRequest{Path: v.path + "a", Acl: zk.WorldACL(zk.PermAll), Flags: zk.FlagEphemeral},
			&zk.CreateRequest{Path: v.path + "b", Acl: zk.WorldACL(zk.PermAll), Flags: zk.FlagEphemeral | zk.FlagSequence},
		),
		exists(v.path),
	)
	if err != nil {
		return err
	}
	if err := v.look(ctx, existsW(v.path), getW(v.path+"a"), exists(v.path)); err != nil {
		return err
	}
	for _, then := range []func(context.Context){func(context.Context) {}, v.end} {
		if !pause(ctx, between(v.rng, 10*time.Millisecond, 150*time.Millisecond)) {
			return context.Cause(ctx)
		}
		then(ctx)
		if err := v.look(ctx, exists(v.path), exists(v.path+"a")); err != nil {
			return err
		}
	}
	return nil
}

// look is the host's. If it does not come about, the visitor has written all the same.
func (v *visit) look(ctx context.Context, requests ...request) error {
	if err := v.host.pipe.send(ctx, requests...); err != nil {
		return effective{err}
	}
	return nil
}

// effective is the error of one part of an operation, others of which had an effect.
type effective struct{ error }

func (effective) NoEffect() bool  { return false }
func (e effective) Unwrap() error { return e.error }

// end ends the session, one way or another.
func (v *visit) end(ctx context.Context) {
	switch v.rng.IntN(6) {
	case 0, 1:
		v.run.leaving.Go(v.visitor.Vanish)
	case 2:
		_ = v.visitor.Expire(ctx)
	default:
		v.visitor.Close()
	}
}

// leave is for a visitor that has not left yet.
func (v *visit) leave() {
	if v.visitor != nil {
		v.visitor.Close()
	}
}
