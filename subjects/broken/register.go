package broken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// casWithoutVersion compares and sets in two steps: a write in between is overwritten (lost
// update).
type casWithoutVersion struct{ subjects.Register }

// CASWithoutVersion returns a register whose compare-and-set compares, and then sets the znode
// whatever its version: so two of them can succeed from one value. Property "linearizable" finds it
// whenever clients compete.
func CASWithoutVersion(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return casWithoutVersion{right} })
}

func (r casWithoutVersion) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	found, _, err := r.Read(ctx, models.ReadPlain)
	switch {
	case err != nil:
		return subjects.Mark{}, err
	case found != from:
		return subjects.Mark{}, subjects.WithoutEffect(fmt.Errorf("%w: %q", subjects.ErrMismatch, found))
	}
	return r.Write(ctx, to)
}

// spoilt returns a correct register that is wrapped with a defect.
func spoilt(c *subjects.Client, path string, wrong func(right subjects.Register) subjects.Register) (subjects.Register, error) {
	right, err := subjects.NewRegister(c, path)
	return wrong(right), err
}

// plainAsFenced makes every read a plain one.
type plainAsFenced struct{ subjects.Register }

// PlainAsFenced returns a register that always reads plainly: a server that is cut off from its
// leader and does not know it yet returns old values. Property "linearizable" finds it when servers
// are cut off.
func PlainAsFenced(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return plainAsFenced{right} })
}

func (r plainAsFenced) Read(ctx context.Context, _ string) (string, subjects.Mark, error) {
	return r.Register.Read(ctx, models.ReadPlain)
}

// again calls f until its reply is not lost, or ctx ends.
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

// retriesCAS compares again after it has perhaps set, and takes the second result for that
// of the first.
type retriesCAS struct{ subjects.Register }

// RetryCASBlind returns a register whose compare-and-set is retried when its reply was lost: it
// finds its own value, and reports that another value was there and nothing was changed. Property
// "zxid-order" finds it when replies are lost.
func RetryCASBlind(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return retriesCAS{right} })
}

func (r retriesCAS) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.CAS(ctx, from, to) })
}

// retriesWrite repeats a write that may have succeeded.
type retriesWrite struct{ subjects.Register }

// RetryWriteBlind returns a register whose write is repeated when its reply was lost: a value is
// written twice, and writes of others in between are overwritten. Property "zxid-order" finds it
// when replies are lost.
func RetryWriteBlind(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register { return retriesWrite{right} })
}

func (r retriesWrite) Write(ctx context.Context, value string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.Write(ctx, value) })
}

// swallowsErrors treats a write as done once it was sent.
type swallowsErrors struct{ subjects.Register }

// SwallowsErrors returns a register that reports a write as done although no server answered it.
// Property "durable" finds it when requests are lost.
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

// cacheTime is how long a cached value is returned without another read.
const cacheTime = 2 * time.Second

// caches answers reads of one kind with the last value that it read that way, and drops it
// only when it writes itself.
type caches struct {
	subjects.Register
	kind  string
	until time.Time
	value string
	mark  subjects.Mark
}

// CacheGoesBack returns a register that caches plain reads but no others, so that values go back.
// Property "plain-reads" finds it whenever others write.
func CacheGoesBack(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register {
		return &caches{Register: right, kind: models.ReadPlain}
	})
}

// CacheBehindSync returns a register that answers a read after a sync from its cache. Property
// "sync-reads" finds it whenever others write.
func CacheBehindSync(c *subjects.Client, path string) (subjects.Register, error) {
	return spoilt(c, path, func(right subjects.Register) subjects.Register {
		return &caches{Register: right, kind: models.ReadSync}
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
