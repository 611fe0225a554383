package subjects

// Fencer is a hold that has a fencing token, which rises with every grant. Without it the
// fencing property is not checked. Fence is called while the hold is held.
type Fencer interface{ Fence() int64 }

// Holder says when a hold is lost. The channel belongs to the present hold, and is closed when the
// hold is lost. Lost is safe for concurrent use.
type Holder interface{ Lost() <-chan struct{} }

// Owner returns the session that owns the present hold's znode. It is called while the hold
// is held.
type Owner interface{ Session() int64 }
