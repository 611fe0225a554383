// Package fenced is a resource that knows fencing tokens: it refuses whoever comes with a
// lower one than somebody before. It stands in for a database, a disk or a printer; there,
// too, it is the resource that has to refuse, since nobody else knows what it has seen.
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

// ErrStale means that somebody has written with a higher token.
var ErrStale = errors.New("refused: the token is stale")

// Store holds one text in a znode, with the token that it was written with. It is changed
// by a conditional write, as a database would by UPDATE … WHERE token <= $1.
type Store struct {
	Conn *zk.Conn
	Path string // its parent must exist
}

// Write writes text with a token, and tries until it is written or ctx ends, or fails with
// [ErrStale]. After any other error it may have been written, or may yet be.
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

// tryAgain reports whether somebody was faster, or no server has answered: then it may have
// been written, but to write it again changes nothing. go-zookeeper gives an error of the
// network itself to whoever asks at the moment at which a connection breaks.
func tryAgain(err error) bool {
	var broken net.Error
	return errors.As(err, &broken) || slices.ContainsFunc([]error{
		zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrSessionExpired,
	}, func(e error) bool { return errors.Is(err, e) })
}

// read gives the highest token that there was.
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
