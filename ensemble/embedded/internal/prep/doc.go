// Package prep is the first stage of a leader: it makes a transaction of each request that changes
// something, before the one before has been agreed on. It may not change the tree: the transaction does
// that, once it is committed. So it judges a request by the tree and, on top of it, by what the
// transactions under way will change.
//
// # Zxids
//
// Every request that comes here gets a zxid, including refused ones, which become a [tree.Failure] that
// is proposed and applied like any other transaction. A multi gets one. Reads, pings and syncs never
// come here and get none. Requests of an unknown type, and a Check outside of a multi, get none either:
// servers answer Unimplemented and close the connection.
//
// # Which error comes first
//
// Clients can see the order of the checks. It is:
//
//	create      mode, TTL, session, a slash in the path and no NUL (BadArguments),
//	            permissions (InvalidACL), parent (NoNode), CREATE of the parent
//	            (NoAuth), path with its number (BadArguments), NodeExists,
//	            NoChildrenForEphemerals
//	delete      session, path (BadArguments), parent (NoNode), DELETE of the parent
//	            (NoAuth), NoNode, BadVersion, NotEmpty
//	setData     session, path, NoNode, WRITE (NoAuth), BadVersion
//	setACL      session, path, InvalidACL, NoNode, ADMIN (NoAuth), BadVersion
//	check       session, path, NoNode, READ (NoAuth), BadVersion
//	deleteContainer  path, NoNode, NotEmpty, BadVersion of an ephemeral; neither
//	            the session nor a permission nor the kind of znode is looked at
//	reconfig    ReconfigDisabled, session, ReconfigInProgress, what Membership
//	            says, WRITE (NoAuth)
//
// The path of a delete is checked only for a slash, NULs and the znodes of the ensemble itself: /a/../b
// is NoNode. The same goes for a create until its parent was found.
//
// # What is not judged here
//
// Only the leader knows what a session may do: see [Request].Refused. For SessionMoved, even as a
// result within a multi, the last stage of Java's servers ends the connection without a reply. Reads
// are judged there, too. Quotas are counted by the tree, and not enforced, as by a server without
// enforceQuota.
//
// # Where it differs from Java's server
//
// In Java's server, the outcome of a request can depend on whether the one before was already applied,
// in ways that no client can rely on: a setACL counts for permissions only from then on, and so does
// the deletion of a session's ephemeral children. Here they count at once. There, a container created
// with the mode of an ephemeral is one until it was applied; here only for the rest of its multi.
// There, a change of "/" itself and a create in it do not see each other while they are under way; here
// they do.
package prep
