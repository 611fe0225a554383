package ownobjects

import (
	"context"
	"errors"
	"path"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// badge is a number that a client has while its session lives: an ephemeral znode. A wrong badge derives it
// from the number of a sequential znode, although there are more such numbers than badges.
type badge struct {
	*seat
	wrong bool
	mine  string // the znode of the number that the client has; "" if it has none
	mark  string // a znode of the same session
	done  func() // ends the session of that znode
	of    *subjects.Client
}

// badges is how many numbers there are.
const badges = 4

var errNoBadge = errors.New("all numbers are taken")

func (b *badge) Claim(ctx context.Context) (int64, error) {
	if b.done != nil { // the session has ended, and the client asks for another number
		b.forget()
	}
	now, done, err := b.session()
	if err != nil {
		return 0, err
	}
	mark := b.path + "/session-" + strconv.FormatInt(now.Conn.SessionID(), 16)
	if _, err = now.Conn.Create(mark, nil, zk.FlagEphemeral, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		done()
		return 0, subjects.WithoutEffect(err)
	}
	n, made, err := b.make(ctx, now.Conn)
	if err != nil {
		done()
		return 0, err
	}
	b.mine, b.mark, b.of, b.done = made, mark, now, done
	return n, nil
}

func (b *badge) forget() {
	b.done()
	b.mine, b.of, b.done = "", nil, nil
}

// make makes the znode of a number.
func (b *badge) make(_ context.Context, conn *zk.Conn) (n int64, made string, err error) {
	if b.wrong {
		made, err := conn.Create(b.path+"/n-", nil, zk.FlagEphemeral|zk.FlagSequence, everyone)
		if err != nil {
			return 0, "", err
		}
		n, err := strconv.ParseInt(path.Base(made)[len("n-"):], 10, 64)
		return n % badges, made, err
	}
	for n := range int64(badges) {
		made, err := conn.Create(b.path+"/"+strconv.FormatInt(n, 10), nil, zk.FlagEphemeral, everyone)
		if !errors.Is(err, zk.ErrNodeExists) {
			return n, made, err
		}
	}
	return 0, "", errNoBadge
}

func (b *badge) Release(context.Context) error {
	if b.mine == "" {
		return subjects.WithoutEffect(errNoBadge)
	}
	// A request that waits for a connection may be sent in the next session, when the number is another client's.
	_, err := b.of.Conn.Multi(&zk.CheckVersionRequest{Path: b.mark, Version: -1}, &zk.DeleteRequest{Path: b.mine, Version: -1})
	if b.forget(); errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return err
}

// workers declares badges: each worker owns a number.
func workers(life Life, wrong bool) Declared {
	claim, release := object.Ask("claim", (*badge).Claim).Refuses(errNoBadge), object.Do("release", (*badge).Release)
	return object.Object[*badge]{
		Name: "own-worker", Operations: []object.Operation[*badge]{claim, release}, Rules: []object.Rule{object.Owned(claim).Until(release)},
		New: seated(life, "", func(s *seat) *badge { return &badge{seat: s, wrong: wrong} }),
	}
}
