package evidence

import (
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// enoughFailed is how many operations must have failed to suggest that none can succeed. The events
// that show a violation are fewer.
const enoughFailed = 10

// NeverWorked explains that no operation of the whole record succeeded, and with which error they
// failed from the beginning: "every acquire failed (216), the first at 0.120 s, 214 times with: zk:
// node does not exist". It returns "" if one succeeded, if few were tried, or if the first one
// failed for lack of time.
//
// Such a subject may be right: its znode does not exist, or it lacks permissions. So nothing that
// it refuses is a violation.
func (a *Record) NeverWorked() string {
	var first *history.Operation
	failed := 0
	said := map[string]int{}
	same := true // kind of operation
	for _, k := range a.Keys {
		for op := range k.EachOp() {
			if a.Object.Operation(op.F).Local || op.Return == nil {
				continue
			}
			if op.Outcome() == history.OK {
				return ""
			}
			failed++
			said[reasonOf(op)]++
			same = same && (first == nil || op.F == first.F)
			if first == nil || op.Return.Time < first.Return.Time {
				of, done := *op, *op.Return // the next operation may reuse their memory
				of.Return = &done
				first = &of
			}
		}
	}
	if failed < enoughFailed || !ofItself(first) {
		return ""
	}
	what := "operation"
	if same {
		what = first.F
	}
	often := prose.Times(said[reasonOf(first)])
	if said[reasonOf(first)] == failed {
		often = "each time"
	}
	return fmt.Sprintf("every %s failed (%d), the first at %.3f s, %s with: %s", what, failed, first.Return.Time.Seconds(), often, first.Return.Error.Message)
}

// reasonOf returns the reason of an operation's failure: the code if it has one of its own, since messages
// name keys.
func reasonOf(op *history.Operation) string {
	switch e := op.Return.Error; {
	case e == nil:
		return ""
	case e.Code == history.CodeError:
		return e.Message
	default:
		return e.Code
	}
}

// ofItself reports whether the subject gave the reason, and not the time limit.
func ofItself(op *history.Operation) bool {
	e := op.Return.Error
	return e != nil && e.Code != history.CodeTimeout && e.Code != history.CodeCancelled && e.Code != history.CodeProcess
}
