// Package port imitates the client libraries of the programs in the catalogue, so that a recipe reads like its
// source: a handle that ends with its session, as Java's ZooKeeper object does ([Handle]); sessions that a recipe
// opens itself ([Own]); subscriptions and repetition without end, as in zkclient ([Hub]); a request repeated some
// times ([Again]); and a list that is kept up to date by a watch ([List]). Methods that take no context are
// called by subjects.Blocking. [Line] is what mends recipes whose contenders stand in a line.
//
// Some of this is wrong on purpose, because the libraries are: Again repeats a request that may have been carried out.
package port

import (
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// ACL lets every client do everything.
var ACL = zk.WorldACL(zk.PermAll)

// Kinds of znodes that most recipes create.
const (
	Eph    = zk.FlagEphemeral
	EphSeq = zk.FlagEphemeral | zk.FlagSequence
)

// Ensure creates a persistent znode. It also succeeds if the znode exists.
func Ensure(c *subjects.Client, path string) error {
	if _, err := c.Conn.Create(path, nil, 0, ACL); !errors.Is(err, zk.ErrNodeExists) {
		return err
	}
	return nil
}

// ConnectionLoss reports whether an error means that the client got no answer: the request may have been carried out.
func ConnectionLoss(err error) bool {
	var n net.Error
	return errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrClosing) ||
		errors.Is(err, io.EOF) || errors.As(err, &n)
}

// Base returns the last part of a path.
func Base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Seq returns the number after the last hyphen or underscore of a name, or -1 if there is none.
func Seq(name string) int {
	n, err := strconv.Atoi(name[strings.LastIndexAny(name, "-_")+1:])
	if err != nil {
		return -1
	}
	return n
}

// WithPrefix returns the names that begin with one of the prefixes.
func WithPrefix(names []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
}
