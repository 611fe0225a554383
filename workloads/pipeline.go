package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history/models"
)

// request is one call on a connection. It takes no context: a request that was sent cannot
// be recalled.
type request func(conn *zk.Conn) error

// pipe sends requests of one client without waiting for earlier replies.
type pipe struct {
	conn  *zk.Conn
	slots *semaphore.Weighted // one for each request under way
}

// pipeRoom bounds the requests of a client under way: without it they would accumulate
// behind a server that does not answer.
const pipeRoom = 32

// pipelineGap is the pause between requests of one pipeline, so that most are sent in
// order, and the last long before the first is answered.
const pipelineGap = 20 * time.Microsecond

func newPipe(conn *zk.Conn) *pipe {
	return &pipe{conn: conn, slots: semaphore.NewWeighted(pipeRoom)}
}

// send sends requests and waits until all are answered, or ctx ends; then those under way
// continue on their own. A refusal by the tree is an answer. It returns the first error of
// a request that was not answered.
func (p *pipe) send(ctx context.Context, requests ...request) error {
	if p.slots.Acquire(ctx, int64(len(requests))) != nil {
		return notSent{fmt.Errorf("earlier requests were not answered: %w", context.Cause(ctx))}
	}
	answers := make(chan error, len(requests))
	for i, do := range requests {
		if i > 0 {
			time.Sleep(pipelineGap)
		}
		go func() {
			defer p.slots.Release(1)
			answers <- do(p.conn)
		}()
	}
	var first error
	for range requests {
		select {
		case err := <-answers:
			if first == nil && !answered(err) {
				first = err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return first
}

// answered reports whether a server answered, possibly with a refusal.
func answered(err error) bool {
	for _, unanswered := range []error{
		zk.ErrConnectionClosed, zk.ErrSessionExpired, zk.ErrNoServer, zk.ErrClosing, zk.ErrSessionMoved, zk.ErrUnknown,
	} {
		if errors.Is(err, unanswered) {
			return false
		}
	}
	return true
}

// notSent is the error of a burst that sent no request or only reads.
type notSent struct{ error }

func (notSent) NoEffect() bool  { return true }
func (e notSent) Unwrap() error { return e.error }

// burst is an operation on the store itself.
type burst struct {
	f        string
	key      string
	requests []request
	reads    bool // only reads
}

// do does a burst as an operation of a client, intended for the time at.
func (p *pipe) do(ctx context.Context, c *Client, b burst, at, limit time.Duration) error {
	return c.Do(ctx, Op{
		F: b.f, Key: b.key, Arg: models.Burst{Requests: len(b.requests)}, Intended: at, Timeout: limit,
		Run: func(ctx context.Context) (any, error) {
			err := p.send(ctx, b.requests...)
			if err != nil && b.reads {
				err = notSent{err}
			}
			return nil, err
		},
	})
}
