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
	// ErrNotCounter: the znode does not hold a decimal number.
	ErrNotCounter error = failures.Conclusion("znode holds no number")
)

// Counter is an integer to which any number of clients add. It begins with 0.
//
// Its path is a persistent znode that holds the value as a decimal number; an empty znode is 0. The
// recipe creates it if it is missing. The child "marks" has an ephemeral znode for each client that
// is changing the counter. With it a client finds out whether a write whose reply was lost was
// applied. So a lost connection alone never makes an addition count twice.
//
// Limits: the outcome of a write is unknown if the session ended while the write was under way, or
// if the caller gave up and no answer came within a tenth of the timeout (at most 200 ms). Then the
// call fails with [ErrUnknown].
//
// Cost: Add makes a read and a write, and repeats both each time that another client was faster.
// Value makes a write and a read, Cached a read. The first change in a session also makes a write
// and a read for the mark. There are no watches.
//
// Changes compare the version of the znode, so a counter is good for some hundred changes a second
// by all clients together. A Counter is safe for concurrent use.
type Counter struct {
	r       *calls.Recipe
	markers *calls.Markers
}

// NewCounter returns the counter at path.
func NewCounter(c *Client, path string) *Counter {
	r := calls.New(c.client, path)
	return &Counter{r: r, markers: calls.NewMarkers(r)}
}

// Add adds delta, which may be negative, and returns the sum. An error with NoEffect means that
// nothing was added and never will be: [ErrOverflow], [ErrNotCounter], [ErrClosed], the error of
// ctx, or what a server refused. [ErrUnknown], with the reason, means that delta may have been
// added.
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

// CompareAndSet sets the value to to if it is from, and returns whether it was. If not, there was a
// moment during the call at which the value was different. An error with NoEffect means that the
// value was not set and never will be: [ErrNotCounter], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, means that the value may have been set.
func (c *Counter) CompareAndSet(ctx context.Context, from, to int64) (swapped bool, err error) {
	err = c.r.Attempts(ctx, "compare and set", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := c.read(ctx, z)
		if err == nil && v.n != from { // in a view that may be old
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

// Value returns the value as it was at some time during the call. NoEffect is true for its errors:
// [ErrNotCounter], [ErrClosed], the error of ctx, or what a server refused.
func (c *Counter) Value(ctx context.Context) (int64, error) { return c.value(ctx, "value", c.fresh) }

// Cached returns the value from the client's server, without asking a quorum. The value may be old,
// but it is never older than a value that this session has seen. It returns the same errors as
// Value.
func (c *Counter) Cached(ctx context.Context) (int64, error) {
	return c.value(ctx, "cached value", c.read)
}

// value calls read until a server answers.
func (c *Counter) value(ctx context.Context, op string, read func(context.Context, *client.Session) (counted, error)) (n int64, err error) {
	err = c.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		v, err := read(ctx, z)
		n = v.n
		return calls.AppliedUnless(err)
	})
	return n, err
}

// counted is the content of a counter's znode.
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

// replace sets the value to n, if it has not changed since it was read.
func (c *Counter) replace(ctx context.Context, z *client.Session, was counted, n int64) (calls.Outcome, error) {
	if was.absent {
		if err := c.r.Client.EnsurePath(ctx, z, c.r.Path); err != nil {
			return calls.NotApplied, err
		}
		return calls.NotApplied, calls.ErrAgain
	}
	o, err := c.markers.Write(ctx, z, &zk.SetDataRequest{Path: c.r.Path, Data: strconv.AppendInt(nil, n, 10), Version: was.version})
	if o == calls.NotApplied && (errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNoNode)) {
		err = calls.ErrAgain // another client was faster
	}
	return o, err
}

// Close ends calls that wait. It then waits until the tree has no znodes of this value but the
// counter. If ctx ends first, Close returns its error, and the clean-up goes on. If you call Close
// again, it waits again.
func (c *Counter) Close(ctx context.Context) error {
	c.r.StopCalls()
	c.markers.Close()
	return c.r.Drain(ctx, "close counter")
}
