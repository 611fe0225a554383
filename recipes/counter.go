package recipes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

var (
	// ErrOverflow: the sum would not fit into 64 bits.
	ErrOverflow error = failures.Conclusion("counter would overflow")
	// ErrNotCounter: the znode holds something else than a decimal number.
	ErrNotCounter error = failures.Conclusion("znode holds no number")
)

// Counter is an integer that any number of clients add to. It begins with 0.
//
// Its path is a persistent znode, created if missing, that holds the value as a
// decimal number; an empty one is 0. The child "marks" holds an ephemeral znode for
// each client that changes the counter at the time; by it a client finds out whether
// a write was applied whose reply was lost. So a lost connection alone never makes
// an addition count twice.
//
// What it cannot know: the outcome of a write that was under way when the session
// ended, or when the caller gave up and no answer came within a grace of a tenth of
// the time-out (at most 200 ms). Those calls fail with [ErrUnknown].
//
// What it costs: to add, a read and a write, and as much again each time that somebody else was
// quicker; the value, a write and a read; the cached one, a read. The first change of a session
// makes its mark, by a write and a read. No watches are set.
//
// Changes take turns by the znode's version, so a counter suits some hundred changes
// a second of all clients together. It is safe for concurrent use.
type Counter struct {
	r       *calls.Recipe
	markers *calls.Markers
}

// NewCounter returns a counter on path.
func NewCounter(c *Client, path string) *Counter {
	r := calls.New(c.client, path)
	return &Counter{r: r, markers: calls.NewMarkers(r)}
}

// Add adds delta, which may be negative, and returns the sum. An error with NoEffect
// says that nothing was added and never will be: [ErrOverflow], [ErrNotCounter],
// [ErrClosed], the error of ctx, or what a server refused. [ErrUnknown], with the
// reason, says that it may have been.
func (c *Counter) Add(ctx context.Context, delta int64) (sum int64, err error) {
	err = c.r.Attempts(ctx, "add", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := c.read(ctx, z)
		if err != nil {
			return calls.NotApplied, err
		}
		if delta > 0 && v.n > math.MaxInt64-delta || delta < 0 && v.n < math.MinInt64-delta {
			return calls.NotApplied, fmt.Errorf("%w: %d and %d", ErrOverflow, v.n, delta)
		}
		sum = v.n + delta
		return c.replace(ctx, z, v, sum)
	})
	if err != nil {
		return 0, err
	}
	return sum, nil
}

// CompareAndSet makes the value to if it is from, and says whether it was: if not,
// there was a moment during the call at which it was another one. Errors are those
// of Add.
func (c *Counter) CompareAndSet(ctx context.Context, from, to int64) (swapped bool, err error) {
	err = c.r.Attempts(ctx, "compare and set", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := c.read(ctx, z)
		if err == nil && v.n != from { // as an old view has it
			v, err = c.fresh(ctx, z)
		}
		switch {
		case err != nil:
			return calls.NotApplied, err
		case v.n != from:
			swapped = false
			return calls.Applied, nil
		}
		swapped = true
		return c.replace(ctx, z, v, to)
	})
	return swapped && err == nil, err
}

// Value returns the value as it is at some time during the call. Its errors have no
// effect: those of Add without [ErrUnknown].
func (c *Counter) Value(ctx context.Context) (int64, error) { return c.value(ctx, "value", c.fresh) }

// Cached returns the value as the client's server has it, which costs no quorum: it
// may be old, but never older than what this session has seen before. Errors are
// those of Value.
func (c *Counter) Cached(ctx context.Context) (int64, error) {
	return c.value(ctx, "cached value", c.read)
}

// value reads until it is answered.
func (c *Counter) value(ctx context.Context, op string, read func(context.Context, *client.Session) (counted, error)) (n int64, err error) {
	err = c.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := read(ctx, z)
		n = v.n
		return calls.AppliedUnless(err)
	})
	return n, err
}

// counted is what a counter's znode holds.
type counted struct {
	n       int64
	version int32
	absent  bool // there is no znode: n is 0
}

// read reads the value as the client's server has it.
func (c *Counter) read(ctx context.Context, z *client.Session) (counted, error) {
	v, err := c.r.Client.Get(ctx, z, c.r.Path)
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return counted{absent: true}, nil
	case err != nil:
		return counted{}, err
	case len(v.Data) == 0:
		return counted{version: v.Stat.Version}, nil
	}
	n, err := strconv.ParseInt(string(v.Data), 10, 64)
	if err != nil {
		return counted{}, fmt.Errorf("%w: %.32q", ErrNotCounter, v.Data)
	}
	return counted{n: n, version: v.Stat.Version}, nil
}

// fresh reads the value as it is at some time during the call.
func (c *Counter) fresh(ctx context.Context, z *client.Session) (counted, error) {
	if _, err := c.r.Client.QuorumSync(ctx, z, c.r.Path); err != nil {
		return counted{}, err
	}
	return c.read(ctx, z)
}

// replace makes the value n, if it still is what was read.
func (c *Counter) replace(ctx context.Context, z *client.Session, was counted, n int64) (calls.Outcome, error) {
	if was.absent {
		if err := c.r.Client.EnsurePath(ctx, z, c.r.Path); err != nil {
			return calls.NotApplied, err
		}
		return calls.NotApplied, calls.ErrAgain
	}
	o, err := c.markers.Write(ctx, z, &zk.SetDataRequest{Path: c.r.Path, Data: strconv.AppendInt(nil, n, 10), Version: was.version})
	if o == calls.NotApplied && (errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNoNode)) {
		err = calls.ErrAgain // somebody else was quicker
	}
	return o, err
}

// Close ends the calls that wait, and waits until nothing of this value but the
// counter is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (c *Counter) Close(ctx context.Context) error {
	c.r.StopCalls()
	c.markers.Close()
	return c.r.Drain(ctx, "close counter")
}
