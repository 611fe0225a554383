// Package fenced is a resource that knows fencing tokens: it refuses whoever comes with a
// lower one than somebody before. It stands in for a database, a disk or a printer; there,
// too, it is the resource that has to refuse, since nobody else knows what it has seen.
package fenced

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"
)

// ErrStale says that somebody has written with a higher token.
var ErrStale = errors.New("refused: the token is stale")

// Store holds one text in a znode, with the token that it was written with. It is changed
// by a conditional write, as a database would by UPDATE … WHERE token <= $1.
type Store struct {
	Conn *zk.Conn
	Path string // its parent must exist
}

// Write writes text with a token, or fails with [ErrStale]. After any other error it may
// have been written.
func (s Store) Write(ctx context.Context, token int64, text string) error {
	data := fmt.Appendf(nil, "%d %s", token, text)
	for ctx.Err() == nil {
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
		if !errors.Is(err, zk.ErrNodeExists) && !errors.Is(err, zk.ErrBadVersion) {
			return err
		} // somebody was faster: look again
	}
	return context.Cause(ctx)
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
