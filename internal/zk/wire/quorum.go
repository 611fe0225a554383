package wire

// This file says what a reply proves. The rules follow the server's request pipeline: a write goes to
// the leader, whose first stage checks the session and then the tree; a request that it refuses there
// becomes an error transaction, which is proposed, committed by a quorum and answered like any other. A
// read, a ping and sync are answered without a quorum.

// ProvesAlive reports whether a reply with this code to a request of this type proves that a quorum
// committed a transaction for it, and that the session of the request was alive when the request was
// sent: the leader looked the session up before. A reply to closeSession does not prove this, since
// closeSession also succeeds if the session is already dead.
//
// For a multi that failed, a server answers OK in the header and the reason in
// the body: pass [MultiResult] of the body.
func ProvesAlive(op Op, err Code) bool {
	switch op {
	case Create, Create2, CreateContainer, CreateTTL, Delete, SetData, SetACL, Check, Multi:
		return err == OK || treeError(err)
	case Reconfig:
		return err == OK
	}
	return false
}

// treeError reports whether the leader finds this error by looking at the tree, after it found the session
// alive. All other errors are no evidence: some come from the server that the client is connected to (auth
// failed, not read-only, throttled), some mean that the session is gone or has moved, and some (bad
// arguments, marshalling error, unimplemented) the leader can find before it looks at the session.
func treeError(err Code) bool {
	switch err {
	case NoNode, NoAuth, BadVersion, NoChildrenForEphemerals, NodeExists, NotEmpty, InvalidACL, QuotaExceeded:
		return true
	}
	return false
}
