package ownobjects

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// pool has an item in each sequential znode. Before a client takes an item, it claims the item with an ephemeral
// znode, so that other clients leave it alone. If the client's session then ends, others get the item. In a wrong
// pool, claims are persistent.
type pool struct {
	*seat
	wrong bool
}

func (p *pool) Put(_ context.Context, item int64) error {
	now, done, err := p.session()
	if err != nil {
		return err
	}
	defer done()
	_, err = now.Conn.Create(p.path+"/item-", strconv.AppendInt(nil, item, 10), zk.FlagSequence, everyone)
	return err
}

// Take waits for a while, and returns nil if it got no item.
func (p *pool) Take(ctx context.Context) (*int64, error) {
	now, done, err := p.session()
	if err != nil {
		return nil, err
	}
	defer done()
	for until := time.Now().Add(patience); ctx.Err() == nil; {
		item, err := p.takeOf(now.Conn)
		if item != nil || err != nil || time.Now().After(until) {
			return item, err
		}
		select {
		case <-time.After(patience / 3):
		case <-ctx.Done():
		}
	}
	return nil, subjects.WithoutEffect(context.Cause(ctx))
}

const claimed = "claim-"

// takeOf takes the first item that no other client has claimed.
func (p *pool) takeOf(conn *zk.Conn) (*int64, error) {
	if _, err := conn.Multi(&zk.CheckVersionRequest{Path: p.path, Version: -1}); err != nil { // so that no read is old
		return nil, subjects.WithoutEffect(err)
	}
	names, _, err := conn.Children(p.path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, claimed) {
			continue
		}
		mine, err := p.claim(conn, p.path+"/"+claimed+name)
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		if mine {
			if item, err := p.takeClaimed(conn, name); item != nil || err != nil {
				return item, err
			}
		}
	}
	return nil, nil
}

// claim reports whether the client has claimed an item, perhaps in an earlier call.
func (p *pool) claim(conn *zk.Conn, path string) (bool, error) {
	flags := int32(zk.FlagEphemeral)
	if p.wrong {
		flags = 0
	}
	_, err := conn.Create(path, nil, flags, everyone)
	if !errors.Is(err, zk.ErrNodeExists) {
		return err == nil, err
	}
	there, stat, err := conn.Exists(path)
	return there && stat.EphemeralOwner == conn.SessionID(), err
}

// looks is how long a client examines an item between claiming and taking it.
const looks = 10 * time.Millisecond

// takeClaimed takes an item that the client has claimed; nil if another client took it before.
func (p *pool) takeClaimed(conn *zk.Conn, name string) (*int64, error) {
	time.Sleep(looks)
	data, _, err := conn.Get(p.path + "/" + name)
	if errors.Is(err, zk.ErrNoNode) {
		if err = conn.Delete(p.path+"/"+claimed+name, -1); err == nil || errors.Is(err, zk.ErrNoNode) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	_, err = conn.Multi(&zk.DeleteRequest{Path: p.path + "/" + name, Version: -1}, &zk.DeleteRequest{Path: p.path + "/" + claimed + name, Version: -1})
	if errors.Is(err, zk.ErrNoNode) { // the claim has ended with its session
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	return &n, err
}

// pools declares pools, whose take waits.
func pools(life Life, wrong bool) Declared {
	put, take := object.Give("put", (*pool).Put, object.Unique), object.Ask("take", (*pool).Take).Waits()
	return object.Object[*pool]{
		Name: "own-pool", Operations: []object.Operation[*pool]{put, take},
		Rules: []object.Rule{object.Queue(put, take).Unordered()},
		New: func(c *subjects.Client, path string) (*pool, error) {
			s, err := life.at(c, path, "")
			return &pool{s, wrong}, err
		},
	}
}
