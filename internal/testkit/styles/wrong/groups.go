package wrong

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// members is a group whose members have a znode each. A goroutine creates it again in the next session.
// How a znode is created and deleted differs.
type members struct {
	*base
	lists   subjects.Blocking
	changes subjects.Blocking
	told    []string
	inside  chan struct{} // one at a time
	member  string        // "" if it is none
	ensure  func() error  // creates the znode unless it is there
	end     func() error  // deletes it
	stop    context.CancelFunc
}

// newMembers makes a group. If look is not 0, the goroutine also looks that often.
func newMembers(b *base, look time.Duration) *members {
	ctx, stop := context.WithCancel(context.Background())
	m := &members{base: b, inside: make(chan struct{}, 1), stop: stop}
	events := b.Subscribe(ctx)
	go func() {
		session := b.Conn.SessionID()
		for {
			var tick <-chan time.Time
			if look != 0 {
				tick = time.After(look)
			}
			select {
			case <-ctx.Done():
				return
			case <-b.over:
				return
			case <-tick:
			case e, open := <-events:
				if !open {
					return
				}
				if e.State != zk.StateHasSession || b.Conn.SessionID() == session {
					continue
				}
			}
			session = b.Conn.SessionID()
			m.inside <- struct{}{}
			if m.member != "" {
				_ = m.poll(ctx, func() bool { return m.ensure() == nil })
			}
			<-m.inside
		}
	}()
	return m
}

func (m *members) Close(context.Context) error {
	m.stop()
	return nil
}

func (m *members) Join(ctx context.Context, member string) error {
	leave := func() error {
		m.inside <- struct{}{}
		defer func() { <-m.inside }()
		m.member = ""
		return m.end()
	}
	return m.calls.Do(ctx, func() error {
		m.inside <- struct{}{}
		m.member = member
		err := m.poll(ctx, func() bool { return m.make() == nil && m.ensure() == nil })
		<-m.inside
		if err != nil {
			_ = leave()
		}
		return err
	}, leave)
}

func (m *members) Leave(ctx context.Context) error {
	return m.calls.Do(ctx, func() error {
		m.inside <- struct{}{}
		defer func() { <-m.inside }()
		if m.member == "" {
			return subjects.WithoutEffect(errors.New("no member"))
		}
		m.member = ""
		return m.end()
	}, nil)
}

// list reads the members as they are at one moment.
func (m *members) list() ([]string, error) {
	if _, err := m.Conn.Sync(m.path); err != nil {
		return nil, err
	}
	children, before, err := m.Conn.Children(m.path)
	if errors.Is(err, zk.ErrNoNode) {
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, child := range children {
		if !strings.HasPrefix(child, "member-") {
			continue
		}
		data, st, err := m.Conn.Get(m.in(child))
		if err != nil {
			return nil, err
		}
		if st.EphemeralOwner != 0 {
			names = append(names, string(data))
		}
	}
	if _, after, err := m.Conn.Children(m.path); err != nil || after.Cversion != before.Cversion {
		return nil, errors.Join(err, errors.New("the members have changed"))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (m *members) Members(ctx context.Context) (names []string, err error) {
	var got []string
	err = m.lists.Do(ctx, func() error {
		return m.poll(ctx, func() bool { got, err = m.list(); return err == nil })
	}, nil)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	return got, nil
}

func (m *members) Changed(ctx context.Context) ([]string, error) {
	var got []string
	err := m.changes.Do(ctx, func() error {
		return m.poll(ctx, func() (ok bool) {
			now, err := m.list()
			got = now
			return err == nil && !slices.Equal(now, m.told)
		})
	}, nil)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	m.told = got
	return got, nil
}

func (m *members) Register(ctx context.Context, instance string) error { return m.Join(ctx, instance) }
func (m *members) Unregister(ctx context.Context) error                { return m.Leave(ctx) }
func (m *members) Lookup(ctx context.Context) ([]string, error)        { return m.Members(ctx) }

func (m *members) Pick(ctx context.Context) (string, error) {
	names := m.told
	if len(names) == 0 {
		var err error
		if names, err = m.Members(ctx); err != nil || len(names) == 0 {
			return "", err
		}
	}
	return names[len(names)/2], nil
}

// ofHost returns a group whose znodes are named after the hosts and contain the members' names. A
// client whose znode exists writes its new name into it, even if the znode is left from its last life.
func ofHost(b *base, look time.Duration) *members {
	m := newMembers(b, look)
	path := b.in("member-" + b.host())
	m.ensure = func() error {
		err := b.create(path, m.member, zk.FlagEphemeral)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		if ok, st, err := b.Conn.Exists(path); b.right && (err != nil || !ok || st.EphemeralOwner != b.Conn.SessionID()) {
			if err == nil && ok {
				_ = b.Conn.Delete(path, -1)
			}
			return errors.Join(err, zk.ErrNodeExists)
		}
		_, err = b.Conn.Set(path, []byte(m.member), -1)
		return err
	}
	m.end = func() error { return b.remove(path) }
	return m
}

// ofName returns a group whose znodes are named after the members. A client that finds a znode with its
// member's name believes that it created the znode itself, by a request whose reply was lost. But the znode may
// be left over from the client's previous life, and disappear with the session of that life.
func ofName(b *base, look time.Duration) *members {
	m := newMembers(b, look)
	last := "" // the member that the client was
	m.ensure = func() error {
		path := b.in("member-" + m.member)
		last = m.member
		err := b.create(path, m.member, zk.FlagEphemeral)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		if !b.right {
			return nil
		}
		ok, st, failed := b.Conn.Exists(path)
		switch {
		case failed != nil: // it may be this session's, and must stay
			return failed
		case ok && st.EphemeralOwner == b.Conn.SessionID():
			return nil
		case ok:
			_ = b.Conn.Delete(path, -1)
		}
		return err
	}
	m.end = func() error { return b.remove(b.in("member-" + last)) }
	return m
}

// lookedOnce returns a group whose clients look for their znode before they delete it. If it is not
// there, they believe that there is nothing to do. But the request that creates it may arrive later.
func lookedOnce(b *base) *members {
	m := newMembers(b, 200*time.Millisecond)
	last := "" // the member that the client was
	m.ensure = func() error {
		path := b.in("member-" + m.member)
		last = m.member
		err := b.create(path, m.member, zk.FlagEphemeral)
		if errors.Is(err, zk.ErrNodeExists) && b.mine(path) {
			return nil
		}
		return err
	}
	m.end = func() error {
		path := b.in("member-" + last)
		if b.right {
			return b.remove(path)
		}
		return b.insist(func() error {
			ok, _, err := b.Conn.Exists(path)
			if err == nil && ok {
				err = b.Conn.Delete(path, -1)
			}
			return err
		})
	}
	return m
}
