package styles

import (
	"context"
	"slices"

	"github.com/zklab/zklab/subjects"
)

// raceMultiLock is a lock on several keys for which contenders race: one multi creates the znode
// "holder" for each key, or none.
type raceMultiLock struct {
	base
	fenced
	folders []string
}

func newRaceMultiLock(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error) {
	l := &raceMultiLock{base: at(c, path, borrowed)}
	for _, key := range keys {
		l.folders = append(l.folders, path+"/"+key)
	}
	return l, nil
}

func (l *raceMultiLock) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) { return l.race(ctx, l.folders) })
}

func (l *raceMultiLock) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }

// lines is a lock on several keys with a line for each. One multi creates a contender in each line,
// so two clients stand in the same order in all lines that they share.
type lines struct {
	base
	fenced
	folders []string
}

func newLines(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error) {
	l := &lines{base: at(c, path, apart)}
	for _, key := range slices.Sorted(slices.Values(keys)) {
		l.folders = append(l.folders, path+"/"+key)
	}
	return l, nil
}

func (l *lines) Lock(ctx context.Context) error {
	return l.acquire(ctx, &l.base, func() (*grant, error) {
		for {
			c, err := l.join(ctx)
			if err != nil {
				return nil, err
			}
			if l.await(ctx, c) == nil {
				return &grant{s: c.s, token: c.czxid, undo: func() { l.life.unclaim(c) }}, nil
			}
			l.life.unclaim(c)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
	})
}

// join creates the contenders.
func (l *lines) join(ctx context.Context) (c *claim, err error) {
	err = l.until(ctx, again, func(s *session) (bool, error) {
		if err := l.folder(s, below(l.path, l.folders)...); err != nil {
			return false, err
		}
		name := contending + l.life.name(s)
		var rest []string
		for _, folder := range l.folders[1:] {
			rest = append(rest, folder+"/"+name)
		}
		c, err = l.life.claim(s, l.folders[0]+"/"+name, nil, nil, rest...)
		return err == nil, err
	})
	return c, err
}

// await waits until the contenders of a claim are first.
func (l *lines) await(ctx context.Context, c *claim) error {
	for _, folder := range l.folders {
		err := wait(ctx, c.s, folder, func(line []contender) bool { return len(ahead(line, c.czxid)) == 0 })
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) Unlock(ctx context.Context) error { return l.release(ctx, &l.base) }
