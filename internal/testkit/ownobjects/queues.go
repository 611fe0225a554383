package ownobjects

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// basket has an item in each sequential znode. A wrong line takes the newest item, and a wrong heap an item
// that another client has just taken.
type basket struct {
	*seat
	heap, wrong bool
}

func (b *basket) Put(_ context.Context, item int64) error {
	now, done, err := b.session()
	if err != nil {
		return err
	}
	defer done()
	_, err = now.Conn.Create(b.path+"/item-", strconv.AppendInt(nil, item, 10), zk.FlagSequence, everyone)
	return err
}

func (b *basket) Take(ctx context.Context) (*int64, error) {
	now, done, err := b.session()
	if err != nil {
		return nil, err
	}
	defer done()
	for ctx.Err() == nil {
		item, there, err := b.takeOf(now.Conn)
		if err != nil || item != nil || !there {
			return item, err
		}
	}
	return nil, subjects.WithoutEffect(context.Cause(ctx))
}

// takeOf takes one of the present items.
func (b *basket) takeOf(conn *zk.Conn) (item *int64, there bool, err error) {
	if _, err := conn.Multi(&zk.CheckVersionRequest{Path: b.path, Version: -1}); err != nil { // so that no read is old
		return nil, false, subjects.WithoutEffect(err)
	}
	names, _, err := conn.Children(b.path)
	if err != nil {
		return nil, false, subjects.WithoutEffect(err)
	}
	if slices.Sort(names); b.wrong && !b.heap {
		slices.Reverse(names)
	}
	for _, name := range names {
		data, _, err := conn.Get(b.path + "/" + name)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, true, subjects.WithoutEffect(err)
		}
		if err = conn.Delete(b.path+"/"+name, -1); errors.Is(err, zk.ErrNoNode) && !(b.wrong && b.heap) {
			continue
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, true, err
		}
		n, err := strconv.ParseInt(string(data), 10, 64)
		return &n, true, err
	}
	return nil, len(names) > 0, nil
}

// lines declares queues that give items out in order.
func lines(life Life, wrong bool) Declared { return queues("own-line", life, false, wrong) }

// heaps declares queues that give items out in any order.
func heaps(life Life, wrong bool) Declared { return queues("own-heap", life, true, wrong) }

func queues(name string, life Life, heap, wrong bool) Declared {
	put, take := object.Give("put", (*basket).Put, object.Unique), object.Ask("take", (*basket).Take)
	rule := object.Queue(put, take)
	if heap {
		rule.Unordered()
	}
	return object.Object[*basket]{
		Name: name, Operations: []object.Operation[*basket]{put, take}, Rules: []object.Rule{rule},
		New: func(c *subjects.Client, path string) (*basket, error) {
			s, err := life.at(c, path, "")
			return &basket{s, heap, wrong}, err
		},
	}
}

// mailroom has a letter in each sequential znode. A client claims a letter before it takes it out. A claim of a wrong one
// is not ephemeral: if its client does not learn of it, the letter stays for ever.
type mailroom struct {
	*basket
	claims int32 // the flags of claims
}

func (m *mailroom) Take(ctx context.Context) (*int64, error) {
	now, done, err := m.session()
	if err != nil {
		return nil, err
	}
	defer done()
	if _, err := now.Conn.Multi(&zk.CheckVersionRequest{Path: m.path, Version: -1}); err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	names, _, err := now.Conn.Children(m.path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if !strings.HasPrefix(name, "item-") {
			continue
		}
		has, err := m.claim(now.Conn, name)
		if err != nil {
			return nil, err
		}
		if !has {
			continue
		}
		if item, err := m.open(now.Conn, name); item != nil || err != nil {
			return item, err
		}
	}
	return nil, nil
}

// claim reports whether the client has the claim of a letter.
func (m *mailroom) claim(conn *zk.Conn, name string) (bool, error) {
	at := m.path + "/claim-" + name
	_, err := conn.Create(at, nil, m.claims, everyone)
	if !errors.Is(err, zk.ErrNodeExists) {
		return err == nil, err
	}
	there, stat, err := conn.Exists(at)
	return there && stat.EphemeralOwner == conn.SessionID(), err
}

// open takes a letter out; nil if it was taken before the claim.
func (m *mailroom) open(conn *zk.Conn, name string) (*int64, error) {
	letter, claim := m.path+"/"+name, m.path+"/claim-"+name
	data, _, err := conn.Get(letter)
	if errors.Is(err, zk.ErrNoNode) {
		if err := conn.Delete(claim, -1); !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := conn.Multi(&zk.DeleteRequest{Path: letter, Version: -1}, &zk.DeleteRequest{Path: claim, Version: -1}); err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	return &n, err
}

// mails declares mail rooms.
func mails(life Life, wrong bool) Declared {
	put, take := object.Give("put", (*mailroom).Put, object.Unique), object.Ask("take", (*mailroom).Take).Waits()
	return object.Object[*mailroom]{
		Name: "own-mail", Operations: []object.Operation[*mailroom]{put, take}, Rules: []object.Rule{object.Queue(put, take).Unordered()},
		New: func(c *subjects.Client, path string) (*mailroom, error) {
			s, err := life.at(c, path, "")
			m := &mailroom{&basket{seat: s}, zk.FlagEphemeral}
			if wrong {
				m.claims = 0
			}
			return m, err
		},
	}
}
