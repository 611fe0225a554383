package recipes

import (
	"log/slog"
	"slices"

	"github.com/go-zookeeper/zk"
)

// Option is an option of [NewClient].
type Option func(*Client)

// WithACL sets the ACL of every znode that the recipes of a client create: missing parents of their
// paths, folders, contenders, items and markers. Znodes that exist already keep their ACLs.
//
// Without it, every client may do everything with the znodes (zk.WorldACL(zk.PermAll)). That is the
// only ACL that servers accept from a client without credentials and that does not shut out other
// clients of the same lock. Where others can reach the ensemble, set an ACL. All clients that share
// a path need all permissions: use zk.DigestACL(zk.PermAll, user, password) of one user, entries
// for several users, or zk.AuthACL(zk.PermAll), which stands for the creator. ZooKeeper checks
// permissions to create and delete at the parent, and children do not inherit ACLs: an ACL on the
// path alone protects nothing below it.
//
// Authenticate the connection with AddAuth of zk.Conn, before the recipes do anything, and check
// its error. go-zookeeper repeats an AddAuth that succeeded on each new connection, before other
// requests, and in later sessions, too. Servers refuse an ACL that is empty or that names no
// identity they know ([zk.ErrInvalidACL]); see [Refusal].
func WithACL(acl ...zk.ACL) Option {
	acl = slices.Clone(acl)
	return func(c *Client) { c.options.ACL = acl }
}

// WithLogger makes a client log unusual events. Without it, the client logs nothing.
//
// Warnings are events that programs also learn from errors and channels: lost holds and sessions,
// calls with unknown outcomes, and refused requests in the background. At level info, the client
// logs each new session; at level debug, each request that it tries again. It logs no data and no
// credentials, except as part of the text of an error. The logger must be safe for concurrent use,
// as the loggers of package slog are.
func WithLogger(l *slog.Logger) Option {
	return func(c *Client) { c.options.Log = l }
}
