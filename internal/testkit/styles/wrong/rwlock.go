package wrong

import (
	"context"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"
)

// rwLine is a read-write lock on a line, in which a contender recognizes its znode by its name.
type rwLine struct {
	*base
	place string
}

func (l *rwLine) Lock(ctx context.Context) error  { return l.acquire(ctx, "write") }
func (l *rwLine) RLock(ctx context.Context) error { return l.acquire(ctx, "read") }

func (l *rwLine) acquire(ctx context.Context, mode string) error {
	return l.calls.Do(ctx, func() error {
		err := l.poll(ctx, func() bool { return l.make() == nil && l.try(mode) })
		if err != nil {
			_ = l.leave()
		}
		return err
	}, l.leave)
}

func (l *rwLine) try(mode string) bool {
	line, err := l.line("rw-")
	if err != nil {
		return false
	}
	prefix := "rw-" + l.host() + "-" + mode + "-"
	if !slices.Contains(line, l.place) {
		l.place = ""
	}
	for _, child := range line {
		if l.place == "" && strings.HasPrefix(child, prefix) && (!l.right || l.mine(l.in(child))) {
			l.place = child
		}
	}
	if l.place == "" {
		if path, err := l.Conn.Create(l.in(prefix), nil, zk.FlagEphemeralSequential, everyone); err == nil {
			l.place = path[len(l.path)+1:]
		}
		return false
	}
	before := line[:slices.Index(line, l.place)]
	blocked := slices.ContainsFunc(before, func(child string) bool {
		return mode == "write" || strings.Contains(child, "-write-")
	})
	return !blocked && (!l.right || l.mine(l.in(l.place)))
}

func (l *rwLine) leave() error {
	l.place = ""
	return l.leaveLine("rw-" + l.host() + "-")
}

func (l *rwLine) Unlock(ctx context.Context) error { return l.calls.Do(ctx, l.leave, nil) }

// rwLook is a read-write lock whose readers look for a writer before they create their znodes, and not
// afterwards.
type rwLook struct {
	*base
	has *claim
}

func (l *rwLook) Lock(ctx context.Context) error {
	return l.acquire(ctx, func() bool {
		if !l.mark("writer") {
			return false
		}
		if l.readers() {
			_ = l.unclaim(l.has)
			return false
		}
		return true
	})
}

func (l *rwLook) RLock(ctx context.Context) error {
	return l.acquire(ctx, func() bool {
		if ok, _, err := l.Conn.Exists(l.in("writer")); err != nil || ok {
			return false
		}
		if !l.mark("reader-" + l.host()) {
			return false
		}
		if ok, _, err := l.Conn.Exists(l.in("writer")); l.right && (err != nil || ok) {
			_ = l.unclaim(l.has)
			return false
		}
		return true
	})
}

func (l *rwLook) mark(name string) bool {
	has, err := l.base.claim("", l.in(name))
	if err != nil {
		return false
	}
	l.has = has
	return true
}

func (l *rwLook) readers() bool {
	children, _, err := l.Conn.Children(l.path)
	return err != nil || slices.ContainsFunc(children, func(c string) bool { return strings.HasPrefix(c, "reader-") })
}

func (l *rwLook) acquire(ctx context.Context, try func() bool) error {
	return l.calls.Do(ctx, func() error { return l.poll(ctx, func() bool { return l.make() == nil && try() }) }, l.end)
}

func (l *rwLook) end() error {
	if l.has == nil {
		return nil
	}
	has := l.has
	l.has = nil
	return l.unclaim(has)
}

func (l *rwLook) Unlock(ctx context.Context) error { return l.calls.Do(ctx, l.end, nil) }
