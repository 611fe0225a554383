package object

import (
	"fmt"
)

// Cached declares that the operation is read-only, and that a cache answers it, such as a value that a
// watch keeps. Its answer may be old, but
//
//   - it never goes back: it was right at some time that is not before the time of an earlier answer of the operation to
//     the same client, even from an earlier subject of it ([Object.OneSession]). The client's next process, after a crash,
//     starts again without earlier answers.
//   - it is fresh: a change shows at the latest when the client has been connected for as long as a dead session,
//     a reconnect and some slack take (docs/checking.md, "Three verdicts"), after all faults were healed. For a client that
//     is not connected, or connects again, that time starts again.
//
// When the load is over, clients wait for longer than that, and call the operation once more.
func (o *Op[S, A, R]) Cached() *Op[S, A, R] { o.load.Cached, o.reads = true, true; return o }

// ages returns what is wrong with the declared age of the operation's answers.
func (o *operation) ages() error {
	if o.load.Cached && o.plain {
		return fmt.Errorf("operation %q is both Plain and Cached: leave Plain out, unless it reads ZooKeeper itself", o.name)
	}
	return nil
}
