package object

// Waits declares that the operation may have to wait for another client, which may be dead: for an item that a client has
// claimed with an ephemeral znode, say, until the session of that client ends. That it gave nothing, or gave up, then
// proves nothing as long as a dead session can last. So after the load clients call the take of a [Queue] until it gives
// nothing, wait for longer than that (docs/checking.md, "Three verdicts"), and call it again, each of them: only what
// it answers then shows that the queue is empty. Faults that hit a client that waits may hit one in this operation.
//
// The operation that begins an [Exclusive] hold waits anyway.
func (o *Op[S, A, R]) Waits() *Op[S, A, R] { o.waits = true; return o }
