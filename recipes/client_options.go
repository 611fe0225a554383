package recipes

import (
	"log/slog"
	"slices"

	"github.com/go-zookeeper/zk"
)

// Option is an option of [NewClient].
type Option func(*Client)

// WithACL gives every znode that the recipes of a client make this ACL: what is missing
// above their paths, folders, contenders, items, markers, all of it. What is there already
// keeps the ACL that it has.
//
// Without it everybody may do everything with them (zk.WorldACL(zk.PermAll)): the one ACL
// that servers take from a client that has not said who it is, and that does not shut out
// another client of the same lock. Where others can reach the ensemble, set one. All clients
// that share a path need all rights by it: zk.DigestACL(zk.PermAll, user, password) of one
// user, entries for several, or zk.AuthACL(zk.PermAll), which means whoever the creator is.
// ZooKeeper asks the parent for the rights to create and to delete, and hands no ACL down
// to children: one on the path alone protects nothing below it.
//
// The connection says who it is by zk.Conn's AddAuth. Call it before the recipes do anything,
// and look at its error: go-zookeeper repeats what has succeeded on each new connection,
// before anything else, in the next sessions, too. Servers refuse an ACL that
// is empty or names nobody they know ([zk.ErrInvalidACL]); see [Refusal].
func WithACL(acl ...zk.ACL) Option {
	acl = slices.Clone(acl)
	return func(c *Client) { c.options.ACL = acl }
}

// WithLogger has a client tell a log what is out of the ordinary. Without it nothing is told.
// Warnings are what programs are told by errors and channels, too: holds and sessions that are
// lost, calls whose outcome is unknown, what is refused in the background. At the level
// of information there is each new session; of debugging, what has to be tried again. Errors,
// data and credentials are not told, but for the reasons of those. It is to be safe for
// concurrent use, as those of package slog are.
func WithLogger(l *slog.Logger) Option {
	return func(c *Client) { c.options.Log = l }
}
