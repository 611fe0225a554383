package wrong

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// race returns a hold of the client that created the znode "holder". release differs between recipes.
func race(b *base, release func(path string) error) *hold {
	path := b.in("holder")
	return &hold{b, func() bool {
		return b.create(path, b.host(), zk.FlagEphemeral) == nil || b.mine(path)
	}, func() error { return release(path) }}
}

// lookThenDelete deletes the znode if a look has shown that it is its own, again after an error. By
// then another client may have created it.
func lookThenDelete(b *base) *hold {
	return race(b, func(path string) error {
		return b.insist(func() error {
			ok, st, err := b.Conn.Exists(path)
			if err == nil && ok && st.EphemeralOwner == b.Conn.SessionID() {
				err = b.Conn.Delete(path, st.Version) // every new znode has this one
			}
			return err
		})
	})
}

// byPath deletes the znode that it held, even if another client has created it again.
func byPath(b *base) *hold {
	held := false
	h := race(b, func(path string) error {
		if !held && !b.mine(path) {
			return nil
		}
		held = false
		return b.remove(path)
	})
	get := h.get
	h.get = func() bool {
		held = get()
		return held
	}
	return h
}

// byOwnName deletes the znode after it has read its own name there. When the request arrives, the znode
// may be another client's.
func byOwnName(b *base, name string) *hold {
	path := b.in("leader")
	return &hold{b, func() bool {
		return b.create(path, name, zk.FlagEphemeral) == nil || b.mine(path)
	}, func() error {
		return b.insist(func() error {
			data, _, err := b.Conn.Get(path)
			if err != nil || string(data) != name {
				return err
			}
			return b.Conn.Delete(path, -1)
		})
	}}
}

// renews deletes a znode with its own name that belongs to another session, and creates it again. The
// version in the request protects nothing: every new znode has version 0.
func renews(b *base) *hold {
	path := b.in("holder")
	return &hold{b, func() bool {
		if b.create(path, b.host(), zk.FlagEphemeral) == nil {
			return true
		}
		data, st, err := b.Conn.Get(path)
		if err != nil || string(data) != b.host() {
			return false
		}
		if st.EphemeralOwner == b.Conn.SessionID() {
			return true
		}
		_ = b.Conn.Delete(path, st.Version)
		return b.create(path, b.host(), zk.FlagEphemeral) == nil
	}, func() error {
		return b.insist(func() error {
			if !b.mine(path) {
				return nil
			}
			return b.Conn.Delete(path, -1)
		})
	}}
}

// slotByPath returns a semaphore of n znodes. A client remembers the path of its slot, and deletes it
// at the end, even if its session has ended and another client has the slot.
func slotByPath(b *base, n int) *hold {
	var has *claim
	slot, mark := "", ""
	return &hold{b, func() bool {
		for i := range n {
			path := b.in(fmt.Sprint("slot-", i))
			var err error
			if has, err = b.claim(b.host(), path); err == nil {
				slot, mark = path, has.mark
				return true
			}
		}
		return false
	}, func() error {
		if b.right {
			if has == nil {
				return nil
			}
			return b.unclaim(has)
		}
		path := slot
		slot = ""
		if path == "" {
			return nil
		}
		return errors.Join(b.remove(path), b.remove(mark))
	}}
}

// allByPath locks all keys, and deletes them one after the other, even if other clients have them by
// then.
func allByPath(b *base, keys []string) *hold {
	var has *claim
	var paths []string
	for _, key := range keys {
		paths = append(paths, b.in("key-"+key))
	}
	return &hold{b, func() (ok bool) {
		var err error
		has, err = b.claim(b.host(), paths...)
		return err == nil
	}, func() (err error) {
		if has == nil {
			return nil
		}
		if b.right {
			return b.unclaim(has)
		}
		for _, path := range append(has.paths, has.mark) {
			err = errors.Join(err, b.remove(path))
		}
		return err
	}}
}

// lease is a lock that lasts for a time: a persistent znode with a name and a deadline. Its holder
// renews it without looking whose it is.
type lease struct {
	*base
	stop context.CancelFunc
	held chan struct{} // closed when nothing renews it
}

const lasts = 300 * time.Millisecond

func newLease(c *subjects.Client, path string) (subjects.Lock, error) {
	return &lease{base: at(c, path, false), stop: func() {}}, nil
}

func (l *lease) now() string {
	return fmt.Sprintf("%s %d", l.host(), time.Now().Add(lasts).UnixMilli())
}

func (l *lease) Lock(ctx context.Context) error {
	return l.calls.Do(ctx, func() error { return l.poll(ctx, l.take) }, l.release)
}

func (l *lease) take() bool {
	path := l.in("lease")
	if l.make() != nil {
		return false
	}
	_ = l.create(path, " 0", 0)
	data, st, err := l.Conn.Get(path)
	if err != nil {
		return false
	}
	var until int64
	_, rest, _ := strings.Cut(string(data), " ")
	if _, err := fmt.Sscan(rest, &until); err != nil || time.Now().UnixMilli() <= until {
		return false
	}
	if _, err := l.Conn.Set(path, []byte(l.now()), st.Version); err != nil {
		return false
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.held = make(chan struct{})
	go l.renew(ctx, l.held)
	return true
}

func (l *lease) renew(ctx context.Context, done chan struct{}) {
	defer close(done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.over:
			return
		case <-time.After(lasts / 4):
			_, _ = l.Conn.Set(l.in("lease"), []byte(l.now()), -1)
		}
	}
}

func (l *lease) release() error {
	l.stop()
	if l.held != nil {
		<-l.held
	}
	return l.insist(func() error { _, err := l.Conn.Set(l.in("lease"), []byte(" 0"), -1); return err })
}

func (l *lease) Unlock(ctx context.Context) error { return l.calls.Do(ctx, l.release, nil) }
