// Package fenced is a resource that checks fencing tokens: it refuses a client whose token is lower
// than an earlier client's. It stands in for a database, a disk or a printer: these, too, have to
// refuse stale tokens themselves, since only they know which tokens they have seen.
package fenced

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/examples/internal/program"
)

// ErrStale means that another client has written with a higher token.
var ErrStale = errors.New("refused: the token is stale")

// Store holds one text in a znode, with the token of the write. It is changed by a conditional write,
// as in a database by UPDATE … WHERE token <= $1.
type Store struct {
	Conn *zk.Conn
	Path string // its parent must exist
}

// Write writes text with a token. It tries again until the text is written, ctx ends, or it fails with
// [ErrStale]. After any other error, the text may have been written, or may still be written.
func (s Store) Write(ctx context.Context, token int64, text string) error {
	data := fmt.Appendf(nil, "%d %s", token, text)
	for {
		err := program.Await(ctx, func() error { return s.write(token, data) })
		if !tryAgain(err) {
			return err
		}
		if err := program.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s Store) write(token int64, data []byte) error {
	last, version, err := s.read()
	switch {
	case errors.Is(err, zk.ErrNoNode):
		_, err = s.Conn.Create(s.Path, data, 0, zk.WorldACL(zk.PermAll))
	case err != nil:
	case token < last:
		return fmt.Errorf("%w: %d, and somebody has written with %d", ErrStale, token, last)
	default:
		_, err = s.Conn.Set(s.Path, data, version)
	}
	return err
}

// tryAgain reports whether another client was faster, or no server has answered. In the second case the
// text may have been written, but writing it again changes nothing. If a connection breaks during a
// call, go-zookeeper may return the network's own error.
func tryAgain(err error) bool {
	var broken net.Error
	return errors.As(err, &broken) || slices.ContainsFunc([]error{
		zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrSessionExpired,
	}, func(e error) bool { return errors.Is(err, e) })
}

// read returns the highest token so far.
func (s Store) read() (token int64, version int32, err error) {
	data, stat, err := s.Conn.Get(s.Path)
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(string(data), &token); err != nil {
		return 0, 0, fmt.Errorf("%s holds %.40q, which begins with no token", s.Path, data)
	}
	return token, stat.Version, nil
}
