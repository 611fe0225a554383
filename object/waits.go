package object

// Waits declares that the operation may have to wait for another client, which may be dead: for example
// for an item that a client has claimed with an ephemeral znode, until the session of that client ends.
// An answer without an item, or an error, then proves nothing for as long as a dead session can last.
// So after the load, clients call the take of a [Queue] until it returns no item, wait for longer than
// that (docs/checking.md, "Three verdicts"), and each calls it again: only those answers show that the
// queue is empty. Faults that hit a waiting client may hit one in this operation.
//
// The operation that begins an [Exclusive] hold is always treated as waiting.
func (o *Op[S, A, R]) Waits() *Op[S, A, R] { o.waits = true; return o }

// Unbounded declares that a call may go on after its context has ended. Every other call must return then: that is the
// property returns (docs/checking.md). A client whose call does not return calls nothing more, so that it tests less.
func (o *Op[S, A, R]) Unbounded() *Op[S, A, R] { o.unbounded = true; return o }
