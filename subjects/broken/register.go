package broken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
)

// casWithoutVersion compares and sets in two steps: whoever writes in between is
// overwritten (lost update).
type casWithoutVersion struct{ subjects.Register }

// CASWithoutVersion is a register whose compare-and-set compares, and then sets
// whatever is there by then, without the znode's version: two of them win from one
// value. Property "linearizable" finds it, wherever clients compete.
func CASWithoutVersion(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return casWithoutVersion{right} })
}

func (r casWithoutVersion) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	found, _, err := r.Read(ctx, history.ReadPlain)
	switch {
	case err != nil:
		return subjects.Mark{}, err
	case found != from:
		return subjects.Mark{}, subjects.WithoutEffect(fmt.Errorf("%w: %q", subjects.ErrMismatch, found))
	}
	return r.Write(ctx, to)
}

// spoilt is a register as it should be used, with something wrong around it.
func spoilt(c *subjects.Client, path string, wrong func(right subjects.Register) subjects.Register) (subjects.Register, error) {
	right, err := subjects.NewRegister(c, path)
	if err != nil {
		return nil, err
	}
	return wrong(right), nil
}

// plainAsFenced takes every read for as good as any.
type plainAsFenced struct{ subjects.Register }

// PlainAsFenced is a register that reads plainly, whatever is asked for: a server
// that is cut off from its leader and does not know it yet shows old values.
// Property "linearizable" finds it where servers are cut off.
func PlainAsFenced(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return plainAsFenced{right} })
}

func (r plainAsFenced) Read(ctx context.Context, _ string) (string, subjects.Mark, error) {
	return r.Register.Read(ctx, history.ReadPlain)
}

// again calls f until its reply is not lost.
func again(ctx context.Context, f func() (subjects.Mark, error)) (subjects.Mark, error) {
	for {
		m, err := f()
		if !errors.Is(err, zk.ErrConnectionClosed) {
			return m, err
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return m, err
		}
	}
}

// retriesCAS compares again after it has perhaps set, and takes what it finds then
// for the truth about the first time.
type retriesCAS struct{ subjects.Register }

// RetryCASBlind is a register whose compare-and-set is tried again when its reply
// was lost: it finds its own value, and says that another one was there and nothing
// was changed. Property "zxid-order" finds it where replies are lost.
func RetryCASBlind(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return retriesCAS{right} })
}

func (r retriesCAS) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.CAS(ctx, from, to) })
}

// retriesWrite writes again what it has perhaps written.
type retriesWrite struct{ subjects.Register }

// RetryWriteBlind is a register whose write is made again when its reply was lost:
// a value is written twice, and what others wrote in between is overwritten.
// Property "zxid-order" finds it where replies are lost.
func RetryWriteBlind(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return retriesWrite{right} })
}

func (r retriesWrite) Write(ctx context.Context, value string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.Write(ctx, value) })
}

// swallowsErrors takes a write for done when it was sent.
type swallowsErrors struct{ subjects.Register }

// SwallowsErrors is a register that says that a write was done although nobody
// answered it. Property "durable" finds it where requests are lost.
func SwallowsErrors(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return swallowsErrors{right} })
}

func (r swallowsErrors) Write(ctx context.Context, value string) (subjects.Mark, error) {
	m, err := r.Register.Write(ctx, value)
	if errors.Is(err, zk.ErrConnectionClosed) {
		err = nil
	}
	return m, err
}

// cacheTime is for how long a cached value is given without another look.
const cacheTime = 2 * time.Second

// caches answers reads of one kind from what it read so the last time, and forgets
// it only when it writes itself.
type caches struct {
	subjects.Register
	kind  string
	until time.Time
	value string
	mark  subjects.Mark
}

// CacheGoesBack is a register that caches what it read plainly, but not what it read
// otherwise: values go back. Property "plain-reads" finds it, wherever others write.
func CacheGoesBack(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register {
		return &caches{Register: right, kind: history.ReadPlain}
	})
}

// CacheBehindSync is a register that answers a read behind a sync from its cache.
// Property "sync-reads" finds it, wherever others write.
func CacheBehindSync(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register {
		return &caches{Register: right, kind: history.ReadSync}
	})
}

func (r *caches) Read(ctx context.Context, kind string) (value string, m subjects.Mark, err error) {
	if kind == r.kind && time.Now().Before(r.until) {
		return r.value, r.mark, nil
	}
	value, m, err = r.Register.Read(ctx, kind)
	if err == nil && kind == r.kind {
		r.value, r.mark, r.until = value, m, time.Now().Add(cacheTime)
	}
	return value, m, err
}

func (r *caches) Write(ctx context.Context, value string) (subjects.Mark, error) {
	r.until = time.Time{}
	return r.Register.Write(ctx, value)
}

func (r *caches) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	r.until = time.Time{}
	return r.Register.CAS(ctx, from, to)
}
