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
// pool, claims are persistent: if a client does not learn of its claim, or its session ends, the item stays for ever.
type pool struct {
	*basket
	claims int32 // the flags of claims
	// mail makes it a room with letters: a take does not wait, and no error after its claim tells that it had no effect.
	mail bool
}

// failed returns the error of a take that claimed an item, or tried to, and took nothing.
func (p *pool) failed(err error) error {
	if p.mail {
		return err
	}
	return subjects.WithoutEffect(err)
}

// Take waits for a while, unless it is a room with letters, and returns nil if it got no item.
func (p *pool) Take(ctx context.Context) (*int64, error) {
	now, done, err := p.session()
	if err != nil {
		return nil, err
	}
	defer done()
	for until := time.Now().Add(patience); ctx.Err() == nil; {
		item, err := p.takeOf(now.Conn)
		if item != nil || err != nil || p.mail || time.Now().After(until) {
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
			return nil, p.failed(err)
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
	_, err := conn.Create(path, nil, p.claims, everyone)
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
	if !p.mail {
		time.Sleep(looks)
	}
	data, _, err := conn.Get(p.path + "/" + name)
	if errors.Is(err, zk.ErrNoNode) {
		if err = conn.Delete(p.path+"/"+claimed+name, -1); err == nil || errors.Is(err, zk.ErrNoNode) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, p.failed(err)
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
func pools(life Life, wrong bool) Declared { return claimedItems("own-pool", life, false, wrong) }

// mails declares rooms with letters.
func mails(life Life, wrong bool) Declared { return claimedItems("own-mail", life, true, wrong) }

func claimedItems(name string, life Life, mail, wrong bool) Declared {
	put, take := object.Give("put", (*pool).Put, object.Unique), object.Ask("take", (*pool).Take).Waits()
	claims := int32(zk.FlagEphemeral)
	if wrong {
		claims = 0
	}
	return object.Object[*pool]{
		Name: name, Operations: []object.Operation[*pool]{put, take}, Rules: []object.Rule{object.Queue(put, take).Unordered()},
		New: seated(life, "", func(s *seat) *pool { return &pool{&basket{seat: s}, claims, mail} }),
	}
}
